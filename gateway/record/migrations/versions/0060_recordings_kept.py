"""Recordings are due at the provider until they are gone there."""

from gateway.record.migrate import run_file

revision = "0060"
down_revision = "0059"


def upgrade() -> None:
    run_file("0060_recordings_kept.sql")
