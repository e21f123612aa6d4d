"""The outbox goes by the database's clock, and remembers what may have arrived."""

from gateway.record.migrate import run_file

revision = "0043"
down_revision = "0042"


def upgrade() -> None:
    run_file("0043_outbox_clock.sql")
