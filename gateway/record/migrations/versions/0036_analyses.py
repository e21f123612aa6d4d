"""Fault analyses."""

from gateway.record.migrate import run_file

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    run_file("0036_analyses.sql")
