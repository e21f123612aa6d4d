"""The Message-IDs of our mails."""

from gateway.record.migrate import run_file

revision = "0047"
down_revision = "0046"


def upgrade() -> None:
    run_file("0047_mail_ids.sql")
