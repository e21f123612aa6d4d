"""The reference peers, each a process of its own on the same event loop library as the product.

`python -m bench.peers sink PORT DIR`: aiosmtpd that parses nothing and adds each mail to a Maildir, which fsyncs it,
before it answers 250. `python -m bench.peers hello PORT`: bare aiohttp that answers every POST with "hello".
"""

from __future__ import annotations

import asyncio
import mailbox
import sys

import uvloop
from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session


class Sink:
    def __init__(self, folder: str) -> None:
        self._maildir = mailbox.Maildir(folder)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        self._maildir.add(envelope.content)
        return "250 OK"


async def sink(port: int, folder: str) -> None:
    loop = asyncio.get_running_loop()
    handler = Sink(folder)
    server = await loop.create_server(lambda: SMTP(handler, hostname="sink.example"), "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


async def hello(port: int) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(text="hello")

    app = web.Application()
    app.router.add_post("/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    if sys.argv[1] == "sink":
        uvloop.run(sink(int(sys.argv[2]), sys.argv[3]))
    else:
        uvloop.run(hello(int(sys.argv[2])))
