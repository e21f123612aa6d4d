"""A mailbox on an IMAP server of its own, into which mails are put while the product reads it.

Putting a mail there is the sender's promise: whatever the mailbox has taken must be read, once, however often the
reader dies.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from gateway.hosting.ports import unclaimed
from tests.fakes.product import eventually
from tests.faults.ledger import Result
from tests.faults.tellings import Telling

USER, PASSWORD = "reader", "reader-of-the-mailbox"


@dataclass(frozen=True)
class Mailbox:
    port: int

    @property
    def url(self) -> str:
        return f"imap://{USER}:{PASSWORD}@127.0.0.1:{self.port}/INBOX"


@asynccontextmanager
async def mailbox_server() -> AsyncIterator[Mailbox]:
    """pymap with one empty mailbox in memory."""
    mailbox = Mailbox(unclaimed())
    where = ["--host", "127.0.0.1", "--port", str(mailbox.port), "--no-tls"]
    who = ["dict", "--demo-user", USER, "--demo-password", PASSWORD]
    main = "from pymap.main import main; main()"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", main, *where, *who)
    try:
        assert await asyncio.to_thread(eventually, lambda: _answers(mailbox.port), 20.0)
        yield mailbox
    finally:
        process.kill()
        await process.wait()


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


@dataclass
class MailboxDoor:
    """Puts each mail into the mailbox with APPEND (RFC 9051, 6.3.12)."""

    mailbox: Mailbox
    recipient: str

    async def tell(self, telling: Telling) -> Result:
        mail = telling.mail(self.recipient).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        try:
            async with asyncio.timeout(20):
                reader, writer = await asyncio.open_connection("127.0.0.1", self.mailbox.port)
                try:
                    await _said(reader, b"* OK")
                    writer.write(f"a LOGIN {USER} {PASSWORD}\r\n".encode())
                    await _said(reader, b"a OK")
                    writer.write(f"b APPEND INBOX {{{len(mail)}}}\r\n".encode())
                    await _said(reader, b"+")
                    writer.write(mail + b"\r\n")
                    await _said(reader, b"b OK")
                finally:
                    writer.transport.abort()
        except (OSError, EOFError, TimeoutError, ValueError) as error:
            return Result("fail", 0, f"{type(error).__name__}: {error}")
        return Result("ok", 200)


async def _said(reader: asyncio.StreamReader, wanted: bytes) -> None:
    while line := await reader.readline():
        if line.startswith(wanted):
            return
        if not line.startswith(b"*"):
            raise ValueError(line.decode(errors="replace"))
    raise EOFError
