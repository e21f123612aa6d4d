"""Waking the worker: jobs are deferred inside the transaction that makes them necessary, and carry ids at most.

A job only wakes a sweep; every deadline is a column. Lost, doubled or late jobs change nothing but seconds.
"""

from __future__ import annotations

import psycopg
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ConnectorException

from gateway.record.db import Connection

FOLLOW = "follow"  # something was kept or changed: send what is to be sent, offer what is to be offered


class Wake:
    """Defers the wake-up job on a connection that is in a transaction."""

    def __init__(self) -> None:
        self._app = App(connector=PsycopgConnector())

    async def wake(self, conn: Connection) -> None:
        """Raises psycopg.OperationalError when the connection broke."""
        try:
            await self._app.configure_task(FOLLOW, connection=conn).defer_async()
        except ConnectorException as error:
            if isinstance(error.__cause__, psycopg.Error):
                raise error.__cause__ from error
            raise
