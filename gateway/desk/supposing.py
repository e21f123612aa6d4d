"""What may be wrong by the words of those who reported a case, and what is not done from afar because of them.

Worked out where a case is shown and where an act is asked for, and stored nowhere.
"""

from __future__ import annotations

from channels.report import RemoteAct
from gateway.record import cases
from gateway.record.cases import Case
from gateway.runtime import Runtime
from routing.facts import read_meant
from routing.supposing import Supposed, suppose
from routing.values import Category, Said

READ = 5  # reports of a case; a hundred people say the same of one fault
LIVE = (RemoteAct.RESTART, RemoteAct.UNLOCK, RemoteAct.ENABLE)  # may put a voltage where somebody is, or move a lock


async def supposed(runtime: Runtime, case: Case) -> Supposed:
    """What people's own words of a case tell of. Raises Unavailable."""
    told = [
        read_meant(
            Said(
                channel=row["channel"],
                at=row["received_at"],
                text=row["text"] or "",
                subject=row["subject"],
                charger=case.charger_id,
                language=row["language"],
            ),
            runtime.directory(),
            runtime.rules(),
        )
        for row in await cases.said(runtime.db, case.id, READ)
    ]
    if not told:
        return Supposed()
    return suppose(runtime.rules(), Category(case.category), told)


def harmless(acts: tuple[RemoteAct, ...], found: Supposed) -> tuple[RemoteAct, ...]:
    """Those of the acts that may be tried in spite of what people tell."""
    return tuple(one for one in acts if not (found.danger and one in LIVE))
