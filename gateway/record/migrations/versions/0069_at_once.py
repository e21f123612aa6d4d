"""Who are on the line at once from one number are two."""

from gateway.record.migrate import run_file

revision = "0069"
down_revision = "0068"


def upgrade() -> None:
    run_file("0069_at_once.sql")
