"""Password and second factor of the owners' people."""

from gateway.record.migrate import run_file

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    run_file("0023_portal_login.sql")
