"""An index for the months of an owner."""

from gateway.record.migrate import run_file

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    run_file("0035_owner_months.sql")
