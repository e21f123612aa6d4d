"""A name server on loopback, by UDP and TCP on one port: it says what it is given, fails, is slow or is silent."""

from __future__ import annotations

import asyncio
import struct
from dataclasses import dataclass, field
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from dns.rdtypes.ANY.TXT import TXT


@dataclass
class NameServer:
    """`records` are texts by name and kind; `delays` are seconds before an answer; names that are `failing` get
    SERVFAIL, those that are `silent` nothing, and of `garbled` ones what is said makes no sense. `asked` is what was
    asked, `by_tcp` what of it came by TCP.
    """

    ttl: int = 0
    records: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    delays: dict[str, float] = field(default_factory=dict)
    failing: set[str] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)
    garbled: set[str] = field(default_factory=set)
    asked: list[tuple[str, str]] = field(default_factory=list)
    by_tcp: list[str] = field(default_factory=list)
    port: int = 0
    _udp: asyncio.DatagramTransport | None = None
    _tcp: asyncio.Server | None = None

    async def __aenter__(self) -> NameServer:
        loop = asyncio.get_running_loop()
        self._tcp = await asyncio.start_server(self._line, "127.0.0.1", 0)
        self.port = self._tcp.sockets[0].getsockname()[1]
        self._udp, _ = await loop.create_datagram_endpoint(lambda: _Packets(self), ("127.0.0.1", self.port))
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._udp is not None
        assert self._tcp is not None
        self._udp.close()
        self._tcp.close()
        await self._tcp.wait_closed()

    def say(self, name: str, kind: str, *texts: str) -> None:
        self.records[name, kind] = list(texts)

    def answer(self, wire: bytes, by_tcp: bool = False) -> tuple[float, bytes] | None:
        """After how long what is said to a question; None for nothing."""
        query = dns.message.from_wire(wire)
        name, kind = query.question[0].name.to_text(True).lower(), dns.rdatatype.to_text(query.question[0].rdtype)
        self.asked.append((name, kind))
        if by_tcp:
            self.by_tcp.append(name)
        if name in self.silent:
            return None
        response = dns.message.make_response(query)
        texts = self.records.get((name, kind), [])
        if name in self.failing:
            response.set_rcode(dns.rcode.SERVFAIL)
        elif texts:
            data = [_rdata(kind, text) for text in texts]
            response.answer.append(dns.rrset.from_rdata_list(query.question[0].name, self.ttl, data))
        elif not any(known == name for known, _ in self.records):
            response.set_rcode(dns.rcode.NXDOMAIN)
        most = 65_535 if by_tcp else query.payload or 512
        try:
            said = response.to_wire(max_size=most)
        except dns.exception.TooBig:
            response.answer.clear()
            response.flags |= dns.flags.TC
            said = response.to_wire()
        return self.delays.get(name, 0.0), said[: len(said) // 2] if name in self.garbled else said

    async def _line(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        (length,) = struct.unpack(">H", await reader.readexactly(2))
        if answer := self.answer(await reader.readexactly(length), by_tcp=True):
            writer.write(struct.pack(">H", len(answer[1])) + answer[1])
        writer.close()


class _Packets(asyncio.DatagramProtocol):
    def __init__(self, server: NameServer) -> None:
        self._server = server

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, peer: Any) -> None:
        if answer := self._server.answer(data):
            delay, said = answer
            asyncio.get_running_loop().call_later(delay, self._send, said, peer)

    def _send(self, said: bytes, peer: Any) -> None:
        if not self._transport.is_closing():
            self._transport.sendto(said, peer)


def _rdata(kind: str, text: str) -> dns.rdata.Rdata:
    of = dns.rdataclass.IN, dns.rdatatype.from_text(kind)
    if kind == "TXT":
        data = text.encode()
        return TXT(*of, [data[at : at + 255] for at in range(0, len(data), 255)])
    return dns.rdata.from_text(*of, text)
