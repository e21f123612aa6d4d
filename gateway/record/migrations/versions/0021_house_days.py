"""Uptime and occupancy by day."""

from gateway.record.migrate import run_file

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    run_file("0021_house_days.sql")
