"""The process that checks where mails come from: reads them on its standard input, answers on its standard output.

Each is answered as it gets done, others meanwhile. It holds no secrets and opens no files but its libraries' and the
system's account of name servers. It ends by itself when its parent goes away.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import signal
import sys
from typing import Any

from channels.confined import confine
from channels.vouching.checking import check
from channels.vouching.dmarc_check import organisation
from channels.vouching.frames import READY, REQUEST, answered, origin_of
from channels.vouching.header import written
from channels.vouching.names import Names


def main() -> None:
    """Serve until the input ends. The one argument is JSON: server (our name), servers (address and port), within (s),
    memory (bytes)."""
    given = json.loads(sys.argv[1])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    confine(given["memory"])
    organisation("example.org")  # reads the list
    gc.freeze()
    asyncio.run(_serve(given))


async def _serve(given: dict[str, Any]) -> None:
    names = Names([(address, port) for address, port in given["servers"]])
    source, sink = await _pipes()
    under_way: set[asyncio.Task[None]] = set()

    async def answer(number: int, said: bytes, raw: bytes) -> None:
        findings = await check(raw, origin_of(said), names, given["within"])
        sink.write(answered(number, written(given["server"], findings)))

    sink.write(READY)
    with contextlib.suppress(asyncio.IncompleteReadError):
        while True:
            number, said, length = REQUEST.unpack(await source.readexactly(REQUEST.size))
            task = asyncio.create_task(answer(number, await source.readexactly(said), await source.readexactly(length)))
            under_way.add(task)
            task.add_done_callback(under_way.discard)


async def _pipes() -> tuple[asyncio.StreamReader, asyncio.WriteTransport]:
    loop = asyncio.get_running_loop()
    source = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(source), sys.stdin.buffer)
    sink, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, sys.stdout.buffer)
    return source, sink


if __name__ == "__main__":
    main()
