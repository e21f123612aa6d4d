"""A number that takes no texts may be several people's."""

from gateway.record.migrate import run_file

revision = "0068"
down_revision = "0067"


def upgrade() -> None:
    run_file("0068_one_persons.sql")
