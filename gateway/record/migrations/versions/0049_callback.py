"""The number to call back, apart from a call's state."""

from gateway.record.migrate import run_file

revision = "0049"
down_revision = "0048"


def upgrade() -> None:
    run_file("0049_callback.sql")
