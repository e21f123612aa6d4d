"""The way to PostgreSQL: a pool, and the named statements of the `.sql` files.

A statement file holds blocks headed `-- name: word`; `statements("cases")` reads `cases.sql` once. Connections are
checked when handed out, a transaction left idle is ended by the server after 5 s and a statement after 20 s, so that a
paused process holds nobody up. `Unavailable` is raised when no connection can be had in time.
"""

from __future__ import annotations

import json
import re
import select
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, LiteralString, cast

import psycopg
from psycopg import AsyncConnection, AsyncCursor, AsyncPipeline
from psycopg._queries import PostgresQuery
from psycopg.abc import Params, PQGen, Query
from psycopg.rows import DictRow, Row, TupleRow, dict_row, tuple_row
from psycopg.types.json import Jsonb
from psycopg.waiting import Ready, Wait
from psycopg_pool import AsyncConnectionPool, PoolTimeout

Connection = AsyncConnection[DictRow]

FOLDER = Path(__file__).parent
HEAD = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)

# What every session of a role goes by. Behind a pooler, which takes no `options`, it is kept with the role (`migrate`).
SESSION = MappingProxyType(
    {
        "idle_in_transaction_session_timeout": "5s",
        "statement_timeout": "20s",
        "lock_timeout": "10s",
        "TimeZone": "UTC",
    }
)

# For a pool whose every statement finds its rows by an index: plans are made once and kept, and a table that was tiny
# when its plan was made is not read whole when it has grown.
BY_INDEX = (
    "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off "
    "-c enable_material=off -c enable_memoize=off"
)

IMPATIENCE = 2.0  # seconds to wait for a connection when the last wait was in vain


# No row leads back to itself.
compact = json.JSONEncoder(separators=(",", ":"), check_circular=False, ensure_ascii=False).encode

PAUSED = psycopg.errors.IdleInTransactionSessionTimeout  # we stood still for too long, and nothing was committed


class Unavailable(Exception):
    """PostgreSQL did not answer in time; what was asked was not done."""


@cache
def statements(aggregate: str) -> Mapping[str, LiteralString]:
    """The named statements of one aggregate's `.sql` file."""
    parts = HEAD.split((FOLDER / f"{aggregate}.sql").read_text(encoding="utf-8"))
    return MappingProxyType(
        {name: cast(LiteralString, body.strip()) for name, body in zip(parts[1::2], parts[2::2], strict=True)}
    )


def recordset(rows: Sequence[Mapping[str, Any]]) -> Jsonb:
    """Rows for `jsonb_to_recordset`, each with its place in the order as `nth`."""
    return Jsonb(_counted(rows), compact)


def recordsets(blocks: Mapping[str, Sequence[Mapping[str, Any]]]) -> Jsonb:
    """The rows of every block of one statement that was put `together`."""
    return Jsonb({name: _counted(rows) for name, rows in blocks.items()}, compact)


def together(blocks: Mapping[str, Sequence[LiteralString]], last: LiteralString) -> LiteralString:
    """One statement of several that each add or change rows, which `recordsets` has under the block's name, and of a
    last one that reads. All of them see the record as it was before; keys of rows that another of them adds hold."""
    parts = [
        f"{name}{nth} AS (\n{block.replace('%(rows)s', its_rows)}\n)"
        for name, ours in blocks.items()
        for its_rows in (f"%(rows)s::jsonb -> '{name}'",)
        for nth, block in enumerate(ours)
    ]
    return statements("session")["together"].format(blocks=",\n".join(parts), last=last)


def _counted(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "nth": nth} for nth, row in enumerate(rows, 1)]


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    """The database for as long as a command lasts. Raises Unavailable."""
    db = Database(url, size=2)
    await db.open()
    try:
        yield db
    finally:
        await db.close()


async def plan_again(conn: Connection) -> None:
    """Let go of the plans of one connection's statements; each is planned for what is there at its next use."""
    await conn.execute(statements("session")["plan_again"])


