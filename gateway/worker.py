"""The worker role: sends what is to be sent, offers what is to be offered, sweeps what is due, forgets what is old.

Jobs only wake the sweeps; they also run by themselves every two seconds, so that a lost job costs no more than that.
Any number of workers may run: leases, advisory locks and the cases' own locks keep them out of each other's way. While
PostgreSQL is away nothing is done and nothing is lost.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass

import psycopg
import structlog
from procrastinate import App, JobContext, PsycopgConnector
from procrastinate.exceptions import ConnectorException

from channels.report import Solution
from gateway import (
    alerts,
    dispatch,
    escalation,
    mailed_figures,
    measures,
    outbox,
    overflow,
    platform,
    presence,
    silence,
    telephony,
)
from gateway.blobs import BlobsUnavailable
from gateway.config import Config
from gateway.jobs import FOLLOW
from gateway.post import connect_post
from gateway.privacy import retain
from gateway.record.db import Unavailable, statements
from gateway.runtime import Runtime, open_runtime
from gateway.stopping import end, until_stopped

log = structlog.get_logger()
WORK = statements("work")
REST = 2.0  # seconds between sweeps that nobody asked for
POLL = 1.0  # seconds between looks for jobs whose notification was lost
STALLED = 60  # seconds after which a job whose worker gave no sign of life is taken up again
KEEP_FAILED = 24 * 14  # hours
DUE = 0.05  # seconds in which wake-ups are gathered into one sweep


@dataclass(frozen=True)
class Chores:
    """What a worker does when it is woken: every sweep in a loop of its own, so that a slow one holds up no other."""

    runtime: Runtime
    sweeps: tuple[Callable[[], Awaitable[int]], ...]
    woken: Mapping[Callable[[], Awaitable[int]], asyncio.Event]

    def wake(self) -> None:
        for event in self.woken.values():
            event.set()

    async def sweep(self) -> None:
        """Everything once."""
        for chore in self.sweeps:
            await _once(chore)

    async def run(self) -> None:
        """Sweep until cancelled. The first sweep begins as soon as it is woken: somebody waits for it."""
        await asyncio.gather(*(self._again(chore, chore is self.sweeps[0]) for chore in self.sweeps))

    async def _again(self, chore: Callable[[], Awaitable[int]], at_once: bool) -> None:
        woken = self.woken[chore]
        while True:
            woken.clear()
            await _once(chore)
            if at_once:
                await asyncio.sleep(DUE)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(woken.wait(), REST)
            if not at_once:
                await asyncio.sleep(DUE)


async def _once(chore: Callable[[], Awaitable[int]]) -> None:
    """One sweep; what fails is logged and tried again at the next one."""
    try:
        await chore()
    except Unavailable:
        return
    except Exception as error:
        log.exception("sweep.failed", sweep=getattr(chore, "__qualname__", repr(chore)), error=type(error).__name__)


async def serve(config: Config) -> None:
    """Work until told to stop."""
    async with open_runtime(config, "worker") as runtime, open_chores(runtime) as chores:
        work = [asyncio.create_task(job) for job in (chores.run(), _jobs(chores, config), _listen(chores, config))]
        await until_stopped()
        await end(work)


@contextlib.asynccontextmanager
async def open_chores(runtime: Runtime) -> AsyncIterator[Chores]:
    """The sweeps of this installation, with the connections they send through."""
    async with connect_post(runtime) as post, telephony.chores(runtime) as of_the_phone:
        facts_of = outbox.facts_from(
            runtime.config.public_url,
            next((number.number for number in runtime.config.twilio_numbers), None),
            _solutions_for(runtime),
            lambda language, site: "\n\n".join(runtime.board.told(language, runtime.clock.now(), None, site)),
        )
        sweeper = outbox.Sweeper(runtime.db, runtime.clock, post, facts_of, runtime.crash)

        async def offer() -> int:
            return await dispatch.sweep(runtime)

        async def escalate() -> int:
            return await escalation.sweep(runtime)

        async def listen() -> int:
            return await silence.sweep(runtime)

        async def overflows() -> int:
            return await overflow.sweep(runtime)

        keeper = measures.Keeper(runtime.db, runtime.clock)
        alarms = alerts.Alarms(runtime)
        probe = platform.Probe(runtime)
        mailer = mailed_figures.Mailer(runtime)
        floor = (offer, sweeper.sweep, escalate, presence.Watch(runtime).sweep, listen, overflows)
        sweeps = (*floor, keeper.sweep, alarms.sweep, probe.sweep, mailer.sweep, *of_the_phone)
        yield Chores(runtime, sweeps, {sweep: asyncio.Event() for sweep in sweeps})


def _solutions_for(runtime: Runtime) -> outbox.SolutionsFor:
    def solutions_for(category: str, language: str, charger: str | None) -> list[Solution]:
        known = runtime.directory().chargers.get(charger or "")
        return list(runtime.solutions.find(category, language, known.model if known else None))

    return solutions_for


async def _listen(chores: Chores, config: Config) -> None:
    """Wake as soon as a job is there; the job worker misses those that come while it looks, until its next look."""
    while True:
        with contextlib.suppress(psycopg.Error):
            async with await psycopg.AsyncConnection.connect(_direct(config), autocommit=True) as connection:
                await connection.execute(WORK["listen"])
                async for _ in connection.notifies():
                    chores.wake()
        await asyncio.sleep(1.0)


async def _jobs(chores: Chores, config: Config) -> None:
    """Run the job worker, and again when it lost the database."""
    while True:
        app = _app(chores, _direct(config))
        try:
            async with app.open_async():
                await app.run_worker_async(
                    fetch_job_polling_interval=POLL,
                    delete_jobs="successful",
                    install_signal_handlers=False,
                    concurrency=4,
                )
        except (ConnectorException, psycopg.Error) as error:
            log.warning("worker.database_away", error=type(error).__name__)
        await asyncio.sleep(1.0)


def _direct(config: Config) -> str:
    """The way to the database past any pooler."""
    return config.database_direct_url or config.database_url or ""


def _app(chores: Chores, conninfo: str) -> App:
    runtime = chores.runtime
    app = App(connector=PsycopgConnector(conninfo=conninfo, min_size=1, max_size=4))

    @app.task(name=FOLLOW)
    async def follow() -> None:
        chores.wake()

    @app.periodic(cron="*/2 * * * *")
    @app.task(name="stalled", pass_context=True)
    async def stalled(context: JobContext, timestamp: int) -> None:
        for job in await context.app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED):
            await context.app.job_manager.retry_job(job)

    @app.periodic(cron="17 2 * * *")
    @app.task(name="nightly", pass_context=True)
    async def nightly(context: JobContext, timestamp: int) -> None:
        with contextlib.suppress(BlobsUnavailable):
            await retain(runtime.db, runtime.blobs, runtime.clock.now())
        await context.app.job_manager.delete_old_jobs(nb_hours=KEEP_FAILED, include_failed=True)

    return app
