"""Files of reports, by the SHA-256 of their content; the pictures made of them; and HTML mails as they came."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from gateway.record.db import Database, statements

SQL = statements("attachments")


async def known(db: Database, case: int, digests: Sequence[bytes]) -> set[bytes]:
    """Those of the digests that a case already has a file for."""
    if not digests:
        return set()
    return {bytes(row["sha256"]) for row in await db.rows(SQL["known"], {"case": case, "digests": list(digests)})}


async def picture(db: Database, source: str, width: int) -> str | None:
    """The digest of a picture made of a file; empty when none can be made, None when nobody tried."""
    row = await db.row(SQL["picture"], {"source": source, "width": width})
    return (row["sha256"] or "") if row else None


async def keep_picture(db: Database, source: str, width: int, digest: str | None, now: datetime) -> None:
    await db.run(SQL["keep_picture"], {"source": source, "width": width, "sha256": digest, "now": now})


async def html(db: Database, report: int) -> tuple[str, str] | None:
    """The HTML of a mail, as it came: never to be shown unsanitised; and its text with all quotes."""
    row = await db.row(SQL["html"], {"report": report})
    return (row["html"], row["text"]) if row else None