class _Cursor(AsyncCursor[Row]):
    """In a pipeline, what is executed waits to be sent until an answer is asked for: then the server is woken once. It
    is asked by a sync, not by a flush: whoever stands still after the answer is idle in a transaction then, and ended.
    """

    _known: tuple[Query, PostgresQuery] | None = None  # a statement whose places for parameters have been found

    def _execute_gen(
        self, query: Query, params: Params | None = None, *, prepare: bool | None = None, binary: bool | None = None
    ) -> PQGen[None]:
        pipeline = self._conn._pipeline
        if pipeline is None:
            yield from super()._execute_gen(query, params, prepare=prepare, binary=binary)
            return
        yield from self._start_query(query)
        if self._known and self._known[0] is query:
            self._known[1].dump(params)
        else:
            self._known = query, self._convert_query(query, params)
        yield from self._maybe_prepare_gen(self._known[1], prepare=prepare, binary=binary)
        self._last_query = query
        yield from self._conn._prepared.maintain_gen(self._conn)
        while pipeline.command_queue:
            pipeline.command_queue.popleft()()

    async def _fetch_pipeline(self) -> None:
        if self._conn._pipeline and not self.pgresult:
            await self._conn._pipeline.sync()
        await super()._fetch_pipeline()


class _Pipeline(AsyncPipeline):
    """Sends what was asked as one and whole before it waits for answers. The library sends the question, then the sync,
    and at the end a flush that nobody needs, and the server is woken for each; and it goes on to wait for answers when
    the line has not taken all, which the server then waits for."""

    def _communicate_gen(self) -> PQGen[None]:
        while self.command_queue:
            self.command_queue.popleft()()
        while self.pgconn.flush():  # the line takes no more at present
            if (yield Wait.RW) & Ready.R:
                self.pgconn.consume_input()

    def _exit_gen(self) -> PQGen[None]:
        yield from self._sync_gen()


class Line(AsyncConnection[DictRow]):
    """A connection whose cursors stay: what one has found out about a statement it knows the next time."""

    @asynccontextmanager
    async def pipeline(self) -> AsyncIterator[AsyncPipeline]:
        async with self.lock:
            self._check_connection_ok()
            self._pipeline = _Pipeline(self)
        try:
            async with self._pipeline as pipeline:
                yield pipeline
        finally:
            self._pipeline = None

    @cached_property
    def bare(self) -> AsyncCursor[TupleRow]:
        return self.cursor(row_factory=tuple_row)

    @cached_property
    def _kept(self) -> dict[str, AsyncCursor[DictRow]]:
        return {}

    async def ask(
        self, statement: LiteralString, parameters: Params | None = None, *, prepare: bool | None = None
    ) -> AsyncCursor[DictRow]:
        """As `execute`, for less work: a statement has one cursor, whose answer is there until it is asked again."""
        cursor = self._kept.get(statement)
        if cursor is None:
            cursor = self._kept[statement] = self.cursor()
        return await cursor.execute(statement, parameters, prepare=prepare)


class _Warm(AsyncConnectionPool[Line]):
    """Gives the connection that came back last: as few sessions as can do the work hold the plans of its statements."""

    async def _get_ready_connection(self, timeout: float | None) -> Line | None:
        self._pool.rotate()
        return await super()._get_ready_connection(timeout)


