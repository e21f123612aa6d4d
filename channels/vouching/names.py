"""What the domain name system says: bounded answers, kept for as long as it says, and never an exception.

An answer that does not come in time, or that is a server's failure, is itself an answer (`temperror`); one that is
larger than anything honest is another (`permerror`).
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dns.asyncbackend import get_backend
from dns.asyncresolver import Resolver
from dns.exception import DNSException
from dns.nameserver import Do53Nameserver
from dns.resolver import NXDOMAIN, Answer

TRY = 1.5  # seconds for one question to one server
PACKET = 1232  # bytes by UDP; what is longer comes by TCP
RECORDS, BYTES = 100, 16 * 1024  # of one answer
KEPT = 4096  # answers
LONGEST, UNSAID, FAILED = 3600.0, 60.0, 5.0  # seconds an answer is kept: at most, that there is no such name, failures
QUESTIONS = 60  # of one mail


@dataclass(frozen=True, slots=True)
class Said:
    """The records of a name: text as bytes, addresses and names as text, exchanges with their preference. `failed` is
    empty, `temperror` or `permerror`."""

    records: tuple[Any, ...] = ()
    failed: str = ""


LATE = Said(failed="temperror")
TOO_MUCH = Said(failed="permerror")


class Names:
    """Asks these servers (address and port), or those of the system. Raises DNSException when there are none."""

    def __init__(self, servers: Sequence[tuple[str, int]] = ()) -> None:
        self._resolver = Resolver(configure=not servers)
        if servers:
            self._resolver.nameservers = [Do53Nameserver(address, port) for address, port in servers]
        self._resolver.timeout = TRY
        self._resolver.use_edns(0, 0, PACKET)
        self._backend = get_backend("asyncio")
        self._kept: OrderedDict[tuple[str, str], tuple[float, Said]] = OrderedDict()

    async def ask(self, name: str, kind: str, within: float) -> Said:
        """What is said of a name (lower case, no final dot), within so many seconds."""
        loop = asyncio.get_running_loop()
        kept = self._kept.get((name, kind))
        if kept and kept[0] > loop.time():
            return kept[1]
        said, lasts = await self._asked(name, kind, within)
        if lasts > 0:
            self._kept[name, kind] = loop.time() + lasts, said
            self._kept.move_to_end((name, kind))
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return said

    async def _asked(self, name: str, kind: str, within: float) -> tuple[Said, float]:
        try:
            async with asyncio.timeout(within):
                answer = await self._resolver.resolve(
                    name, kind, raise_on_no_answer=False, lifetime=within, search=False, backend=self._backend
                )
        except NXDOMAIN:
            return Said(), UNSAID
        except (DNSException, OSError, TimeoutError, ValueError):
            return LATE, FAILED
        lasts = min(float(answer.chaining_result.minimum_ttl), LONGEST)
        return _measured(answer, kind), lasts


class Asking:
    """The questions of one mail: so many at most, and none after its time is up (on the loop's clock)."""

    def __init__(self, names: Names, until: float) -> None:
        self._names, self._until = names, until
        self.known: dict[tuple[str, str], Said] = {}

    async def ask(self, name: str, kind: str) -> Said:
        key = name.lower().removesuffix("."), kind
        if key not in self.known:
            left = self._until - asyncio.get_running_loop().time()
            may_ask = left > 0 and len(self.known) < QUESTIONS
            self.known[key] = await self._names.ask(*key, left) if may_ask else LATE
        return self.known[key]


def _measured(answer: Answer, kind: str) -> Said:
    if answer.rrset is None:
        return Said()
    records = tuple(_record(data, kind) for data in answer.rrset)
    size = sum(len(record[-1]) if isinstance(record, tuple) else len(record) for record in records)
    return Said(records) if len(records) <= RECORDS and size <= BYTES else TOO_MUCH


def _record(data: Any, kind: str) -> Any:
    if kind == "TXT":
        return b"".join(data.strings)
    if kind == "MX":
        return data.preference, data.exchange.to_text(True)
    return data.target.to_text(True) if kind == "PTR" else data.address
