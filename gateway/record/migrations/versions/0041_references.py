"""Links to what makers tell, once each."""

from gateway.record.migrate import run_file

revision = "0041"
down_revision = "0040"


def upgrade() -> None:
    run_file("0041_references.sql")
