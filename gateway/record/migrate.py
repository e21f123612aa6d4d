"""Bringing a database up to the present schema.

Any number of processes may call `migrate` at once: a session advisory lock lets one work and the others wait. Each
revision is one transaction, so that an interrupted migration leaves the last whole revision and can be run again.
Behind a pooler the limits of a session are set for the role, before anything else.
Raises `Unmigratable` when the database is newer than this code.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy
from alembic import command, op
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from psycopg.sql import SQL, Identifier

from gateway.record.db import SESSION, statements

FOLDER = Path(__file__).parent / "migrations"
LOCK = 0x5357_5944  # "SWYD"


class Unmigratable(Exception):
    """The database cannot be migrated by this version of the gateway."""


def migrate(database_url: str, *, pooled: bool = False) -> None:
    """Run every missing revision; returns when the schema is present's. `database_url` is the direct way."""
    if pooled:
        _settle(database_url)
    engine = _engine(database_url)
    try:
        with engine.connect() as guard:
            guard.exec_driver_sql(f"SELECT pg_advisory_lock({LOCK})")
            guard.commit()
            with engine.connect() as connection:
                config = _config()
                config.attributes["connection"] = connection
                try:
                    command.upgrade(config, "head")
                except CommandError as error:
                    raise Unmigratable(f"this database is newer than this version of Switchyard: {error}") from error
                connection.commit()
    finally:
        engine.dispose()


def pending(database_url: str) -> bool:
    """Whether the schema differs from what this code needs."""
    engine = _engine(database_url)
    try:
        with engine.connect() as connection:
            at = MigrationContext.configure(connection).get_current_revision()
        return at != ScriptDirectory.from_config(_config()).get_current_head()
    finally:
        engine.dispose()


def run_file(name: str) -> None:
    """Execute a file of the migrations folder inside the running revision."""
    run_text((FOLDER / name).read_text())


def run_text(sql: str) -> None:
    """Execute several statements as they stand: the driver sees no parameters, so `%` means itself."""
    cursor: Any = op.get_bind().connection.cursor()
    try:
        cursor.execute(sql)
    finally:
        cursor.close()


def _settle(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        for name, value in SESSION.items():
            words = {"database": Identifier(connection.info.dbname), "name": Identifier(name), "value": value}
            connection.execute(SQL(statements("session")["settle"]).format(**words))


def _engine(database_url: str) -> sqlalchemy.Engine:
    """A migration may take as long as it takes."""
    url = "postgresql+psycopg://" + database_url.split("://", 1)[1]
    options = {"options": "-c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0"}
    return sqlalchemy.create_engine(url, poolclass=sqlalchemy.pool.NullPool, connect_args=options)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    return config
