"""An index of the few cases that strangers are told of."""

from gateway.record.migrate import run_file

revision = "0054"
down_revision = "0053"


def upgrade() -> None:
    run_file("0054_told_cases.sql")
