"""The timeline told in sentences. One entry, one sentence, the same on every page and in the API.

Pure. An unknown kind is told by its name, so that a page opens whatever newer code wrote down.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from gateway.languages import Catalogue, catalogue, format_clock, format_time

CODES = (
    "channel",
    "priority",
    "category",
    "queue",
    "disposition",
    "status",
    "act",
    "target",
    "component",
    "call_disposition",
    "how",
)


def tell(kind: str, data: Mapping[str, Any], who: str | None, language: str, timezone: str = "Europe/Stockholm") -> str:
    """What happened, as a sentence. `who` is the name of who did it; None for customers and the system itself."""
    book = catalogue(language)
    given = {name: _said(book, name, value, timezone) for name, value in data.items()}
    given |= {"who": who or book.gettext("who.system"), "details": _details(book, kind, data, timezone)}
    told = "effect" if kind == "remote_action" and data.get("after") else None
    variant = (
        told or data.get("because") or ("verified" if data.get("verified") else None if given["details"] else "plain")
    )
    msgids = [f"kind.{kind}.{variant}", f"kind.{kind}"] if variant else [f"kind.{kind}"]
    for msgid in msgids:
        sentence = book.gettext(msgid)
        if sentence != msgid:
            return (sentence % _Given(given)).strip()
    return kind.replace("_", " ")


def reasons(data: Mapping[str, Any], kind: str = "") -> list[Mapping[str, Any]]:
    """The reasons that an entry carries, in the order in which they were found; why a report was attached, not all
    that was judged about it."""
    kept = data.get("reasons") or []
    if kind == "attached" and isinstance(kept, Mapping):
        kept = kept.get("duplicate") or []
    groups = kept.values() if isinstance(kept, Mapping) else [kept]
    return [reason for group in groups for reason in group if isinstance(reason, Mapping)]


class _Given(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return "–"


def _said(book: Catalogue, name: str, value: Any, timezone: str) -> str:
    if value is None or value == []:
        return "–"
    if name == "cases" and isinstance(value, list):
        return ", ".join(map(str, value))
    if name == "to" and isinstance(value, str):
        return book.code("queue", value)
    if name in ("before", "after") and isinstance(value, str):
        return book.code("ocpp", value)
    if name == "why" and isinstance(value, str):
        return book.code("category", value)
    if name == "answer" and isinstance(value, str):
        return book.code("remote", value)
    if name in CODES and isinstance(value, str):
        return book.code(name, value)
    if name in ("until", "due", "from_", "starts") and isinstance(value, str):
        return format_time(datetime.fromisoformat(value), timezone, book.language)
    if name == "seconds":
        return format_clock(timedelta(seconds=float(value)))
    return str(value)


def _details(book: Catalogue, kind: str, data: Mapping[str, Any], timezone: str) -> str:
    """What changed from what to what; for the kinds that say so."""
    changed = data.get("changed") if kind == "corrected" else data if kind in ("raised", "category_changed") else None
    if not isinstance(changed, Mapping):
        return ""
    parts = []
    for name, pair in changed.items():
        if isinstance(pair, list | tuple) and len(pair) == 2 and pair[0] != pair[1]:
            before, after = (_said(book, name, value, timezone) for value in pair)
            parts.append(f"{book.code('decision', name)} {before} → {after}")
    return "; ".join(parts)
