"""T8: a manager's pages over many stored cases, each with a whole history."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from statistics import median
from typing import Any

from aiohttp import ClientSession, CookieJar

from bench.figures import Row
from bench.house import House
from bench.progress import tell
from gateway.clock import SystemClock
from gateway.figures import measures
from gateway.people.passwords import Passwords
from gateway.record import agents, imports
from gateway.record.db import Database
from gateway.record.timeline import SYSTEM

PASSWORD = "a quiet shift for everybody"
MANAGER: dict[str, Any] = {
    "agent_id": "m01",
    "name": "Manager",
    "email": "m01@support.example",
    "phone": None,
    "role": "manager",
}
MANAGER |= {"line": 1, "languages": ["sv"], "skills": [], "region": None, "max_calls": 0, "max_cases": 0}
PAGES = (
    "/managers",
    "/managers?period=week&by=hour",
    "/managers?period=month&by=queue",
    "/managers?period=quarter&by=site",
    "/managers?period=year&by=channel",
    "/managers?period=year&by=owner",
    "/managers?period=year&by=site",
    "/managers?period=year&by=hour",
    "/managers/figures.csv?period=year&by=site",
    "/managers/cases?period=year&kind=response&outcome=missed",
    "/managers/cases?period=year&kind=solution&by=site&key=bs7",
    "/managers/reports?owner=bo3",
    "/managers/wall",
    "/managers/recurring?days=90",
    "/managers/staffing",
    "/managers/accounts",
    "/managers/alarms",
)


async def t8(house: House, rounds: int, cases: int) -> list[Row]:
    """The slowest of the managers' pages, as a whole answer over HTTP, with everybody else at rest. A round asks for
    each page once; a round before them warms up. How long the ledger took to be made from the timeline stands beside.
    """
    tell(f"T8: storing {cases} cases and what became of them")
    url = house.database("managers", cases)
    house.execute(url, "histories", cases)
    made = await _prepare(url)
    tell(f"T8: the ledger of {cases} cases was made in {made:.0f} s")
    times: dict[str, list[float]] = {path: [] for path in PAGES}
    slowest = []
    async with house.role("web", url) as port, ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        base = f"http://127.0.0.1:{port}"
        await _log_in(session, base)
        for nth in range(rounds + 1):
            found = {path: await _timed(session, base + path) for path in PAGES}
            if nth:
                slowest.append(max(found.values()))
                for path, seconds in found.items():
                    times[path].append(seconds)
            tell(f"T8 round {nth}: {', '.join(f'{path} {1000 * s:.0f} ms' for path, s in found.items())}")
    return [Row("T8", "the slowest manager's page", slowest, "s", "less", 1.0, 0.3, _beside(times, cases, made))]


def _beside(times: Mapping[str, list[float]], cases: int, made: float) -> str:
    each = sorted(((median(of), path) for path, of in times.items()), reverse=True)
    pages = ", ".join(f"{path.removeprefix('/managers') or '/'} {1000 * one:.0f} ms" for one, path in each[:4])
    return f"{cases} cases; medians of the slowest: {pages}; ledger made in {made:.0f} s"


async def _prepare(url: str) -> float:
    db = Database(url, size=2)
    await db.open()
    try:
        await imports.write(db, {"agents": [MANAGER]}, SYSTEM, SystemClock().now())
        await agents.set_password(db, "m01", await Passwords().hashed(PASSWORD))
        began = time.perf_counter()
        await measures.rebuild(db)
        took = time.perf_counter() - began
        async with db.connection() as conn:
            await conn.execute("SET statement_timeout = 0")
            await conn.execute("VACUUM (ANALYZE)")
        return took
    finally:
        await db.close()


async def _log_in(session: ClientSession, base: str) -> None:
    async with session.get(f"{base}/login") as answer:
        found = re.search(r'name="csrf" value="([^"]+)"', await answer.text())
        assert found
    fields = {"email": MANAGER["email"], "password": PASSWORD, "csrf": found[1]}
    async with session.post(f"{base}/login", data=fields, allow_redirects=False) as answer:
        assert answer.status == 303, await answer.text()


async def _timed(session: ClientSession, url: str) -> float:
    began = time.perf_counter()
    async with session.get(url, allow_redirects=False) as answer:
        body: Any = await answer.read()
        assert answer.status == 200, (url, answer.status, body[:300])
    return time.perf_counter() - began
