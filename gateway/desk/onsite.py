"""What was done at a site: a performed visit, the files that go with it, and a visit of which nobody says a word.

A performed visit says what was done, with which parts, and whether everything works; it stands on the service card of
the area from then on.
"""

from __future__ import annotations

from datetime import timedelta

from gateway.desk.acts import Refused, act, require_text
from gateway.desk.visiting import end, open_of
from gateway.record import cards, visits
from gateway.record.timeline import Actor
from gateway.runtime import Runtime

LATE = timedelta(hours=4)  # after the end of a booked visit, without a word of what was done


async def perform_visit(
    runtime: Runtime, actor: Actor, case_id: int, work: str, parts: str, verified: bool
) -> int | None:
    """Say what was done at the site and whether it works now; returns the id on the service card."""
    require_text(work=work)
    async with act(runtime, actor, case_id) as deed:
        open_ = await open_of(deed, None)
        if open_.state != "booked":
            raise Refused(visit="no time was confirmed; book one first")
        await end(deed, open_, "performed", verified)
        card = await cards.write(
            deed.conn,
            deed.case,
            agent=deed.agent,
            now=deed.now,
            work=work,
            parts=parts,
            visit=open_.id,
            verified=verified,
        )
        deed.tell("visit_performed", visit=open_.id, verified=verified, card=card)
    return card


async def lapse_visit(runtime: Runtime, actor: Actor, case_id: int, visit: int) -> None:
    """End a visit that nobody confirmed in time or reported on: the case is work again."""
    async with act(runtime, actor, case_id) as deed:
        open_ = await visits.open_visit(deed.conn, case_id)
        if open_ is None or open_.id != visit:
            return
        last = open_.ends_at + LATE if open_.ends_at else max(time.starts_at for time in open_.times)
        if last > deed.now:
            return
        await end(deed, open_, "lapsed")
        deed.tell("visit_lapsed", visit=visit, because="unreported" if open_.ends_at else "unanswered")


async def add_document(runtime: Runtime, actor: Actor, case_id: int, name: str, media_type: str, content: bytes) -> int:
    """Put a file beside a case: onto its open visit, if there is one. Raises BlobsUnavailable; then nothing is kept."""
    if not content:
        raise Refused(content="the file is empty")
    digest = await runtime.blobs.keep(content)
    async with act(runtime, actor, case_id) as deed:
        visit = await visits.open_visit(deed.conn, case_id)
        given = {
            "case": case_id,
            "visit": visit.id if visit else None,
            "agent": deed.agent,
            "now": deed.now,
            "name": name[:200],
            "media_type": media_type,
            "size": len(content),
            "digest": digest,
        }
        row = await (await deed.conn.execute(cards.SQL["add_document"], given)).fetchone()
        assert row is not None
        deed.tell("document_added", document=row["id"], bytes=len(content), **({"visit": visit.id} if visit else {}))
    return int(row["id"])
