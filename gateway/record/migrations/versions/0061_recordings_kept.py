"""Recordings are due at the provider until they are gone there."""

from gateway.record.migrate import run_file

revision = "0061"
down_revision = "0058"


def upgrade() -> None:
    run_file("0061_recordings_kept.sql")
