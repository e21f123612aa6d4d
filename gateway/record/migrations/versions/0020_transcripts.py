"""Recordings as text, with speakers and times."""

from gateway.record.migrate import run_file

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    run_file("0020_transcripts.sql")
