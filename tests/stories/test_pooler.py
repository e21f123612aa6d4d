"""Behind a pooler that gives each transaction another session: everything works, and our limits hold."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.config import Config, load
from gateway.record.db import SESSION, Database
from gateway.record.migrate import migrate
from gateway.record.soundness import faults
from tests.fakes.house import open_house
from tests.fakes.pgbouncer import pooling, why_not

needs_one = pytest.mark.skipif(why_not() is not None, reason=why_not() or "")


@pytest.fixture
def pooled(environ: dict[str, str], database_url: str, redis_url: str) -> Iterator[Config]:
    """The way of a house whose sessions, two of them, are everybody's."""
    migrate(database_url, pooled=True)
    with (
        tempfile.TemporaryDirectory(prefix="pooler-") as folder,
        pooling(database_url, Path(folder), sessions=2) as url,
    ):
        yield load({**environ, "DATABASE_URL": url, "DATABASE_DIRECT_URL": database_url, "REDIS_URL": redis_url})


@needs_one
async def test_a_house_behind_a_pooler_takes_reports_and_lets_agents_work(pooled: Config) -> None:
    async with open_house(pooled) as house:
        receipts = await asyncio.gather(
            *(house.report(f"The cable is stuck, charger {22801 + nth}") for nth in range(12))
        )
        for number in {receipt["case"] for receipt in receipts}:
            await house.api("POST", f"/cases/{number}/claim", {"as": "a01"})
            await house.api("POST", f"/cases/{number}/note", {"as": "a01", "text": "Looked at."})
            assert (await house.case(number))["assignee"] == "a01"


@needs_one
async def test_sessions_behind_a_pooler_go_by_the_limits_that_migrate_kept_with_the_role(pooled: Config) -> None:
    assert faults(pooled.database_url or "", migrated=True, pooled=True) == []
    db = Database(pooled.database_url or "", size=1, pooled=pooled.pooled)
    await db.open()
    try:
        assert {name: (await db.rows(f"SHOW {name}"))[0][name] for name in SESSION} == SESSION  # type: ignore[arg-type]
    finally:
        await db.close()


async def test_what_goes_through_a_pooler_prepares_nothing(database_url: str) -> None:
    db = Database(database_url, size=1, pooled=True)
    await db.open()
    try:
        for _ in range(8):
            await db.rows("SELECT count(*) FROM cases WHERE id = %(id)s", {"id": 1})
        assert await db.rows("SELECT name FROM pg_prepared_statements") == []
    finally:
        await db.close()


def test_b111_a_pooler_whose_sessions_go_by_no_limits_is_refused_with_what_to_do(database_url: str) -> None:
    found = faults(database_url, migrated=True, pooled=True)
    assert len(found) >= len(SESSION) - 1  # the time zone may be right by chance
    assert all("run `python -m gateway migrate`" in line for line in found)
    migrate(database_url, pooled=True)
    assert faults(database_url, migrated=True, pooled=True) == []
