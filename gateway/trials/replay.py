"""`replay`: labelled reports through the real pipeline, on servers of its own in a temporary folder.

The clock stands at each report's moment, deadlines fall due between reports, nobody answers and nothing is concluded.
Decisions never see `truth`; it is read only by the score, after the last of them.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from channels.report import Receipt
from gateway import escalation
from gateway.casenumber import number
from gateway.clock import SetClock
from gateway.config import load
from gateway.hosting.servers import start
from gateway.importing import import_folder
from gateway.languages import words
from gateway.record.db import Database, statements
from gateway.record.migrate import migrate
from gateway.runtime import Runtime, open_runtime
from gateway.trials.lines import one_line
from gateway.trials.samples import read_samples, report_of

SQL = statements("reports")
DEMO = Path(__file__).parents[2] / "demo"


async def replay(file: Path, data: Path | None, score: bool, as_json: bool) -> AsyncIterator[str]:
    """The lines to print: one JSON object a report in input order, and the score when it is asked for."""
    samples = list(read_samples(file))
    reports = [report_of(sample) for sample in samples]
    async with _gateway(data or DEMO, reports[0].received_at if reports else None) as (runtime, clock):
        receipts: list[Receipt] = []
        for done, report in enumerate(reports, 1):
            clock.put(report.received_at)
            await escalation.sweep(runtime)
            receipts.append(await runtime.intake.accept(report))
            _progress(done, len(reports))
        rows = await _rows(runtime.db, samples, receipts)
    for row in rows:
        yield one_line(row)
    if score:
        from gateway.trials.score import score as judge

        result = judge(rows, samples)
        if as_json:
            yield one_line(result.figures())
        else:
            for line in result.lines():
                yield line


@asynccontextmanager
async def _gateway(data: Path, at: Any) -> AsyncIterator[tuple[Runtime, SetClock]]:
    with tempfile.TemporaryDirectory(prefix="switchyard-replay-") as folder:
        os.chmod(folder, 0o711)  # noqa: S103 the servers' user must be able to enter
        config = load({"DATA_DIR": folder})
        servers = start(config.data_dir)
        try:
            config = config.model_copy(
                update={"database_url": servers.database_url, "redis_url": servers.redis_url},
            )
            migrate(servers.database_url)
            await import_folder(config, data)
            clock = SetClock(at) if at is not None else _fresh_clock()
            async with open_runtime(config, "replay", clock) as runtime:
                yield runtime, clock
        finally:
            servers.stop()


def _fresh_clock() -> SetClock:
    from gateway.clock import SystemClock

    return SetClock(SystemClock().now() - timedelta(days=1))


async def _rows(
    db: Database, samples: Sequence[Mapping[str, Any]], receipts: Sequence[Receipt]
) -> list[dict[str, Any]]:
    found = {row["id"]: row for row in await db.rows(SQL["judged"], {"reports": [r.report for r in receipts]})}
    rows = []
    for sample, receipt in zip(samples, receipts, strict=True):
        row = found[receipt.report]
        rows.append(
            {
                "id": sample["id"],
                "category": row["category"],
                "priority": row["priority"],
                "charger": row["charger_id"],
                "site": row["site_id"],
                "language": row["language"],
                "queue": row["queue"],
                "reasons": {
                    topic: [words(reason, "en") for reason in reasons] for topic, reasons in row["reasons"].items()
                },
                "case": number(row["case_id"]),
            }
        )
    return rows


def _progress(done: int, of: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{done}/{of}" + ("\n" if done == of else ""))
        sys.stderr.flush()
