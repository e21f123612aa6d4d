"""Figures by mail."""

from gateway.record.migrate import run_file

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    run_file("0025_report_orders.sql")
