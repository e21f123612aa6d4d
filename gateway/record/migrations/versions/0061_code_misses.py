"""Wrong codes for a case are counted by day."""

from gateway.record.migrate import run_file

revision = "0061"
down_revision = "0060"


def upgrade() -> None:
    run_file("0061_code_misses.sql")
