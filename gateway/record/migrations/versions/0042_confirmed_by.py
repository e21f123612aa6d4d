"""How a customer's yes came."""

from gateway.record.migrate import run_file

revision = "0042"
down_revision = "0041"


def upgrade() -> None:
    run_file("0042_confirmed_by.sql")
