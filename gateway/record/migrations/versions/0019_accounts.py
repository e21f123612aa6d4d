"""What came by each door, against what is in reports."""

from gateway.record.migrate import run_file

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    run_file("0019_accounts.sql")
