"""The longest wait of call-backs is looked for by its index as well."""

from gateway.record.migrate import run_file

revision = "0058"
down_revision = "0057"


def upgrade() -> None:
    run_file("0058_longest_wait_of_callbacks.sql")
