"""Who is in somebody else's talk."""

from gateway.record.migrate import run_file

revision = "0065"
down_revision = "0064"


def upgrade() -> None:
    run_file("0065_attending.sql")
