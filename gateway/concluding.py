"""Whether a case that we think is solved is: a reporter's yes by key or by text, outside of the page behind their link.

A no is a report of its own, which its flag makes open the case again: it is kept wherever a report is kept.
"""

from __future__ import annotations

from gateway import desk
from gateway.record.db import statements
from gateway.runtime import Runtime

SQL = statements("confirmations")


async def confirm(runtime: Runtime, report: int, by: str) -> None:
    """A reporter's yes; whoever says it again, or too late, changes nothing. Raises Unknown, Unavailable."""
    row = await runtime.db.row(SQL["case_of"], {"report": report})
    if row is None:
        raise desk.Unknown
    await desk.confirm(runtime, desk.CUSTOMER, row["case_id"], True, report, by)
