"""Texts as they can be stored: neither PostgreSQL nor JSON takes NUL or lone surrogates."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from typing import Any

from channels.report import Report

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def clean(report: Report) -> Report:
    """The report with NUL and lone surrogates in its texts replaced by U+FFFD; the raw bytes stay as they came."""
    cleaned: Report = _clean(report)
    return cleaned


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return UNSTORABLE.sub("\ufffd", value) if UNSTORABLE.search(value) else value
    if isinstance(value, tuple):
        return tuple(_clean(item) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        changes = {}
        for entry in fields(value):
            before = getattr(value, entry.name)
            after = _clean(before)
            if after is not before and after != before:
                changes[entry.name] = after
        return replace(value, **changes) if changes else value
    return value
