"""What calls ask of the record while they wait: whatever they ask at once is one statement.

Raises `Unavailable` when PostgreSQL does not answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from gateway.record.db import Database, compact, statements
from gateway.record.grouped import Grouped

SQL = statements("calls")
Question = Mapping[str, Any]
Known = tuple[int, str, datetime | None, str]  # case, status, when it should be solved, category


class Asks:
    """Questions about calls, callers and what is known, each with its answer."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._ask: Grouped[Question, Any] = Grouped(self._all, apart=id)

    async def turn(self, sid: str, turn: int) -> tuple[Mapping[str, Any] | None, int, str | None, bool] | None:
        """State, last turn, the answer to this one and whether it is over; None for a call that is new."""
        found = await self._ask({"kind": "turn", "sid": sid, "turn": turn})
        return tuple(found) if found else None

    async def caller(self, phone: str) -> tuple[str | None, bool, bool]:
        """The language of whoever is behind a number, whether an owner has registered it, and whether it asked for no
        texts."""
        language, owner, textless = await self._ask({"kind": "caller", "phone": phone})
        return language, owner, textless

    async def incident(self, charger: str | None, site: str | None) -> Known | None:
        """What a stranger may hear of a place."""
        found = await self._ask({"kind": "incident", "charger": charger, "site": site})
        return _known(*found) if found else None

    async def outages(self, since: datetime, large: int) -> list[tuple[*Known, bool]]:
        """Faults of no place: what is known of them, and whether so many have reported it; the newest first."""
        found = await self._ask({"kind": "outages", "since": since.isoformat(), "large": large})
        return [(*_known(case, status, due, category), many) for case, status, category, due, many in found or ()]

    async def _all(self, questions: Sequence[Question]) -> list[Any]:
        asked = compact([{**question, "nth": nth} for nth, question in enumerate(questions)])
        return [answer for (answer,) in await self._db.tuples(SQL["asked"], {"asked": asked})]


def _known(case: int, status: str, due: str | None, category: str) -> Known:
    return case, status, _moment(due), category


def _moment(told: str | None) -> datetime | None:
    return datetime.fromisoformat(told) if told else None
