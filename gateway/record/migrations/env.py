"""Alembic's environment: raw SQL revisions, one advisory lock, one transaction a revision."""

from alembic import context
from sqlalchemy import Connection

connection: Connection = context.config.attributes["connection"]
context.configure(connection=connection, transaction_per_migration=True)
context.run_migrations()
