"""An index that nobody read."""

from gateway.record.migrate import run_file

revision = "0048"
down_revision = "0047"


def upgrade() -> None:
    run_file("0048_fewer_indexes.sql")
