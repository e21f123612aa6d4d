"""What callers thought of a call."""

from gateway.record.migrate import run_file

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    run_file("0038_ratings.sql")
