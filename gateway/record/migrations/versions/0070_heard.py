"""What callers tell a recording is looked through for danger once it is text."""

from gateway.record.migrate import run_file

revision = "0070"
down_revision = "0069"


def upgrade() -> None:
    run_file("0070_heard.sql")
