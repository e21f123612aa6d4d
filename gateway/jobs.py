"""Waking the worker: jobs are deferred inside the transaction that makes them necessary, and carry ids at most.

A job only wakes a sweep; every deadline is a column. Lost, doubled or late jobs change nothing but seconds.
"""

from __future__ import annotations

from gateway.record.db import Connection, statements

SQL = statements("jobs")
FOLLOW = "follow"  # something was kept or changed: send what is to be sent, offer what is to be offered


async def wake(conn: Connection) -> None:
    """Defer the wake-up job, inside the caller's transaction. Raises psycopg.Error when the connection broke."""
    await conn.execute(SQL["defer"], {"task": FOLLOW})
