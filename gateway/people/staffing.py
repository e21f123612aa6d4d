"""The commands `agent list|add|import|password|disable|enable|logout`: for a house that nobody can log in to yet."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from gateway.clock import SystemClock
from gateway.config import Config
from gateway.importing import agent_row, agent_rows
from gateway.people.passwords import Passwords, weakness
from gateway.record import agents, staff
from gateway.record.db import Database, opened
from gateway.record.timeline import SYSTEM


class NotDone(ValueError):
    """There is no such agent, or what was given does not do; the message says which."""


async def everyone(config: Config) -> list[str]:
    """A line for everybody who works here."""
    async with opened(config.direct_url) as db:
        return [
            "\t".join((one.id, one.role, f"line {one.line}", one.email, "" if one.may_work else "disabled"))
            for one in await agents.everyone(db)
        ]


async def add(config: Config, fields: Mapping[str, Any]) -> str:
    """Take in one agent and give them a password, which is returned. Raises ImportFaults and NotDone."""
    async with opened(config.direct_url) as db:
        row = agent_row(fields)
        if await agents.find(db, row["id"]):
            raise NotDone(f"there is an agent {row['id']} already")
        await _save(db, row)
        return await _let_in(db, row["id"], row["email"], None)


async def take_list(config: Config, text: str) -> int:
    """Take in a CSV of agents; returns how many. Raises ImportFaults and NotDone."""
    rows = agent_rows(text)
    async with opened(config.direct_url) as db:
        for row in rows:
            await _save(db, row)
    return len(rows)


async def password(config: Config, agent: str, given: str | None) -> str:
    """Give an agent this password, or a made-up one; returns it. Their sessions end. Raises NotDone."""
    async with opened(config.direct_url) as db:
        known = await agents.find(db, agent)
        if known is None:
            raise NotDone(f"there is no agent {agent}")
        return await _let_in(db, agent, known.email, given)


async def change(config: Config, agent: str, act: str) -> None:
    """`disable`, `enable` or `logout` an agent. Raises NotDone."""
    async with opened(config.direct_url) as db:
        if await agents.find(db, agent) is None:
            raise NotDone(f"there is no agent {agent}")
        now = SystemClock().now()
        if act == "logout":
            await staff.end_sessions(db, agent, SYSTEM, now)
        else:
            await (staff.disable if act == "disable" else staff.enable)(db, agent, SYSTEM, now)


async def _save(db: Database, row: Mapping[str, Any]) -> None:
    try:
        await staff.save(db, row, SYSTEM, SystemClock().now())
    except staff.AddressTaken:
        raise NotDone(f"{row['id']}: somebody else has the address {row['email']}") from None


async def _let_in(db: Database, agent: str, email: str, given: str | None) -> str:
    chosen = given or "-".join(secrets.token_hex(3) for _ in range(3))
    if fault := weakness(chosen, email):
        raise NotDone(fault)
    await staff.set_password(db, agent, await Passwords().hashed(chosen), SYSTEM, SystemClock().now())
    return chosen
