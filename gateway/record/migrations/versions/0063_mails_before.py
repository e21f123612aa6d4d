"""The Message-IDs of the mails before a mail."""

from gateway.record.migrate import run_file

revision = "0063"
down_revision = "0062"


def upgrade() -> None:
    run_file("0063_mails_before.sql")
