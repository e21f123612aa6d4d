"""What a mail says, without compression."""

from gateway.record.migrate import run_file

revision = "0051"
down_revision = "0050"


def upgrade() -> None:
    run_file("0051_plain_contents.sql")
