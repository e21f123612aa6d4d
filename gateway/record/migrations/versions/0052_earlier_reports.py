"""Indexes that tell themselves what was reported before."""

from gateway.record.migrate import run_file

revision = "0052"
down_revision = "0051"


def upgrade() -> None:
    run_file("0052_earlier_reports.sql")
