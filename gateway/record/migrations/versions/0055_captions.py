"""What is said in a talk, as text while it is said."""

from gateway.record.migrate import run_file

revision = "0055"
down_revision = "0054"


def upgrade() -> None:
    run_file("0055_captions.sql")
