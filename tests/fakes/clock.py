"""A clock that stands where it is put, for the process and for the database's leases alike."""

from __future__ import annotations

from datetime import datetime

import psycopg
from psycopg import sql

from gateway.clock import SetClock

STANDS = "CREATE OR REPLACE FUNCTION lease_now() RETURNS timestamptz LANGUAGE sql STABLE AS {}"


class LeaseClock(SetClock):
    def __init__(self, at: datetime, database_url: str) -> None:
        super().__init__(at)
        self._url = database_url
        self.put(at)

    def put(self, at: datetime) -> None:
        super().put(at)
        with psycopg.connect(self._url, autocommit=True) as connection:
            moment = sql.Literal(self.now().isoformat()).as_string(connection)
            connection.execute(sql.SQL(STANDS).format(sql.Literal(f"SELECT timestamptz {moment}")))
