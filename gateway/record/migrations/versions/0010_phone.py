"""Indexes for the phone: callers who wait, answers of the last hour, texts by the provider's id."""

from gateway.record.migrate import run_file

revision = "0010"
down_revision = "0002"


def upgrade() -> None:
    run_file("0010_phone.sql")
