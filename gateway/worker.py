"""The worker role: sends what is to be sent, offers what is to be offered, sweeps what is due, forgets what is old.

Wake-ups make the sweeps run at once; they also run by themselves every two seconds, so that a lost one costs no more.
Any number of workers may run: leases, advisory locks and the cases' own locks keep them out of each other's way. While
PostgreSQL is away nothing is done and nothing is lost.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import psycopg
import structlog
from procrastinate import App, JobContext, PsycopgConnector
from procrastinate.exceptions import ConnectorException

from channels.report import Solution
from gateway import alerts, dispatch, emptying, escalation, overflow, platform, presence, silence
from gateway.chores import Chore, Chores
from gateway.config import Config
from gateway.figures import forecasting, mailed_figures, measures
from gateway.hosting.stopping import end, until_stopped
from gateway.hosting.tracing import Span, open_tracing, untraced
from gateway.ledgers import signing
from gateway.messages import outbox
from gateway.messages.post import connect_post, mail_ids, phone_of
from gateway.people.privacy import retain
from gateway.phone import longest, telephony
from gateway.record.db import statements
from gateway.runtime import Runtime, open_runtime

log = structlog.get_logger()
WORK = statements("work")
POLL = 5.0  # seconds between looks for jobs that are to be tried again
STALLED = 60  # seconds after which a job whose worker gave no sign of life is taken up again
KEEP_FAILED = 24 * 14  # hours
MAIL_LANES = 4  # mails on their way at once: a relay that hangs on one of them holds up no other, and no text


async def serve(config: Config) -> None:
    """Work until told to stop."""
    async with (
        open_tracing(config, "worker") as span,
        open_runtime(config, "worker") as runtime,
        open_chores(runtime, span) as chores,
    ):
        jobs = (chores.run(), _jobs(runtime), _listen(chores, config))
        work = [asyncio.create_task(job) for job in jobs]
        await until_stopped()
        await end(work)


@contextlib.asynccontextmanager
async def open_chores(runtime: Runtime, span: Span = untraced) -> AsyncIterator[Chores]:
    """The sweeps of this installation, with the connections they send through."""
    async with connect_post(runtime) as post, telephony.chores(runtime) as of_the_phone:
        facts_of = outbox.facts_from(
            runtime.config.public_url,
            phone_of(runtime.config),
            _solutions_for(runtime),
            lambda language, site: "\n\n".join(runtime.board.told(language, runtime.clock.now(), None, site)),
        )
        mint = mail_ids(runtime.config)
        mails, texts = (
            outbox.Sweeper(runtime.db, runtime.clock, {channel: post[channel]}, facts_of, mint, runtime.crash)
            for channel in ("email", "sms")
        )

        yield Chores(
            (
                Chore("dispatch", lambda: dispatch.sweep(runtime), at_once=True),
                *(Chore(f"mails {lane}", mails.sweep) for lane in range(1, MAIL_LANES + 1)),
                Chore("texts", texts.sweep),
                Chore("escalation", lambda: escalation.sweep(runtime)),
                Chore("presence", lambda: presence.sweep(runtime), every=presence.REST),
                Chore("spool", lambda: emptying.sweep(runtime)),
                Chore("silence", lambda: silence.sweep(runtime)),
                Chore("overflow", lambda: overflow.sweep(runtime)),
                Chore("longest", lambda: longest.sweep(runtime)),
                Chore("measures", lambda: measures.sweep(runtime.db, runtime.clock.now()), every=measures.REST),
                Chore("alerts", lambda: alerts.look(runtime), every=alerts.REST),
                Chore("platform", lambda: platform.probe(runtime), every=platform.REST),
                Chore("mailed_figures", lambda: mailed_figures.mail_due(runtime), every=mailed_figures.REST),
                Chore("forecast", lambda: forecasting.test_weeks(runtime), every=forecasting.REST),
                Chore("statement", lambda: signing.sign_days(runtime), every=signing.REST),
                *of_the_phone,
            ),
            span,
        )


def _solutions_for(runtime: Runtime) -> outbox.SolutionsFor:
    def solutions_for(category: str, language: str, charger: str | None) -> list[Solution]:
        known = runtime.directory().chargers.get(charger or "")
        return list(runtime.solutions.find(category, language, known.model if known else None))

    return solutions_for


async def _listen(chores: Chores, config: Config) -> None:
    """Wake as soon as somebody says that there is something to do."""
    while True:
        with contextlib.suppress(psycopg.Error):
            async with await psycopg.AsyncConnection.connect(config.direct_url, autocommit=True) as connection:
                await connection.execute(WORK["listen"])
                async for _ in connection.notifies():
                    chores.wake()
        await asyncio.sleep(1.0)


async def _jobs(runtime: Runtime) -> None:
    """Run the job worker, and again when it lost the database."""
    while True:
        app = _app(runtime)
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


def _app(runtime: Runtime) -> App:
    app = App(connector=PsycopgConnector(conninfo=runtime.config.direct_url, min_size=1, max_size=4))

    @app.periodic(cron="*/2 * * * *")
    @app.task(name="stalled", pass_context=True)
    async def stalled(context: JobContext, timestamp: int) -> None:
        for job in await context.app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED):
            await context.app.job_manager.retry_job(job)

    @app.periodic(cron="17 2 * * *")
    @app.task(name="nightly", pass_context=True)
    async def nightly(context: JobContext, timestamp: int) -> None:
        await retain(runtime.db, runtime.blobs, runtime.clock.now())
        await context.app.job_manager.delete_old_jobs(nb_hours=KEEP_FAILED, include_failed=True)

    return app
