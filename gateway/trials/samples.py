"""Reports in the format of `reports.jsonl`: what `replay`, `explain` and the demo read.

The field `truth` is never looked at here. Raises ValueError, with the line's number, for what is not such a report.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from channels.report import Alarm, Channel, Report, Sender


def read_samples(path: Path) -> Iterator[Mapping[str, Any]]:
    """The objects of a file, one a line; blank lines are passed over."""
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                try:
                    sample = json.loads(line)
                except ValueError as error:
                    raise ValueError(f"{path}:{number}: not JSON: {error}") from error
                if not isinstance(sample, dict):
                    raise ValueError(f"{path}:{number}: not an object")
                yield sample


def report_of(sample: Mapping[str, Any]) -> Report:
    """A sample as the door of its channel would hand it over. Raises ValueError."""
    try:
        channel = Channel(sample["channel"])
        given = sample.get("from") or {}
        error = sample.get("error")
        text = str(sample.get("text") or "")
        return Report(
            channel=channel,
            key=str(sample["id"]),
            received_at=datetime.fromisoformat(sample["at"]),
            text=text,
            sender=Sender(
                name=given.get("name"),
                phone=given.get("phone"),
                email=given["email"].lower() if given.get("email") else None,
                verified=channel is Channel.PORTAL,
            ),
            subject=sample.get("subject"),
            charger=sample.get("charger_field"),
            site=sample.get("site_field"),
            connector=error.get("connector") if error else None,
            language=sample.get("language_hint"),
            alarm=_alarm(error) if error else None,
            raw=text.encode("utf-8", "surrogatepass"),
            raw_type="text/plain",
        )
    except (KeyError, TypeError, AttributeError) as problem:
        raise ValueError(f"not a report: {type(problem).__name__}: {problem}") from problem


def _alarm(error: Mapping[str, Any]) -> Alarm:
    return Alarm(
        status=error.get("status"),
        error=error.get("ocpp") or error.get("error"),
        connector=error.get("connector"),
        vendor_id=error.get("vendor_id"),
        vendor_code=error.get("vendor_code") or error.get("vendor"),
        info=error.get("info"),
        protocol=error.get("protocol", "ocpp1.6"),
    )
