"""The owners' portal: its users, log-in links, scopes of keys, maintenance windows."""

from gateway.record.migrate import run_file

revision = "0050"
down_revision = "0070"


def upgrade() -> None:
    run_file("0050_portal.sql")
