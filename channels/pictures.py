"""Pictures drawn anew by a process of its own: smaller, and without what the camera or the sender put into them.

`redrawn` never raises: what is no picture, too large, or takes too long gives None, and the file is kept as it came.
"""

from __future__ import annotations

import asyncio
import contextlib

from channels.child import started

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
            try:
                return await _draw(content, width)
            except OSError:
                return None


async def _draw(content: bytes, width: int) -> bytes | None:
    process = await started("channels.pictures_worker", str(width))
    try:
        drawn, _ = await asyncio.wait_for(process.communicate(content), SECONDS)
    except TimeoutError:
        return None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return drawn if process.returncode == 0 and drawn.startswith(b"\xff\xd8\xff") else None
