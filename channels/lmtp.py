"""One conversation with our own mail server by LMTP (RFC 2033): like SMTP, but each recipient gets an answer of their
own after the final dot.

A mail is one report whoever it is to, so all of its recipients get the same answer, in the order in which they were
taken: kept for all of them, or for the server to try again for all of them.
"""

from __future__ import annotations

from typing import Any

from channels.smtp_session import Conversation

_NOT_HERE = "500 5.5.1 this is LMTP, say LHLO"


class LocalConversation(Conversation):
    """One mail server of our own."""

    from_afar = False
    extensions = ("PIPELINING", "ENHANCEDSTATUSCODES")  # RFC 2033 section 5: both are a must

    def __init__(self, door: Any, handler: Any, **settings: Any) -> None:
        super().__init__(door, handler, **{**settings, "ident": "LMTP"})

    async def smtp_LHLO(self, hostname: str | None) -> None:
        await super().smtp_EHLO(hostname)

    async def smtp_EHLO(self, hostname: str | None) -> None:
        self._counted()
        await self.push(_NOT_HERE)

    async def smtp_HELO(self, hostname: str | None) -> None:
        self._counted()
        await self.push(_NOT_HERE)

    async def conclude(self, status: str, recipients: int) -> None:
        for _ in range(recipients):
            await self.push(status)
