"""How long callers may wait in a queue."""

from gateway.record.migrate import run_file

revision = "0044"
down_revision = "0043"


def upgrade() -> None:
    run_file("0044_longest_wait.sql")
