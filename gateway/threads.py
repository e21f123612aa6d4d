"""Which case a message says it belongs to, as far as that can be believed.

In order: a signed reply token (whoever holds it was written to by us), one of our own signed Message-IDs among the
references, and a case number in the subject together with a participant's address. A number alone never opens a case to
a stranger: it becomes a mention, and the new case is linked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from channels.report import Report
from gateway.casenumber import parse
from gateway.record.db import Connection, statements

SQL = statements("reports")


@dataclass(frozen=True, slots=True)
class Reference:
    """`case` is proven to be meant, `how` says by what; `mentions` are existing cases that were only named."""

    case: int | None = None
    how: str = ""
    mentions: tuple[int, ...] = ()


async def resolve_references(conn: Connection, reports: Sequence[Report]) -> list[Reference]:
    """One reference for each report; reads the database only for reports that refer to something."""
    return [
        await _resolve(conn, r) if r.thread.token or r.thread.references or r.thread.subject else Reference()
        for r in reports
    ]


def _refers(report: Report) -> bool:
    thread = report.thread
    return bool(thread.token or thread.references or thread.subject)


async def _resolve(conn: Connection, report: Report) -> Reference:
    thread = report.thread
    by_token = int(thread.token) if thread.token and thread.token.isdecimal() else None
    by_message = next((int(r) for r in thread.references if r.isdecimal()), None)
    by_subject = parse(thread.subject) if thread.subject else None
    named = [case for case in (by_token, by_message, by_subject) if case is not None]
    cursor = await conn.execute(SQL["existing_cases"], {"cases": named})
    existing = {row["id"] for row in await cursor.fetchall()}
    if by_token in existing:
        return Reference(by_token, "reply_token")
    if by_message in existing:
        return Reference(by_message, "reply_reference")
    if by_subject is not None and by_subject in existing:
        addresses = [a for a in (report.sender.email, report.sender.phone) if a]
        row = await (await conn.execute(SQL["participant"], {"case": by_subject, "addresses": addresses})).fetchone()
        if row and row["participant"]:
            return Reference(by_subject, "number_and_participant")
        return Reference(mentions=(by_subject,))
    return Reference()
