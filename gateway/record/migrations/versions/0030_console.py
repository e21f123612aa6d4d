"""What the console keeps: saved views, mentions, manufacturers' references; an agent's reach and second factor."""

from gateway.record.migrate import run_file

revision = "0030"
down_revision = "0050"


def upgrade() -> None:
    run_file("0030_console.sql")
