"""Fifty agents after the same work for a thousand rounds, while the dispatchers are killed and paused: no case has two
owners, none is lost, and the order is kept (F3, F8, F35)."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from gateway import desk, dispatch
from gateway.config import Config
from gateway.desk import Actor, Refused, Taken, Unknown
from gateway.jobs import wake
from gateway.record import cases
from gateway.runtime import Runtime, open_runtime
from tests.fakes.product import ROOT

ROUNDS, AGENTS, WORKERS, DOORS = 1000, 50, 3, 4
SEED, FIRST = 35, 10_000
EVERY, PAUSE = 4.0, 8.0  # seconds between what befalls the dispatchers; a pause outlasts what a transaction may
STOCK = """
INSERT INTO agents (id, name, email, role, line, languages, skills, activity, activity_at, idle_since, max_cases)
SELECT 'r' || n, 'R ' || n, 'r' || n || '@support.example', 'agent', 1, '{sv}', '{email}', 'available', %(now)s,
       %(now)s, 1
FROM generate_series(1, %(agents)s) AS n"""
MADE = """
WITH made AS (
    INSERT INTO cases (id, status, line, queue, priority, category, language, timezone, sla_level, opened_at,
                       last_report_at)
    VALUES (%(id)s, 'open', 1, 'helpdesk', 'P3', 'no_start', 'sv', 'Europe/Stockholm', 'basic', %(now)s, %(now)s)
    RETURNING id)
INSERT INTO work_items (kind, case_id, queue, priority, language, due_at, arrived_at, state)
SELECT 'case', id, 'helpdesk', 'P3', 'sv', %(now)s, %(now)s, 'waiting' FROM made"""
ASKED = """
SELECT o.agent_id, o.id FROM offers o JOIN work_items w ON w.id = o.item_id
WHERE o.state = 'offered' AND w.case_id = %(case)s"""
OFFERED = """
SELECT case_id, min(id) AS nth FROM timeline WHERE kind = 'offer_made' GROUP BY case_id ORDER BY case_id"""


async def test_f03_f08_f35_fifty_agents_a_thousand_rounds_and_every_case_has_one_owner(
    config: Config, tmp_path: Path
) -> None:
    chance = random.Random(SEED)
    async with AsyncExitStack() as stack:
        doors = [await stack.enter_async_context(open_runtime(config, "web")) for _ in range(DOORS)]
        await doors[0].db.run(STOCK, {"now": datetime.now(UTC), "agents": AGENTS})
        troubles = await stack.enter_async_context(_dispatchers(config, tmp_path, chance))
        owners = {await _round(doors, nth): nth for nth in range(ROUNDS)}
    assert len(owners) == ROUNDS
    assert troubles["killed"] > 3, troubles
    assert troubles["paused"] > 3, troubles
    async with open_runtime(config, "test") as runtime:
        for case in owners:
            full = await cases.full(runtime.db, case)
            assert full is not None
            kinds = [entry["kind"] for entry in full.timeline]
            assert (kinds.count("claimed"), kinds.count("concluded")) == (1, 1), (SEED, case, kinds)
        left = await runtime.db.rows("SELECT id FROM work_items WHERE state <> 'done'")
        assert left == []
        first = [row["nth"] for row in await runtime.db.rows(OFFERED)]
        assert first == sorted(first), "offered in the order of arrival"


async def _round(doors: Sequence[Runtime], nth: int) -> int:
    """One case is offered; every agent takes it at once, whoever was asked; whoever got it concludes it."""
    runtime, case = doors[nth % len(doors)], FIRST + nth
    async with runtime.db.transaction() as conn:
        await conn.execute(MADE, {"id": case, "now": runtime.clock.now()})
        await wake(conn)
    asked, offer = await _offered(runtime, case)
    tries = [
        _try(doors[n % len(doors)], agent, case, offer if agent == asked else None)
        for n, agent in enumerate(f"r{n}" for n in range(1, AGENTS + 1))
    ]
    answers = await asyncio.gather(*tries)
    (owner,) = [agent for agent in answers if agent]
    await desk.conclude(runtime, Actor("agent", owner, "agent"), case, "duplicate", "done")
    return case


async def _offered(runtime: Runtime, case: int) -> tuple[str, int]:
    """Who is offered a case: some dispatcher finds it, however many are dead or asleep."""
    async with asyncio.timeout(120):
        while not (row := await runtime.db.row(ASKED, {"case": case})):
            await asyncio.sleep(0.005)
    return row["agent_id"], row["id"]


async def _try(runtime: Runtime, agent: str, case: int, offer: int | None) -> str | None:
    actor = Actor("agent", agent, "agent")
    with suppress(Taken, Refused, Unknown):
        await (dispatch.accept(runtime, actor, offer) if offer else desk.claim(runtime, actor, case))
        return agent
    return None


@asynccontextmanager
async def _dispatchers(config: Config, folder: Path, chance: random.Random) -> AsyncIterator[dict[str, int]]:
    """Workers in processes of their own that are killed, or stopped for longer than anybody waits and woken again."""
    workers = [_worker(config, folder / f"worker{n}") for n in range(WORKERS)]
    troubles = {"killed": 0, "paused": 0}

    async def trouble() -> None:
        while True:
            await asyncio.sleep(EVERY)
            nth = chance.randrange(WORKERS)
            if chance.random() < 0.5:
                workers[nth].kill()
                await asyncio.to_thread(workers[nth].wait)
                workers[nth] = _worker(config, folder / f"worker{nth}")
                troubles["killed"] += 1
            else:
                workers[nth].send_signal(signal.SIGSTOP)
                await asyncio.sleep(PAUSE)
                workers[nth].send_signal(signal.SIGCONT)
                troubles["paused"] += 1

    nemesis = asyncio.create_task(trouble())
    try:
        yield troubles
    finally:
        nemesis.cancel()
        with suppress(asyncio.CancelledError):
            await nemesis
        for worker in workers:
            worker.send_signal(signal.SIGCONT)
            worker.kill()
            await asyncio.to_thread(worker.wait)


def _worker(config: Config, folder: Path) -> subprocess.Popen[bytes]:
    """In a session of its own: a group that loses its shell while a member stands still is hung up whole."""
    given = {"DATABASE_URL": str(config.database_url), "REDIS_URL": str(config.redis_url), "DATA_DIR": str(folder)}
    return subprocess.Popen(
        [sys.executable, "-m", "gateway", "worker"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **given},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
