"""Texts as they can be stored: neither PostgreSQL nor JSON takes NUL or lone surrogates."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any

from channels.report import Report

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def clean(report: Report) -> Report:
    """The report with NUL and lone surrogates in its texts replaced by U+FFFD; the raw bytes stay as they came."""
    cleaned: Report = _clean(report)
    return cleaned


def clean_text(text: str) -> str:
    """The text with NUL and lone surrogates replaced by U+FFFD."""
    return text if _storable(text) else UNSTORABLE.sub("\ufffd", text)


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, tuple):
        return tuple(_clean(item) for item in value) if value else value
    changes = {}
    for name in _names(value.__class__):
        before = getattr(value, name)
        if before is not None:
            after = _clean(before)
            if after is not before and after != before:
                changes[name] = after
    return replace(value, **changes) if changes else value


def _storable(text: str) -> bool:
    if "\0" in text:
        return False
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


@cache
def _names(kind: Any) -> tuple[str, ...]:
    """What a value of that kind consists of."""
    return tuple(one.name for one in fields(kind)) if is_dataclass(kind) else ()
