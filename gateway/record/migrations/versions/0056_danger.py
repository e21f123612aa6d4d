"""An index of the few open cases of danger."""

from gateway.record.migrate import run_file

revision = "0056"
down_revision = "0055"


def upgrade() -> None:
    run_file("0056_danger.sql")
