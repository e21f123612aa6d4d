"""Ladders that found nobody."""

from gateway.record.migrate import run_file

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    run_file("0031_ladders.sql")
