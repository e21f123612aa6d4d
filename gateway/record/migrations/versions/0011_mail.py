"""Mail: dead addresses, delays, files of replies, pictures drawn anew, accounts of mailboxes."""

from gateway.record.migrate import run_file

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    run_file("0011_mail.sql")
