"""On call: the rota, the ladders, and the telephones that we ring."""

from gateway.record.migrate import run_file

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    run_file("0017_oncall.sql")
