"""When a call-back was wanted, by the clock of the database."""

from gateway.record.migrate import run_file

revision = "0050"
down_revision = "0049"


def upgrade() -> None:
    run_file("0050_callback_at.sql")
