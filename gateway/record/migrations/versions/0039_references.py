"""Links to what makers tell, once each."""

from gateway.record.migrate import run_file

revision = "0039"
down_revision = "0038"


def upgrade() -> None:
    run_file("0039_references.sql")
