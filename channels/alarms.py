"""Alarms of the charging platform: an OCPP StatusNotification (1.6, 4.9; 2.0.1, G01) -> Report. Pure.

The time that the charger gives is told in the full text and kept in the raw body; when we received it is ours to say.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from channels.report import Alarm, Channel, Report


def read(body: Mapping[str, Any], *, key: str, received_at: datetime, fingerprint: bytes) -> Report:
    """One alarm as a report. `body` is a checked alarm of the API; `key` holds its sender's identity and its id."""
    alarm = Alarm(
        status=body.get("status"),
        error=body.get("error"),
        connector=body.get("connector"),
        vendor_id=body.get("vendor_id"),
        vendor_code=body.get("vendor_code"),
        info=body.get("info"),
        protocol=body.get("protocol") or "ocpp1.6",
    )
    return Report(
        channel=Channel.ALARM,
        key=key,
        received_at=received_at,
        text=in_words(alarm),
        full_text=in_words(alarm, body.get("at")),
        charger=body.get("charger"),
        connector=alarm.connector,
        language="en",
        alarm=alarm,
        raw=json.dumps(body, ensure_ascii=False, default=str).encode(),
        raw_type="application/json",
        fingerprint=fingerprint,
    )


def in_words(alarm: Alarm, at: datetime | str | None = None) -> str:
    """An alarm as a line that a person can read."""
    vendor = " ".join(filter(None, (alarm.vendor_id, alarm.vendor_code)))
    parts = [
        alarm.info,
        f"Status {alarm.status}" if alarm.status else None,
        f"error {alarm.error}" if alarm.error and alarm.error != "NoError" else None,
        f"connector {alarm.connector}" if alarm.connector else None,
        f"vendor code {vendor}" if vendor else None,
        f"at {at.isoformat(timespec='seconds') if isinstance(at, datetime) else at}" if at else None,
    ]
    return ", ".join(filter(None, parts))
