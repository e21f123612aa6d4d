"""Agents answer in the browser; a talk can be held, silenced and handed over."""

from gateway.record.migrate import run_file

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    run_file("0024_telephone.sql")
