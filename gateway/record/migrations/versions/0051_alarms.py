"""What chargers say about themselves, and cases that wait for maintenance to end."""

from gateway.record.migrate import run_file

revision = "0051"
down_revision = "0020"


def upgrade() -> None:
    run_file("0051_alarms.sql")
