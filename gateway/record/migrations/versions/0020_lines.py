"""Three lines: action proposals, visits, documents, service cards, ratings, and clocks that stand still."""

from gateway.record.migrate import run_file

revision = "0020"
down_revision = "0060"


def upgrade() -> None:
    run_file("0020_lines.sql")
