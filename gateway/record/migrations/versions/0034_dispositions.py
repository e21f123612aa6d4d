"""What came of a call."""

from gateway.record.migrate import run_file

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    run_file("0034_dispositions.sql")
