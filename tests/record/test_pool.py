"""The pool of connections: few sessions do the work, so that few hold the plans of its statements."""

from collections.abc import AsyncIterator

import pytest

from gateway.record.db import Database


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url, size=4)
    await opened.open()
    yield opened
    await opened.close()


async def test_what_comes_one_by_one_is_done_by_one_session_however_many_there_are(db: Database):
    async with db.connection(), db.connection(), db.connection() as third:
        used = {third.info.backend_pid}
    for _ in range(8):
        async with db.connection() as connection:
            used.add(connection.info.backend_pid)
    assert len(used) <= 2
