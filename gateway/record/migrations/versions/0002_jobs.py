"""Procrastinate's own schema, as the installed version ships it."""

from procrastinate.schema import SchemaManager

from gateway.record.migrate import run_text

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    run_text(SchemaManager.get_schema())
