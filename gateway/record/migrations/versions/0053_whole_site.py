"""Cases about a site as a whole, by their site."""

from gateway.record.migrate import run_file

revision = "0053"
down_revision = "0052"


def upgrade() -> None:
    run_file("0053_whole_site.sql")
