"""The mail door on the loop that the product runs on."""

from __future__ import annotations

import asyncio

import aiosmtplib
import uvloop

from channels.parsing import Parsers
from tests.fakes.mail import Shelf
from tests.stories.test_smtp_door import MAIL, US, certificate, door, send, trusting


def test_the_door_works_on_the_quick_loop() -> None:
    async def whole() -> None:
        pool, shelf = Parsers(), Shelf()
        await pool.start()
        async with door(shelf, pool, tls_context=certificate()) as port:
            client = aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=True, tls_context=trusting())
            async with client:
                await client.sendmail("anna@example.org", US, MAIL)
            await send(port, MAIL)
        await pool.stop()
        assert len(shelf.seen) == 2

    uvloop.run(asyncio.wait_for(whole(), 30))
