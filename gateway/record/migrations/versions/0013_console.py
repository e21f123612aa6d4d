"""What the console keeps: saved views, mentions, manufacturers' references; an agent's reach and second factor."""

from gateway.record.migrate import run_file

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    run_file("0013_console.sql")
