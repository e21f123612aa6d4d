"""How values are written on pages, as filters of the templates: times, durations, reasons, codes, telephone numbers.

Each takes language, time zone and the present from the page's context; none raises for what is unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

import jinja2
import phonenumbers
from jinja2.runtime import Context

from gateway import languages
from gateway.figures.figure_words import written
from gateway.languages import Catalogue
from gateway.web.keys import runtime_of
from routing.values import Reason

TIMEZONE = "Europe/Stockholm"
SOON = timedelta(minutes=15)
TURNING = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])  # what makes text run the other way


def straight(value: Any) -> Any:
    """Whatever is written into a page, without characters that would make it, or what follows it, read otherwise."""
    return value.translate(TURNING) if isinstance(value, str) and not value.isascii() else value


def masked(number: str) -> str:
    """A telephone number that can be recognised but not read off a screen: `+46 •• ••• •• 05`."""
    return f"{number[:3]} •• ••• •• {number[-2:]}" if len(number) > 6 else "•••"


def written_phone(number: str) -> str:
    """A number in the international way of writing; what is no number stands as it is."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


@jinja2.pass_context
def _time(context: Context, at: datetime, timezone: str | None = None, full: bool = False) -> str:
    zone = timezone or context.get("timezone") or TIMEZONE
    return languages.format_time(at, zone, context["language"], None if full else context["now"])


@jinja2.pass_context
def _date(context: Context, at: datetime, timezone: str | None = None) -> str:
    return languages.format_date(at, timezone or context.get("timezone") or TIMEZONE, context["language"])


@jinja2.pass_context
def _month(context: Context, month: str) -> str:
    return languages.format_month(month, context["language"])


@jinja2.pass_context
def _size(context: Context, size: int) -> str:
    return languages.format_size(size, context["language"])


@jinja2.pass_context
def _hour(context: Context, at: datetime, timezone: str | None = None) -> str:
    return languages.format_time(at, timezone or context.get("timezone") or TIMEZONE, context["language"], at)


@jinja2.pass_context
def _duration(context: Context, length: timedelta) -> str:
    return languages.format_duration(length, context["language"])


@jinja2.pass_context
def _countdown(context: Context, at: datetime) -> str:
    left: timedelta = at - context["now"]
    written = languages.format_clock(left)
    if left >= timedelta(0):
        return written
    book: Catalogue = context["catalogue"]
    return book.gettext("late %(time)s") % {"time": written}


@jinja2.pass_context
def _urgency(context: Context, at: datetime) -> str:
    left: timedelta = at - context["now"]
    return "late" if left < timedelta(0) else "soon" if left < SOON else ""


@jinja2.pass_context
def _say(context: Context, reason: Reason | Mapping[str, Any]) -> str:
    return languages.words(reason, context["language"], plain=True)


@jinja2.pass_context
def _site(context: Context, site: str | None) -> str:
    known = runtime_of(context["request"]).directory().sites.get(site or "")
    return f"{known.name}, {known.city}" if known else ""


@jinja2.pass_context
def _code(context: Context, code: str | None, family: str) -> str:
    book: Catalogue = context["catalogue"]
    return book.code(family, code)


@jinja2.pass_context
def _times(context: Context, value: float) -> str:
    return written(value, "x", context["catalogue"])


FILTERS: Mapping[str, Callable[..., str]] = MappingProxyType(
    {
        "time": _time,
        "date": _date,
        "hour": _hour,
        "month": _month,
        "size": _size,
        "duration": _duration,
        "clock": languages.format_clock,
        "countdown": _countdown,
        "urgency": _urgency,
        "say": _say,
        "code": _code,
        "site": _site,
        "phone": written_phone,
        "masked": masked,
        "times": _times,
        "seconds": lambda value: "–" if value is None else languages.format_clock(timedelta(seconds=value), exact=True),
    }
)
