"""The process that parses mails: reads them on its standard input, answers on its standard output, one by one.

It holds no secrets, opens no files but the system's account of its own memory, and talks to nobody. Two seconds of CPU
for one mail or too much memory end it; its parent then keeps that mail unparsed and starts another. It ends by itself
when its parent goes away, and after mails that left it large.
"""

from __future__ import annotations

import gc
import json
import resource
import signal
import sys
from datetime import UTC, datetime
from typing import BinaryIO

from channels.confined import confine
from channels.mail.reading import quarantined, read
from channels.parsing_frames import READY, REQUEST, pack

LARGE = 220 * 1024 * 1024  # bytes held after a mail, beyond which a fresh process takes over
LOOK = 64 * 1024  # bytes of mails after which it is looked what is held
_PAGE = resource.getpagesize()
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)  # the parent puts the true time in


def main() -> None:
    """Serve until the input ends. The one argument is JSON: domains, trusted, cpu (s), memory (bytes)."""
    given = json.loads(sys.argv[1])
    domains, trusted = frozenset(given["domains"]), tuple(given["trusted"])
    _confine(given["memory"])
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    read(b"Subject: =?utf-8?q?warm?=\n\nOn 1 May 2026 at 10:00 a <a@b.example> wrote:\n> up\n", _NEVER)
    gc.freeze()  # what was made until here stays, so that nobody need look at it again
    gc.set_threshold(10_000, 20, 20)
    sink.write(READY)
    sink.flush()
    since_look = 0
    while (request := _next(source)) is not None:
        raw, found = request
        signal.setitimer(signal.ITIMER_PROF, given["cpu"])
        try:
            report = read(raw, _NEVER, domains=domains, trusted_authserv=trusted, found=found)
            frames = pack(report)
        except MemoryError:
            frames = pack(quarantined(raw, _NEVER, "too complex: needs too much memory"))
        signal.setitimer(signal.ITIMER_PROF, 0)
        lengths, said, *files = frames
        # As one: else the file writes the lengths apart before words too long for it, and the door is woken twice.
        sink.write(lengths + said)
        for content in files:
            sink.write(content)
        sink.flush()
        since_look += len(raw)
        if since_look > LOOK:
            since_look = 0
            if _held() > LARGE:
                return


def _next(source: BinaryIO) -> tuple[bytes, str | None] | None:
    head = source.read(REQUEST.size)
    if len(head) < REQUEST.size:
        return None
    length, told = REQUEST.unpack(head)
    raw = source.read(length)
    found = source.read(told) if told else b""
    return (raw, found.decode("ascii") or None) if len(raw) == length and len(found) == told else None


def _held() -> int:
    """Bytes of memory held now; 0 where the system does not tell. (The peak that getrusage tells is no use: on Linux a
    process inherits that of whoever started it.)"""
    try:
        with open("/proc/self/statm", "rb", buffering=0) as account:
            return int(account.read(100).split()[1]) * _PAGE
    except OSError:
        return 0


def _confine(memory: int) -> None:
    """SIGPROF ends the process when a mail's CPU time is up."""
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    confine(memory)


if __name__ == "__main__":
    main()
