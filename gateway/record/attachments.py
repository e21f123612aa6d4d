"""Files of reports, by the SHA-256 of their content."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.record.db import Database, statements

SQL = statements("attachments")


async def known(db: Database, case: int, digests: Sequence[bytes]) -> set[bytes]:
    """Those of the digests that a case already has a file for."""
    if not digests:
        return set()
    return {bytes(row["sha256"]) for row in await db.rows(SQL["known"], {"case": case, "digests": list(digests)})}
