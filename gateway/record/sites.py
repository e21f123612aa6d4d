"""Owners, sites and chargers: the master data, read whole into the judgement's directory.

`Master.current` is what this process holds; `refresh` re-reads it when the version moved and keeps the old one when
the database is away.
"""

from __future__ import annotations

from gateway.record.db import Database, Unavailable, statements
from routing.directory import Directory, build_directory
from routing.values import Charger, Owner, Site

SQL = statements("sites")


class Master:
    """The directory of this process."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._version = 0
        self._directory = build_directory([], [], [])

    def current(self) -> Directory:
        return self._directory

    @property
    def loaded(self) -> bool:
        return self._version > 0

    async def refresh(self) -> None:
        """Read the master data again if it changed."""
        try:
            row = await self._db.row(SQL["version"])
            version = row["version"] if row else 0
            if version != self._version:
                self._directory = await load(self._db)
                self._version = version
        except Unavailable:
            return


async def load(db: Database) -> Directory:
    """The directory as the database holds it."""
    owners = [
        Owner(r["id"], r["organisation"], r["contact_name"] or "", r["email"] or "", r["phone"] or "", r["language"])
        for r in await db.rows(SQL["owners"])
    ]
    sites = [Site(**row) for row in await db.rows(SQL["sites"])]
    chargers = [Charger(**row) for row in await db.rows(SQL["chargers"])]
    return build_directory(owners, sites, chargers)
