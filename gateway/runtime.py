"""Every outside connection of a process, opened in order and closed in reverse, in one value.

`open_runtime` waits for nobody: a process starts while PostgreSQL or Redis is away and says so on `/readyz`. It refuses
to start when the spool folder cannot be written to or the rules are wrong.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import ceil

import structlog

from channels.phone_ports import Filing
from channels.report import Fleet, Messages
from gateway.announcements import Board
from gateway.blobs import Blobs, open_blobs
from gateway.chargers import connect_chargers
from gateway.clock import Clock, SystemClock
from gateway.config import Config
from gateway.hosting.crash import Crash, crash_points
from gateway.hosting.stopping import end
from gateway.intake import GroupIntake
from gateway.keeping.readers import HELLO, Born, Here, Reader, reader_apart
from gateway.lanes import LANES
from gateway.ledgers.accounting import Accountant
from gateway.ledgers.receipts import Noting, Receipts
from gateway.live import Live
from gateway.messages.outbox import Outbox
from gateway.record.db import BY_INDEX, Database
from gateway.record.heartbeats import beat
from gateway.record.sites import Master
from gateway.ruling import Ruling
from gateway.solutions import SolutionFiles
from gateway.spool import FileSpool, open_spool
from routing.directory import Directory
from routing.rules import Rules

log = structlog.get_logger()
REFRESH = 4.0  # seconds between looks at the master data, and between heartbeats: twice a slot of ten seconds at least
RETRY = 1.0  # seconds between tries while the database is away
ANSWERING = ("web",)  # roles that somebody waits on, for every single report
MANY = ("smtp",)  # roles to which so many reports come at once that a process of its own reads them
POOL = {"web": 10, "smtp": 4, "imap": 3, "worker": 4}  # connections of a role, at most; those of all `web` together
CALLS = 6  # connections that only live calls may use, together
LEAST = 3  # connections of one process


@dataclass(frozen=True)
class Runtime:
    """What a role works with."""

    config: Config
    role: str
    clock: Clock
    db: Database
    calls_db: Database  # connections that only live calls may use
    live: Live
    blobs: Blobs
    directory: Callable[[], Directory]
    refresh_directory: Callable[[], Awaitable[None]]
    rules: Callable[[], Rules]
    rule_faults: Callable[[], tuple[str, ...]]  # why a change of the rules was refused
    intake: Filing
    spool: FileSpool
    messages: Messages
    chargers: Fleet
    solutions: SolutionFiles
    board: Board  # what everybody is told for a while
    crash: Crash


@asynccontextmanager
async def open_runtime(
    config: Config, role: str = "web", clock: Clock | None = None, reader: Born | None = None
) -> AsyncIterator[Runtime]:
    """Open everything a role needs. `config.database_url` must be set; `reader` is a process that reads for it.

    Raises SpoolUnusable and RulesError.
    """
    if config.database_url is None:
        raise ValueError("a role needs DATABASE_URL")
    clock = clock or SystemClock()
    ruling = await asyncio.to_thread(Ruling, config.data_dir, learnt=role in (*ANSWERING, *MANY))
    receipts = Receipts(config.data_dir, role, clock)
    spool = open_spool(config.data_dir, receipts.note)
    pooled = config.pooled
    db = Database(
        config.database_url, size=_share(config, role, POOL.get(role, 6)), name=f"switchyard-{role}", pooled=pooled
    )
    calls_db = (
        Database(
            config.database_url,
            size=_share(config, role, CALLS),
            timeout=1.0,
            name="switchyard-calls",
            options=BY_INDEX,
            pooled=pooled,
        )
        if role == "web"
        else db
    )
    intake_db = Database(
        config.database_url, size=LANES, name=f"switchyard-{role}-intake", options=BY_INDEX, pooled=pooled
    )
    live = Live(config.redis_url)
    blobs = open_blobs(config.blob_url or None, config.data_dir)
    master = Master(db)
    board = Board(db)
    crash = crash_points(config.crash_at, role)
    await db.open()
    await intake_db.open()
    if calls_db is not db:
        await calls_db.open()
    await live.open()
    await master.refresh()
    await board.look(clock.now())
    async with connect_chargers(config, clock) as chargers, _reader(role, master, ruling, reader) as reads:
        intake = GroupIntake(
            intake_db, clock, master.current, ruling.current, config.secret_keys, blobs, live, reads, crash=crash
        )
        runtime = Runtime(
            config=config,
            role=role,
            clock=clock,
            db=db,
            calls_db=calls_db,
            live=live,
            blobs=blobs,
            directory=master.current,
            refresh_directory=master.refresh,
            rules=ruling.current,
            rule_faults=lambda: ruling.faults,
            intake=Noting(intake, receipts),
            spool=spool,
            messages=Outbox(db, clock),
            chargers=chargers,
            solutions=SolutionFiles(),
            board=board,
            crash=crash,
        )
        chores = asyncio.create_task(_chores(runtime, master, ruling))
        accounting = asyncio.create_task(Accountant(db, clock, spool, config.data_dir).run())
        try:
            yield runtime
        finally:
            await end([chores, accounting])
            await intake.close()
            receipts.close()
            await intake_db.close()
            await live.close()
            if calls_db is not db:
                await calls_db.close()
            await db.close()


def _share(config: Config, role: str, connections: int) -> int:
    """What one process has of the connections of its role."""
    return max(LEAST, ceil(connections / config.web_processes)) if role == "web" else connections


@asynccontextmanager
async def _reader(role: str, master: Master, ruling: Ruling, first: Born | None) -> AsyncIterator[Reader]:
    if role in MANY:
        async with reader_apart(master.current, ruling.current, first) as reader:
            yield reader
        return
    here = Here(master.current, ruling.current)
    if role in ANSWERING:
        await here.read(HELLO)  # the first look at a text loads the language model: not while somebody waits
    yield here


async def _chores(runtime: Runtime, master: Master, ruling: Ruling) -> None:
    """Keep the master data and the rules fresh, and leave heartbeats."""
    while True:
        await master.refresh()
        await ruling.look()
        await runtime.board.look(runtime.clock.now())
        await beat(runtime.db, runtime.role, runtime.clock.now())
        await asyncio.sleep(REFRESH if master.loaded else RETRY)
