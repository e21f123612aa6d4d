"""Wrong codes for a case are counted by day."""

from gateway.record.migrate import run_file

revision = "0062"
down_revision = "0058"


def upgrade() -> None:
    run_file("0062_code_misses.sql")
