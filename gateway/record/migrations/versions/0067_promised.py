"""A call-back is not made while its customer is on another way to somebody."""

from gateway.record.migrate import run_file

revision = "0067"
down_revision = "0066"


def upgrade() -> None:
    run_file("0067_promised.sql")
