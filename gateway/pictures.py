"""Pictures of reports as they may be shown: drawn anew once, kept in the blob store beside the file they are made of.

What cannot be drawn is remembered as such. Raises BlobsUnavailable and Unavailable when a store is away.
"""

from __future__ import annotations

from channels.pictures import Pictures
from gateway.record import attachments
from gateway.runtime import Runtime

WIDTHS = (320, 1600)
KINDS = ("image/png", "image/jpeg", "image/gif", "image/webp")


async def shown(runtime: Runtime, pictures: Pictures, source: str, width: int) -> bytes | None:
    """The picture under the digest `source` at one of WIDTHS; None when there is none to show."""
    known = await attachments.picture(runtime.db, source, width)
    if known is not None and (known == "" or (kept := await runtime.blobs.read(known)) is not None):
        return kept if known else None
    content = await runtime.blobs.read(source)
    if content is None:
        return None
    drawn = await pictures.redrawn(content, width)
    digest = await runtime.blobs.keep(drawn) if drawn else None
    await attachments.keep_picture(runtime.db, source, width, digest, runtime.clock.now())
    return drawn
