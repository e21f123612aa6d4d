"""How long callers may wait in a queue."""

from gateway.record.migrate import run_file

revision = "0043"
down_revision = "0042"


def upgrade() -> None:
    run_file("0043_longest_wait.sql")
