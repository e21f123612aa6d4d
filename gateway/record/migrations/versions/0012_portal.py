"""The owners' portal: its users, log-in links, scopes of keys, maintenance windows."""

from gateway.record.migrate import run_file

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    run_file("0012_portal.sql")
