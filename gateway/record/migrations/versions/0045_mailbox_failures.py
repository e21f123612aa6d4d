"""Mailboxes that cannot be read."""

from gateway.record.migrate import run_file

revision = "0045"
down_revision = "0044"


def upgrade() -> None:
    run_file("0045_mailbox_failures.sql")