class Database:
    """A pool of connections. `pooled`: another pool stands between, which may give each transaction another session;
    then nothing is prepared, and sessions are as they are set for the role.
    """

    def __init__(
        self,
        url: str,
        *,
        size: int = 8,
        timeout: float = 5.0,
        name: str = "switchyard",
        options: str = "",
        pooled: bool = False,
    ) -> None:
        self.url = url
        session = " ".join(f"-c {setting}={value}" for setting, value in SESSION.items())
        direct = {"options": f"{session} {options}".strip(), "prepare_threshold": 2}
        self._timeout = self._patience = timeout
        self._pool = _Warm(
            url,
            connection_class=Line,
            kwargs={
                "row_factory": dict_row,
                "cursor_factory": _Cursor,
                "autocommit": True,
                "application_name": name,
                **({"prepare_threshold": None} if pooled else direct),
                "keepalives_idle": 5,
                "keepalives_interval": 2,
                "keepalives_count": 2,
                "tcp_user_timeout": 10_000,
                "connect_timeout": 5,
            },
            min_size=1,
            max_size=size,
            timeout=timeout,
            check=_still_there,
            open=False,
            reconnect_timeout=2.0,
        )

    async def open(self) -> None:
        """Start filling the pool; does not wait for PostgreSQL to answer."""
        await self._pool.open(wait=False)

    async def close(self) -> None:
        await self._pool.close(timeout=5.0)

    @asynccontextmanager
    async def connection(self, timeout: float | None = None) -> AsyncIterator[Line]:
        """A connection in autocommit. Raises Unavailable when there is none or when it breaks.

        While the database is away callers are told after two seconds instead of waiting out the whole time-out.
        """
        try:
            async with self._pool.connection(timeout=min(timeout or self._timeout, self._patience)) as connection:
                self._patience = self._timeout
                yield connection
        except (PoolTimeout, psycopg.OperationalError, PAUSED) as error:
            if isinstance(error, PoolTimeout):
                self._patience = IMPATIENCE
            if isinstance(error, psycopg.errors.QueryCanceled | psycopg.errors.LockNotAvailable | PoolTimeout | PAUSED):
                raise Unavailable(type(error).__name__) from error
            if error.sqlstate is None or error.sqlstate[:2] in ("08", "57", "53"):
                raise Unavailable(type(error).__name__) from error
            raise

    @asynccontextmanager
    async def transaction(self, timeout: float | None = None) -> AsyncIterator[Connection]:
        """A connection inside a transaction: commits when the block ends, rolls back when it raises."""
        async with self.connection(timeout) as connection, connection.transaction():
            yield connection

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Connection]:
        """A transaction that only reads, everything as it was at one moment."""
        async with self.transaction() as connection:
            await connection.execute(statements("session")["one_moment"])
            yield connection

    @asynccontextmanager
    async def pipelined(self) -> AsyncIterator[Line]:
        """A transaction whose statements are sent when a result is asked for, and at its end: neither BEGIN nor COMMIT
        costs a round trip of its own. PostgreSQL passes over whatever follows a statement that failed, COMMIT too, or
        answers it with a rollback: both are Unavailable to who passed over the failure.
        """
        session = statements("session")
        async with self.connection() as connection:
            async with connection.pipeline():
                await connection.ask(session["begin"], prepare=False)
                yield connection
                ended = await connection.ask(session["commit"], prepare=False)
            if ended.statusmessage != "COMMIT":
                raise Unavailable(str(ended.statusmessage))

    async def rows(self, statement: LiteralString, parameters: Mapping[str, Any] | None = None) -> list[DictRow]:
        """All rows of one statement outside any transaction."""
        async with self.connection() as connection:
            return await (await connection.execute(statement, parameters)).fetchall()

    async def tuples(self, statement: LiteralString, parameters: Mapping[str, Any]) -> list[TupleRow]:
        """As `rows`, for half the work: for what every turn of every call asks."""
        async with self.connection() as connection:
            await connection.bare.execute(statement, parameters)
            return await connection.bare.fetchall()

    async def row(self, statement: LiteralString, parameters: Mapping[str, Any] | None = None) -> DictRow | None:
        async with self.connection() as connection:
            return await (await connection.execute(statement, parameters)).fetchone()

    async def run(self, statement: LiteralString, parameters: Mapping[str, Any] | None = None) -> int:
        """Execute one statement by itself; returns the number of rows it touched."""
        async with self.connection() as connection:
            return (await connection.execute(statement, parameters)).rowcount


async def _still_there(connection: Connection) -> None:
    """Refuse to hand out a connection the server has closed, without asking the server each time.

    Nothing arrives on an idle connection except its end; only one with something to read is asked. Raises when it is
    dead, and the pool takes the next.
    """
    waiting = select.poll()
    waiting.register(connection.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
    if waiting.poll(0):
        await AsyncConnectionPool.check_connection(connection)
