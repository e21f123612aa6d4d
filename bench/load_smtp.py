"""A load generator in a process of its own: so many mails over so many SMTP sessions, as fast as they are taken.

`python -m bench.load_smtp PORT SESSIONS MAILS SEED PERSONS` prints JSON: seconds, mails, refused, and the times from
the final dot to the answer in milliseconds (p50, p99, max). The mails are made before the clock starts.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections.abc import Generator
from typing import cast

import uvloop

from bench.mails import mail

RECIPIENT = "support@support.example"


class Session(asyncio.Protocol):
    """One SMTP client that hands over its mails one after the other on one connection."""

    def __init__(self, mails: list[tuple[str, bytes]], done: asyncio.Future[None]) -> None:
        self.taken = 0
        self.waits: list[float] = []
        self._done = done
        self._dialogue = self._talk(mails)
        next(self._dialogue)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        last = data.rstrip(b"\r\n").rpartition(b"\n")[2]
        if last[3:4] != b"-":
            try:
                self._transport.write(self._dialogue.send(last[:3]))
            except StopIteration:
                self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if not self._done.done():
            self._done.set_result(None)

    def _talk(self, mails: list[tuple[str, bytes]]) -> Generator[bytes, bytes, None]:
        """What to say next, given the code of the last answer."""
        yield b""
        yield b"EHLO load.example\r\n"
        for sender, content in mails:
            yield f"MAIL FROM:<{sender}>\r\n".encode()
            yield f"RCPT TO:<{RECIPIENT}>\r\n".encode()
            yield b"DATA\r\n"
            began = time.perf_counter()
            self.taken += (yield content + b".\r\n") == b"250"
            self.waits.append(time.perf_counter() - began)
        yield b"QUIT\r\n"


async def run(port: int, sessions: int, mails: int, seed: int, persons: int) -> dict[str, float]:
    rng = random.Random(seed)
    made = [mail(rng, RECIPIENT, persons) for _ in range(mails)]
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    endings: list[asyncio.Future[None]] = [loop.create_future() for _ in range(sessions)]
    clients = [Session(made[nth::sessions], done) for nth, done in enumerate(endings)]
    for client in clients:
        await loop.create_connection(lambda client=client: client, "127.0.0.1", port)  # type: ignore[misc]
    await asyncio.gather(*endings)
    seconds = time.perf_counter() - began
    waits = sorted(wait * 1000 for client in clients for wait in client.waits)
    return {
        "seconds": seconds,
        "mails": sum(client.taken for client in clients),
        "refused": mails - sum(client.taken for client in clients),
        "p50": waits[len(waits) // 2],
        "p99": waits[len(waits) * 99 // 100],
        "max": waits[-1],
    }


if __name__ == "__main__":
    print(json.dumps(uvloop.run(run(*map(int, sys.argv[1:])))))
