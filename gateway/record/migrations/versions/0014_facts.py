"""Facts read from timelines, counted by day; what agents were doing and when."""

from gateway.record.migrate import run_file

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    run_file("0014_facts.sql")
