"""Writing master data: everything of one import in one transaction, what is not in it stays as it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from gateway.record.db import Database, statements

SQL = statements("imports")
Rows = Sequence[Mapping[str, Any]]


async def known(db: Database) -> set[tuple[str, str]]:
    """The owners and sites that the record has, as (`owner` or `site`, id)."""
    return {(row["kind"], row["id"]) for row in await db.rows(SQL["known"])}


async def write(db: Database, tables: Mapping[str, Rows], now: datetime) -> None:
    """Insert or update the rows of `owners`, `sites`, `chargers`, `agents`, and move the directory's version."""
    async with db.transaction() as connection:
        for table in ("owners", "sites", "chargers", "agents"):
            rows = tables.get(table)
            if rows:
                await connection.execute(SQL[table], {"rows": Jsonb(rows), "now": now})
        await connection.execute(SQL["moved"])
        counts = {table: len(rows) for table, rows in tables.items()}
        await connection.execute(SQL["audit"], {"now": now, "counts": Jsonb(counts)})
