"""An index of chargers with faults."""

from gateway.record.migrate import run_file

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    run_file("0037_faults.sql")
