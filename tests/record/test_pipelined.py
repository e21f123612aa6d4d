"""A transaction whose statements go to PostgreSQL together: it is woken once for each answer that is asked for."""

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import LiteralString

import psycopg
import pytest

from gateway.record.db import Database, Unavailable

ADD: LiteralString = "INSERT INTO heartbeats (role, slot) VALUES (%(role)s, '2026-03-03 12:00+00')"


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url, size=1)
    await opened.open()
    yield opened
    await opened.close()


async def test_nothing_is_sent_before_an_answer_is_asked_for(db: Database, database_url: str):
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as watcher:

        async def state(pid: int) -> str | None:
            found = await watcher.execute("SELECT state FROM pg_stat_activity WHERE pid = %s", [pid])
            row = await found.fetchone()
            return row[0] if row else None

        async with db.pipelined() as conn:
            pid = conn.info.backend_pid
            await conn.execute(ADD, {"role": "web"})
            asked = await conn.execute("SELECT count(*) AS n FROM heartbeats")
            assert await state(pid) == "idle"
            assert await asked.fetchone() == {"n": 1}
            assert await state(pid) == "idle in transaction", "what the server ends when it lasts"
        assert await state(pid) == "idle"
    assert await db.row("SELECT count(*) AS n FROM heartbeats") == {"n": 1}


async def test_more_than_the_line_takes_at_once_arrives_and_comes_back(db: Database):
    words = ["x" * 8_000_000, "y" * 8_000_000, "z" * 8_000_000]
    async with db.pipelined() as conn:
        asked = [await conn.execute("SELECT %(said)s::text AS said", {"said": said}) for said in words]
        assert [await one.fetchone() for one in asked] == [{"said": said} for said in words]


async def test_what_follows_a_statement_that_failed_is_passed_over_and_nothing_is_kept(db: Database):
    async def fail() -> None:
        async with db.pipelined() as conn:
            await conn.execute(ADD, {"role": "web"})
            await conn.execute("SELECT 1 / %(nothing)s::integer", {"nothing": 0})
            await conn.execute(ADD, {"role": "smtp"})

    for _ in range(4):  # until everything is prepared
        with pytest.raises(psycopg.errors.DivisionByZero):
            await fail()
        assert await db.row("SELECT count(*) AS n FROM heartbeats") == {"n": 0}


@pytest.mark.parametrize("answered", [True, False], ids=["after an answer", "before anything was sent"])
async def test_an_error_of_the_caller_rolls_back(db: Database, answered: bool):
    async def fail() -> None:
        async with db.pipelined() as conn:
            added = await conn.execute(f"{ADD} RETURNING role", {"role": "web"})
            if answered:
                await added.fetchall()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    async with db.pipelined() as conn:
        await conn.execute(ADD, {"role": "smtp"})
    assert await db.rows("SELECT role FROM heartbeats") == [{"role": "smtp"}]


async def test_a_failure_that_the_caller_passed_over_is_not_taken_for_a_commit(db: Database):
    async def go_on() -> None:
        async with db.pipelined() as conn:
            await conn.execute(ADD, {"role": "web"})
            with suppress(psycopg.errors.DivisionByZero):
                await (await conn.execute("SELECT 1 / %(nothing)s::integer", {"nothing": 0})).fetchall()

    with pytest.raises(Unavailable):
        await go_on()
    assert await db.rows("SELECT role FROM heartbeats") == []
