"""Who else a mail went to."""

from gateway.record.migrate import run_file

revision = "0064"
down_revision = "0063"


def upgrade() -> None:
    run_file("0064_copies.sql")
