"""Whether a database may be trusted with reports: it keeps what it says it keeps, and it has the tables that we use.

A database that does not answer has no faults here: a role starts without it and says so on `/readyz`.
"""

from __future__ import annotations

import re

import psycopg

from gateway.record.db import FOLDER, SESSION, statements

OLDEST = 150_000
SQL = statements("soundness")
_WAIT = 5
FOLLOWS = re.compile(r'^down_revision = "(\w+)"', re.MULTILINE)


def faults(database_url: str, *, migrated: bool, pooled: bool = False) -> list[str]:
    """Every reason to refuse this database, a line each; with `migrated` also that migrations are missing.

    `pooled`: this is the way through a pooler, which `migrate` has set the role's sessions for. A database with more
    migrations than we know is accepted: during a deployment the new version's run first.
    """
    try:
        with psycopg.connect(database_url, autocommit=True, connect_timeout=_WAIT) as connection:
            settings: dict[str, str] = dict(connection.execute(SQL["settings"]).fetchall())
            found = _of(settings)
            if migrated and _revision(connection) in _older():
                found.append("DATABASE_URL: migrations are missing: run `python -m gateway migrate` first")
            elif migrated and pooled:
                found += _unlimited(dict(connection.execute(SQL["session"], {"names": list(SESSION)}).fetchall()))
            return found
    except psycopg.OperationalError:
        return []


def _of(settings: dict[str, str]) -> list[str]:
    found = [
        f"DATABASE_URL: {name} is off there: a crash would lose what was acknowledged"
        for name in ("fsync", "full_page_writes", "synchronous_commit")
        if settings[name] == "off"
    ]
    if int(settings["server_version_num"]) < OLDEST:
        found.append("DATABASE_URL: PostgreSQL 15 or newer is needed")
    if settings["server_encoding"] != "UTF8":
        found.append(f"DATABASE_URL: its encoding is {settings['server_encoding']}, UTF8 is needed")
    return found


def _unlimited(settings: dict[str, str]) -> list[str]:
    return [
        f"DATABASE_URL: behind the pooler {name} is {settings[name]}, not {value}: run `python -m gateway migrate`, "
        "then have the pooler open its sessions anew"
        for name, value in SESSION.items()
        if settings[name] != value
    ]


def _older() -> set[str]:
    """Every revision that another one follows, and none at all. Reading the files is cheaper than loading alembic."""
    files = (FOLDER / "migrations" / "versions").glob("[0-9]*.py")
    return {""}.union(*(FOLLOWS.findall(file.read_text(encoding="utf-8")) for file in files))


def _revision(connection: psycopg.Connection) -> str:
    there = connection.execute(SQL["is_migrated"]).fetchone()
    row = connection.execute(SQL["revision"]).fetchone() if there and there[0] else None
    return row[0] if row else ""
