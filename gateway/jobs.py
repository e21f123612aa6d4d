"""Waking the worker: jobs are deferred inside the transaction that makes them necessary, and carry ids at most.

A job only wakes a sweep; every deadline is a column. Lost, doubled or late jobs change nothing but seconds.
"""

from __future__ import annotations

from gateway.record.db import Connection, statements

SQL = statements("jobs")
FOLLOW = "follow"  # something was kept or changed: send what is to be sent, offer what is to be offered


class Wake:
    """Defers the wake-up job on a connection that is in a transaction."""

    async def wake(self, conn: Connection) -> None:
        """Raises psycopg.Error when the connection broke; the job's number is not waited for."""
        await conn.execute(SQL["defer"], {"task": FOLLOW})
