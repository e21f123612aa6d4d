"""Files that are to be erased, until they are."""

from gateway.record.migrate import run_file

revision = "0057"
down_revision = "0056"


def upgrade() -> None:
    run_file("0057_doomed_files.sql")
