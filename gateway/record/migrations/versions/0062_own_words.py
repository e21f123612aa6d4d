"""What of a report's text its sender said."""

from gateway.record.migrate import run_file

revision = "0062"
down_revision = "0061"


def upgrade() -> None:
    run_file("0062_own_words.sql")
