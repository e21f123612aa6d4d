"""One clock for all leases."""

from gateway.record.migrate import run_file

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    run_file("0030_lease_now.sql")
