"""Writing master data: everything of one import in one transaction, what is not in it stays as it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from gateway.record.db import Database, statements
from gateway.record.staff import audit
from gateway.record.timeline import Actor

SQL = statements("imports")
Rows = Sequence[Mapping[str, Any]]


async def known(db: Database) -> set[tuple[str, str]]:
    """The owners and sites that the record has, as (`owner` or `site`, id)."""
    return {(row["kind"], row["id"]) for row in await db.rows(SQL["known"])}


async def current(db: Database, table: str) -> list[DictRow]:
    """The rows of `owners`, `sites` or `chargers` as a file would bring them."""
    return await db.rows(SQL[f"{table}_now"])


async def write(db: Database, tables: Mapping[str, Rows], by: Actor, now: datetime) -> None:
    """Insert or update the rows of `owners`, `sites`, `chargers`, `agents`, and move the directory's version."""
    async with db.transaction() as connection:
        for table in ("owners", "sites", "chargers", "agents"):
            rows = tables.get(table)
            if rows:
                await connection.execute(SQL[table], {"rows": Jsonb(rows), "now": now})
        await connection.execute(SQL["moved"])
        counts = {table: len(rows) for table, rows in tables.items()}
        await audit(connection, "imported", ", ".join(tables), counts, by, now)
