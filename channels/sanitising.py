"""HTML mails are sanitised by a process of its own: a hostile one costs some seconds of that, and none of the web's.

`shown` never raises: what is nested too deep, takes too long or outgrows the memory gives None.
"""

from __future__ import annotations

import asyncio

from channels.child import answered

SECONDS = 4.0
AT_ONCE = 2  # processes


class Sanitising:
    """At most a few processes at a time; the other mails wait."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def shown(self, source: str, remote: bool) -> str | None:
        """What `channels.mail.sanitise` makes of a document; None when nothing can be made."""
        async with self._turns:
            given = source.encode(errors="replace")
            markup = await answered("channels.sanitising_worker", "remote" if remote else "", given, SECONDS)
        return markup.decode() if markup is not None else None
