"""Three lines: action proposals, visits, documents, service cards, ratings, and clocks that stand still."""

from gateway.record.migrate import run_file

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    run_file("0015_lines.sql")
