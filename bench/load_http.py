"""A load generator in a process of its own: callers whose every key is a signed webhook.

`python -m bench.load_http open PORT RATE REQUESTS SEED` sends at a fixed rate whatever comes back, one by one, each
caller's turns some 0.2 s apart, and times every request from when it was due. `… crowd PORT CALLS BETWEEN SEED` is so
many callers at once, who press something every BETWEEN seconds. `… closed PORT CONNECTIONS SECONDS SEED` sends the
next turn as soon as the last was answered. Prints JSON: requests, errors (no 200), held (only a holding sentence that
comes back to the same turn), seconds, and milliseconds p50, p99, max.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from typing import cast
from urllib.parse import urlencode

import uvloop

from bench.house import NUMBER, SECRET

BETWEEN = 0.2  # seconds between a caller's turns, about
HELD = 1  # in place of a status
ACCOUNT = "AC" + "0" * 32


class Connection(asyncio.Protocol):
    """HTTP/1.1 with one request at a time; `ask` returns the status, or HELD."""

    def __init__(self) -> None:
        self._buffer = b""
        self._answer: asyncio.Future[int] | None = None
        self._again = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, separator, body = self._buffer.partition(b"\r\n\r\n")
        if not separator:
            return
        lowered = head.lower()
        at = lowered.find(b"content-length:")
        length = int(lowered[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(body) >= length and self._answer:
            self._buffer = body[length:]
            self._answer.set_result(HELD if self._again in body else int(head[9:12]))
            self._answer = None

    def connection_lost(self, error: Exception | None) -> None:
        if self._answer:
            self._answer.set_result(0)
            self._answer = None

    def ask(self, request: bytes) -> asyncio.Future[int]:
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        if self.transport.is_closing():
            answer.set_result(0)
        else:
            self._answer = answer
            turn = request.split(b" ", 2)[1].rpartition(b"/")[2]
            self._again = b"/twilio/voice/%s<" % (turn if turn.isdigit() else b"0")
            self.transport.write(request)
        return answer


def walk(rng: random.Random, port: int) -> Iterator[bytes]:
    """The signed requests of one whole call: language, danger, charger, what is wrong in words, number, goodbye."""
    sid = f"CA{rng.getrandbits(128):032x}"
    keys = ("", "2", "2", "1", str(rng.randrange(30000, 32000)), "1", "9", "speech", "1", "3")
    caller = f"+4670{rng.randrange(10_000_000):07d}"
    for turn, key in enumerate(keys):
        fields = {
            "AccountSid": ACCOUNT,
            "ApiVersion": "2010-04-01",
            "CallSid": sid,
            "CallStatus": "in-progress" if turn else "ringing",
            "Called": NUMBER,
            "Caller": caller,
            "Direction": "inbound",
            "From": caller,
            "FromCountry": "SE",
            "To": NUMBER,
            "ToCountry": "SE",
        }
        if key == "speech":
            fields |= {"SpeechResult": "It blinks red and will not start charging my car", "Confidence": "0.91"}
        elif key:
            fields |= {"Digits": key, "FinishedOnKey": ""}
        path = f"/twilio/voice/{turn}" if turn else "/twilio/voice"
        yield _request(port, path, fields)


def _request(port: int, path: str, fields: dict[str, str]) -> bytes:
    signed = f"http://127.0.0.1:{port}{path}" + "".join(f"{name}{fields[name]}" for name in sorted(fields))
    signature = base64.b64encode(hmac.digest(SECRET.encode(), signed.encode(), hashlib.sha1)).decode()
    body = urlencode(fields).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nX-Twilio-Signature: {signature}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Pool:
    """Kept-alive connections, as many as are needed at once."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[Connection] = []

    async def ask(self, request: bytes) -> int:
        if self._idle:
            connection = self._idle.pop()
        else:
            loop = asyncio.get_running_loop()
            _, connection = await loop.create_connection(Connection, "127.0.0.1", self._port)
        status = await connection.ask(request)
        if status:
            self._idle.append(connection)
        return status


async def open_loop(port: int, rate: float, requests: int, seed: int) -> dict[str, float]:
    """Callers begin at an even pace, and no two requests are due at once; those due before all turns overlap, or after,
    are sent and not counted."""
    rng = random.Random(seed)
    turns = len(list(walk(rng, port)))
    between = (turns * max(1, round(BETWEEN * rate / turns)) + 1) / rate  # a caller's next turn falls between others'
    lead = between * (turns - 1)
    calls = int(rate * (lead + requests / rate + lead) / turns)
    plan = sorted(
        (call * turns / rate + nth * between, request)
        for call in range(calls)
        for nth, request in enumerate(walk(rng, port))
    )
    return await _send(port, plan, (lead, lead + requests / rate))


async def crowd(port: int, calls: int, between: float, seed: int) -> dict[str, float]:
    """All callers are on the line together: each begins within the first `between` seconds. Everything counts."""
    rng = random.Random(seed)
    plan = sorted(
        (call * between / calls + nth * between, request)
        for call in range(calls)
        for nth, request in enumerate(walk(rng, port))
    )
    return await _send(port, plan, (0.0, plan[-1][0] + 1))


async def _send(port: int, plan: list[tuple[float, bytes]], counted: tuple[float, float]) -> dict[str, float]:
    """Send each request when it is due, whatever became of the others."""
    pool, waits, bad = Pool(port), list[float](), Counter[int]()
    tasks: set[asyncio.Task[None]] = set()
    began = time.perf_counter()

    async def send(due: float, request: bytes, counts: bool) -> None:
        status = await pool.ask(request)
        if counts:
            waits.append(time.perf_counter() - began - due)
            bad[status] += status != 200

    for due, request in plan:
        ahead = due - (time.perf_counter() - began)
        if ahead > 0:
            await asyncio.sleep(ahead)
        task = asyncio.create_task(send(due, request, counted[0] <= due < counted[1]))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)
    return _figures(waits, bad, counted[1] - counted[0])


async def closed_loop(port: int, connections: int, seconds: float, seed: int) -> dict[str, float]:
    rng = random.Random(seed)
    waits: list[float] = []
    bad: Counter[int] = Counter()
    end = time.perf_counter() + seconds

    async def caller() -> None:
        pool = Pool(port)
        while True:
            for request in walk(rng, port):
                began = time.perf_counter()
                if began > end:
                    return
                status = await pool.ask(request)
                bad[status] += status != 200
                waits.append(time.perf_counter() - began)

    await asyncio.gather(*(caller() for _ in range(connections)))
    return _figures(waits, bad, seconds)


def _figures(waits: list[float], bad: Counter[int], seconds: float) -> dict[str, float]:
    ordered = sorted(wait * 1000 for wait in waits)
    return {
        "requests": len(ordered),
        "errors": bad.total() - bad[HELD],
        "held": bad[HELD],
        "seconds": seconds,
        "p50": ordered[len(ordered) // 2],
        "p99": ordered[len(ordered) * 99 // 100],
        "max": ordered[-1],
    }


def main() -> None:
    kind, port, first, second, seed = sys.argv[1:]
    if kind == "open":
        found = uvloop.run(open_loop(int(port), float(first), int(second), int(seed)))
    elif kind == "crowd":
        found = uvloop.run(crowd(int(port), int(first), float(second), int(seed)))
    else:
        found = uvloop.run(closed_loop(int(port), int(first), float(second), int(seed)))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
