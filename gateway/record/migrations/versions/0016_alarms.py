"""What chargers say about themselves, and cases that wait for maintenance to end."""

from gateway.record.migrate import run_file

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    run_file("0016_alarms.sql")
