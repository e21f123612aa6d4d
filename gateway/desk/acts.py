"""What every verb shares: lock the case, change it and its timeline in one transaction, tell the pages after commit.

`Unknown`, `Taken` and `Refused` are answers to the caller, not faults; when one is raised nothing was changed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from channels.report import Channel
from gateway.jobs import wake
from gateway.record import cases, timeline
from gateway.record.cases import Case
from gateway.record.db import Connection, recordset, statements
from gateway.record.timeline import Actor, Entry
from gateway.runtime import Runtime

CASES, WORK, MESSAGES, REPORTS = (statements(name) for name in ("cases", "work", "messages", "reports"))


class Unknown(Exception):
    """There is no such case, report, agent or queue."""


class Taken(Exception):
    """Another was first."""

    def __init__(self, by: str | None, at: datetime | None) -> None:
        super().__init__(f"taken by {by}")
        self.by, self.at = by, at


class Refused(Exception):
    """What was asked does not fit the state of the case, or fields are missing; `fields` says which and why."""

    def __init__(self, **fields: str) -> None:
        super().__init__(", ".join(f"{name}: {why}" for name, why in fields.items()))
        self.fields: Mapping[str, str] = fields


class Overtaken(Refused):
    """Somebody else has changed the same meanwhile; nothing of theirs was written over."""


@dataclass(slots=True)
class Act:
    """A verb at work on one locked case. `entries` are written to the timeline when the block ends."""

    runtime: Runtime
    conn: Connection
    actor: Actor
    case: Case
    now: datetime
    entries: list[Entry] = field(default_factory=list)

    def tell(self, kind: str, report: int | None = None, **data: Any) -> None:
        """Add a timeline entry."""
        self.entries.append(Entry(self.case.id, kind, self.actor, report, data))

    async def run(self, name: str, **parameters: Any) -> int:
        """Execute a statement of cases.sql or work.sql about this case; returns the number of rows it touched."""
        statement = CASES[name] if name in CASES else WORK[name]
        given = {"case": self.case.id, "now": self.now, **parameters}
        return (await self.conn.execute(statement, given)).rowcount

    async def keep_text(self, kind: str, text: str) -> int:
        """Keep words of an agent apart from the timeline; returns the id that may stand on it."""
        given = {"case": self.case.id, "agent": self.agent, "now": self.now, "kind": kind, "text": text}
        row = await (await self.conn.execute(CASES["add_note"], given)).fetchone()
        assert row is not None
        return int(row["id"])

    async def send(
        self,
        kind: str,
        channel: Channel,
        *,
        report: int | None,
        person: int | None,
        language: str,
        recipient: str | None = None,
        subject: str | None = None,
        text: str | None = None,
        copies: Sequence[str] = (),
    ) -> int:
        """Put one message into the outbox; its words are composed at sending time when `text` is None."""
        row = {
            "case_id": self.case.id,
            "report_id": report,
            "person_id": person,
            "channel": channel,
            "kind": kind,
            "language": language,
            "agent_id": self.agent,
        }
        cursor = await self.conn.execute(MESSAGES["add"], {"rows": recordset([row]), "now": self.now})
        added = await cursor.fetchone()
        assert added is not None
        if text is not None or recipient is not None:
            content = {
                "message_id": added["id"],
                "recipient": recipient,
                "subject": subject,
                "text": text,
                "data": {"copies": copies} if copies else {},
            }
            await self.conn.execute(MESSAGES["add_contents"], {"rows": recordset([content])})
        return int(added["id"])

    async def send_to_reporters(self, kind: str) -> Sequence[int]:
        """Put one message to everybody who reported into the outbox."""
        given = {
            "case": self.case.id,
            "kind": kind,
            "agent": self.agent,
            "now": self.now,
            "person": None,
            "report": None,
        }
        wanted = ("add_to_reporters", "add_to_followers") if kind == "concluded" else ("add_to_reporters",)
        cursors = [await self.conn.execute(MESSAGES[name], given) for name in wanted]
        return [row["id"] for cursor in cursors for row in await cursor.fetchall()]

    async def correct(self, name: str, before: Any, after: Any, report: int | None = None) -> None:
        """Store an agent's correction as a labelled example."""
        given = {
            "now": self.now,
            "agent": self.agent,
            "case": self.case.id,
            "report": report,
            "field": name,
            "before": None if before is None else str(before),
            "after": None if after is None else str(after),
        }
        await self.conn.execute(CASES["add_correction"], given)

    @property
    def agent(self) -> str | None:
        """The agent who acts; None for customers and the system."""
        return self.actor.id if self.actor.kind == "agent" else None


@asynccontextmanager
async def act(runtime: Runtime, actor: Actor, case_id: int) -> AsyncIterator[Act]:
    """Lock a case for one verb. Raises Unknown; Unavailable when the database is away."""
    async with runtime.db.transaction() as conn:
        case = await cases.lock(conn, case_id)
        if case is None or case.merged_into is not None:
            raise Unknown
        deed = Act(runtime, conn, actor, case, await timeline.present(conn, case_id, runtime.clock.now()))
        yield deed
        await timeline.append(conn, deed.entries, deed.now)
        await wake(conn)
    runtime.live.publish({"type": "case", "case": case_id})


def require_open(case: Case) -> None:
    """Raises Refused when the case is concluded or closed."""
    if case.status in ("concluded", "closed"):
        raise Refused(status=f"the case is {case.status}; reopen it first")


def require_unplanned(case: Case) -> None:
    """Raises Refused while a visit is planned: whoever waits for it must not be forgotten."""
    if case.status == "planned":
        raise Refused(visit="a visit is planned; cancel it first")


def require_text(**texts: str) -> None:
    """Raises Refused naming every text that is empty."""
    missing = {name: "must not be empty" for name, text in texts.items() if not text.strip()}
    if missing:
        raise Refused(**missing)
