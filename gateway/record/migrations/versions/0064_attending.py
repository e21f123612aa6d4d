"""Who is in somebody else's talk."""

from gateway.record.migrate import run_file

revision = "0064"
down_revision = "0063"


def upgrade() -> None:
    run_file("0064_attending.sql")
