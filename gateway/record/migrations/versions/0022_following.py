"""A text when it is solved, for those who follow a report by its link."""

from gateway.record.migrate import run_file

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    run_file("0022_following.sql")
