"""To whom a caller who waits is brought."""

from gateway.record.migrate import run_file

revision = "0065"
down_revision = "0062"


def upgrade() -> None:
    run_file("0065_taken_callers.sql")
