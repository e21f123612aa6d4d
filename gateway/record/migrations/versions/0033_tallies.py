"""Counted days with their sums."""

from gateway.record.migrate import run_file

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    run_file("0033_tallies.sql")
