"""The daily signed statement."""

from gateway.record.migrate import run_file

revision = "0040"
down_revision = "0039"


def upgrade() -> None:
    run_file("0040_statements.sql")
