"""Whether a case that we think is solved is: a reporter's yes by key or by text, outside of the page behind their link.

A no is a report of its own, which its flag makes open the case again: it is kept wherever a report is kept.
"""

from __future__ import annotations

from datetime import datetime

from channels.report import Unconfirmed
from gateway import desk
from gateway.messages.threads import reply_token
from gateway.record.db import statements
from gateway.runtime import Runtime

SQL = statements("confirmations")


class Conclusions:
    """`Conclusions` of answers, over the record. Raises Unavailable, and Unknown."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def asked(self, phone: str, at: datetime) -> Unconfirmed | None:
        rows = await self._runtime.db.rows(SQL["asked"], {"phone": phone, "at": at})
        if len(rows) != 1:
            return None
        (row,) = rows
        return Unconfirmed(row["report_id"], reply_token(self._runtime.config.secret_keys, row["case_id"]))

    async def confirm(self, report: int, at: datetime, by: str) -> None:
        """A reporter's yes of a moment; whoever says it again, or too late, or before the case was concluded again,
        changes nothing."""
        row = await self._runtime.db.row(SQL["case_of"], {"report": report, "at": at})
        if row is None:
            raise desk.Unknown
        if not row["overtaken"]:
            await desk.confirm(self._runtime, desk.CUSTOMER, row["case_id"], True, report, by)
