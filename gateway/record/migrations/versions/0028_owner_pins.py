"""A telephone code for owners."""

from gateway.record.migrate import run_file

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    run_file("0028_owner_pins.sql")
