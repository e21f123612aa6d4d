"""`explain`: what the gateway would make of a mail or a JSON report, storing nothing and needing no server.

Judged without history: nobody is known and no case is open. One line a file, whatever the file holds; a file that
cannot be read at all gives a line too, with `quarantined` saying why. Mails are parsed as at the door, in a process of
their own with its limits.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from channels.mail.headers import header_end
from channels.parsing import Parsers
from channels.report import Channel, Report, Thread
from gateway.config import DEMO_DOMAIN
from gateway.intake import said_of
from gateway.keeping.cleaning import clean
from gateway.languages import words
from gateway.trials.lines import one_line
from gateway.trials.samples import report_of
from routing.directory import Directory, read_directory
from routing.facts import read_facts
from routing.judge import judge
from routing.rules import Rules, load_rules
from routing.values import History

DEMO = Path(__file__).parents[2] / "demo"
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)  # decisions about one report depend on no present moment


async def explain(files: Sequence[Path], data: Path | None = None) -> AsyncIterator[str]:
    """One JSON line for each file, in the order given."""
    directory, rules = read_directory(data or DEMO), load_rules()
    parsers = Parsers(domains=(DEMO_DOMAIN,))
    await parsers.start()
    try:
        for file in files:
            report = await _read(file, parsers)
            line = {"file": str(file), **_explained(clean(report), directory, rules)}
            yield one_line(line)
    finally:
        await parsers.stop()


async def _read(file: Path, parsers: Parsers) -> Report:
    try:
        raw = await asyncio.to_thread(file.read_bytes)
    except OSError as error:
        return _unreadable(b"", f"cannot be read: {error.strerror}")
    if file.suffix.lower() != ".json":
        return await parsers.read(raw, BEGINNING)
    try:
        return report_of(json.loads(raw))
    except (ValueError, RecursionError) as error:
        return _unreadable(raw, f"not a report: {str(error).removeprefix('not a report: ')}")


def _unreadable(raw: bytes, reason: str) -> Report:
    return Report(channel=Channel.EMAIL, key="", received_at=BEGINNING, text="", raw=raw, quarantined=reason)


def _as_written(report: Report) -> str | None:
    """The sender's address in the capitals that the mail has it in."""
    address = report.sender.email
    if address is None or report.raw is None:
        return address
    head = report.raw[: header_end(report.raw)].decode("utf-8", "replace")
    written = re.search(rf"^from:[^\n]*(?:\n[ \t][^\n]*)*?({re.escape(address)})", head, re.IGNORECASE | re.MULTILINE)
    return written[1] if written else address


def _threaded_by(thread: Thread) -> str | None:
    """By what a message would be threaded, in the order in which it is believed."""
    ways = {"token": thread.token, "references": thread.references, "subject": thread.subject}
    return next((name for name, given in ways.items() if given), None)


def _explained(report: Report, directory: Directory, rules: Rules) -> dict[str, Any]:
    said = said_of(report)
    facts = read_facts(said, directory, rules)
    judgement = judge(said, facts, History(), directory, rules)
    return {
        "channel": report.channel,
        "from": _as_written(report),
        "verified": report.sender.verified,
        "subject": report.subject,
        "new_text": report.text,
        "language": judgement.language if facts.words else None,
        "attachments": [attachment.name for attachment in report.attachments],
        "auto_reply": report.auto_reply,
        "bounce": report.bounce,
        "thread": _threaded_by(report.thread),
        "charger": judgement.place.charger,
        "site": judgement.place.site,
        "category": judgement.category,
        "priority": judgement.priority,
        "reasons": {topic: [words(reason, "en") for reason in reasons] for topic, reasons in judgement.reasons.items()},
        "queue": judgement.queue,
        "quarantined": report.quarantined,
    }
