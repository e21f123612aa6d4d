"""The record: master data, people, cases, reports, timeline, work, messages, calls."""

from gateway.record.migrate import run_file

revision = "0001"
down_revision = None


def upgrade() -> None:
    run_file("0001_record.sql")
