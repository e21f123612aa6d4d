"""A raised hand in a talk."""

from gateway.record.migrate import run_file

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    run_file("0029_hands.sql")
