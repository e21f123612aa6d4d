"""Judging: what it costs to decide about one report with many stored cases."""

from __future__ import annotations

import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from statistics import median

from bench.figures import Row
from bench.house import House
from bench.mails import SUBJECTS, WORDS
from bench.progress import tell
from channels.report import Channel, Report, Sender
from gateway.clock import SystemClock
from gateway.config import load
from gateway.intake import said_of
from gateway.keeping.groups import REPORTS, Draft
from gateway.keeping.questions import Prepared, newcomer
from gateway.record import people
from gateway.record.db import BY_INDEX, Database
from gateway.runtime import Runtime, open_runtime
from routing.facts import read_facts

ROUND = 200  # reports


async def judging(house: House, rounds: int, cases: int) -> list[Row]:
    """Milliseconds to judge one report alone, at the standard size: reading its facts, finding its person and the cases
    it might belong to, and deciding place, category, priority, queue and duplicate; with nothing written. Reports are
    kept between the measured ones, so that there is something to find. Median of a round.
    """
    tell(f"judging: storing {cases} cases")
    url = house.database("judging", cases)
    rng = random.Random(5)
    judged, kept = [], []
    folder = house.folder / "judging"
    given = {"DATABASE_URL": url, "REDIS_URL": house.redis_url, "DATA_DIR": str(folder), "PORT": "0", "SMTP_PORT": "0"}
    async with open_runtime(load(given), "smtp") as runtime, _connected(url) as db:
        for nth in range(rounds + 1):
            times, wholes = [], []
            for one in range(ROUND):
                report = _report(rng, f"{nth} {one}", house.persons)
                began = time.perf_counter()
                await _judge(runtime, db, report)
                between = time.perf_counter()
                await runtime.intake.accept(report)
                times.append(between - began)
                wholes.append(time.perf_counter() - between)
            if nth:  # the first round warms up
                judged.append(1000 * median(times))
                kept.append(1000 * median(wholes))
                tell(f"judging round {nth}: {judged[-1]:.2f} ms, kept and committed {kept[-1]:.2f} ms")
    beside = f"{cases} stored cases; judged, written and committed {median(kept):.1f} ms"
    return [Row("judging", "one report alone, from its text to its decisions", judged, "ms", "less", 5, 3, beside)]


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[Database]:
    """A connection as the one door has it."""
    db = Database(url, size=1, options=BY_INDEX)
    await db.open()
    yield db
    await db.close()


async def _judge(runtime: Runtime, db: Database, report: Report) -> None:
    said = said_of(report)
    directory, rules = runtime.directory(), runtime.rules()
    facts = read_facts(said, directory, rules)
    item = Prepared(report, said, facts, newcomer(report, facts), None, ())
    async with db.pipelined() as conn:  # a roll-back would make the driver forget every plan
        given = {"digests": [report.digest()], "keys": people.lock_keys([item.newcomer])}
        arriving = await conn.ask(REPORTS["arrived"], given)
        asked = await people.ask(conn, [item.newcomer])
        numbers = await arriving.fetchall()
        draft = Draft([item], directory, rules, runtime.config.secret_keys, runtime.clock.now())
        await draft.decide(conn, asked, numbers)


def _report(rng: random.Random, key: str, persons: int) -> Report:
    charger = rng.randrange(30000, 32000)
    text = f"Hej, laddare {charger}: " + " ".join(rng.choices(WORDS, k=60)) + "."
    return Report(
        channel=Channel.EMAIL,
        key=key,
        received_at=SystemClock().now() - timedelta(seconds=1),
        text=text,
        subject=rng.choice(SUBJECTS).format(charger=charger),
        sender=Sender(None, None, f"person{rng.randrange(1, persons)}@driver.example"),
        raw=text.encode(),
        raw_type="message/rfc822",
    )
