"""On call: the rota, the ladders, and the telephones that we ring."""

from gateway.record.migrate import run_file

revision = "0052"
down_revision = "0051"


def upgrade() -> None:
    run_file("0052_oncall.sql")
