"""To whom a caller who waits is brought."""

from gateway.record.migrate import run_file

revision = "0066"
down_revision = "0065"


def upgrade() -> None:
    run_file("0066_taken_callers.sql")
