"""What managers do: announcements, overflow, alarms for people."""

from gateway.record.migrate import run_file

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    run_file("0018_managers.sql")
