"""The revisions form one line, and their numbers say in which order they run."""

from alembic.script import ScriptDirectory

from gateway.record.migrate import _config


def test_revisions_run_in_the_order_of_their_numbers() -> None:
    """Whoever reads the folder reads them in the order in which they run."""
    newest_first = [script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()]
    assert newest_first == sorted(newest_first, reverse=True)
    assert len(ScriptDirectory.from_config(_config()).get_heads()) == 1
