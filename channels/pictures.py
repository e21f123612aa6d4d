"""Pictures drawn anew by a process of its own: smaller, and without what the camera or the sender put into them.

`redrawn` never raises: what is no picture, too large, or takes too long gives None, and the file is kept as it came.
"""

from __future__ import annotations

import asyncio

from channels.child import answered

LARGEST = 32 * 1024 * 1024  # bytes of a picture that is looked at
SECONDS = 8.0
AT_ONCE = 2  # processes


class Pictures:
    """At most a few processes at a time draw; the others wait."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def redrawn(self, content: bytes, width: int) -> bytes | None:
        """A JPEG at most `width` pixels wide and high, upright; None when none can be made."""
        if not content or len(content) > LARGEST:
            return None
        async with self._turns:
            drawn = await answered("channels.pictures_worker", str(width), content, SECONDS)
        return drawn if drawn is not None and drawn.startswith(b"\xff\xd8\xff") else None
