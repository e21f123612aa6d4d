"""The demo's master data and log-ins: made once, right after the migrations, and left alone afterwards.

Owners, sites, chargers and agents come from the demo's folder when the record has none. Passwords differ on every
installation; one that is right already is not set again, because setting it would end its sessions.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from gateway.clock import SystemClock
from gateway.config import Config
from gateway.demo import logins
from gateway.importing import import_folder
from gateway.people.passwords import Passwords
from gateway.phone import rota
from gateway.record import agents, imports, oncall
from gateway.record.db import Database, opened
from gateway.record.timeline import SYSTEM

FOLDER = Path(__file__).parents[2] / "demo"
MANAGER = {
    "agent_id": "m01",
    "name": "Manager 01",
    "email": logins.MANAGER,
    "phone": None,
    "role": "manager",
    "line": 1,
    "languages": ["sv", "en"],
    "skills": [],
    "region": None,
    "max_calls": 0,
    "max_cases": 0,
}


ON_CALL = {2: ("a17", "a18", "a19")}
WEEKS = 6


async def prepare(config: Config) -> None:
    """Import what is missing and let the demo's people in. Raises Unavailable, ImportFaults."""
    async with opened(config.direct_url) as db:
        if not await imports.known(db):
            await import_folder(config, FOLDER)
        passwords = Passwords()
        for email in logins.EVERYBODY:
            if email == logins.MANAGER and await agents.credentials(db, email) is None:
                await imports.write(db, {"agents": [MANAGER]}, SYSTEM, SystemClock().now())
            await _let_in(db, passwords, email, logins.password(config, email))
        await _put_on_call(db)


async def _put_on_call(db: Database) -> None:
    """The demo's colleagues share the coming weeks, whenever the rota has nobody on it."""
    now = SystemClock().now()
    if (await rota.outlook(db, now)).shifts:
        return
    today = now.replace(hour=7, minute=0, second=0, microsecond=0) - timedelta(days=1)
    shifts = [
        {
            "agent_id": people[day % len(people)],
            "line": line,
            "region": None,
            "phone": None,
            "starts_at": (today + timedelta(days=day)).isoformat(),
            "ends_at": (today + timedelta(days=day + 1)).isoformat(),
        }
        for line, people in ON_CALL.items()
        for day in range(WEEKS * 7)
    ]
    await oncall.add(db, shifts, SYSTEM, now)


async def _let_in(db: Database, passwords: Passwords, email: str, password: str) -> None:
    known = await agents.credentials(db, email)
    if known and not (known.password_hash and await passwords.correct(known.password_hash, password)):
        await agents.set_password(db, known.agent, await passwords.hashed(password))
