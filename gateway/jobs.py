"""Waking the workers: said inside the transaction that makes it necessary, heard once that is committed.

It only wakes sweeps, which run by themselves as well; every deadline is a column. A wake-up that is lost, doubled or
late changes nothing but seconds.
"""

from __future__ import annotations

from gateway.record.db import Connection, statements

SQL = statements("jobs")


async def wake(conn: Connection) -> None:
    """Something was kept or changed: send what is to be sent, offer what is to be offered. In the caller's transaction;
    raises psycopg.Error when the connection broke."""
    await conn.execute(SQL["wake"])
