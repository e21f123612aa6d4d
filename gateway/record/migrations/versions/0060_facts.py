"""Facts read from timelines, counted by day; what agents were doing and when."""

from gateway.record.migrate import run_file

revision = "0060"
down_revision = "0030"


def upgrade() -> None:
    run_file("0060_facts.sql")
