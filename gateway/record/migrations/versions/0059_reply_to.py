"""Where the sender of a mail asks answers to go."""

from gateway.record.migrate import run_file

revision = "0059"
down_revision = "0058"


def upgrade() -> None:
    run_file("0059_reply_to.sql")
