"""Mailboxes that cannot be read."""

from gateway.record.migrate import run_file

revision = "0046"
down_revision = "0045"


def upgrade() -> None:
    run_file("0046_mailbox_failures.sql")
