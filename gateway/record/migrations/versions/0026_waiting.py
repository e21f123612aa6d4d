"""The first of every kind of waiting work, found at once."""

from gateway.record.migrate import run_file

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    run_file("0026_waiting.sql")
