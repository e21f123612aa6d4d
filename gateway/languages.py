"""The words: catalogues of six languages, and how times, durations and decisions are said in them.

Every `.po` file of `gateway/locale/<language>/` is read and merged, one file a domain. The msgid of a sentence is its
English text, the msgid of a code is the code (`category.safety`, or a reason's code). What a language lacks is said in
English, and what English lacks stands as its msgid: a missing word never keeps a page or a message from going out.
"""

from __future__ import annotations

import gettext as gnu
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date as babel_date
from babel.dates import format_skeleton
from babel.dates import format_timedelta as babel_timedelta
from babel.messages.pofile import read_po
from babel.units import format_unit

from routing.values import Reason

FOLDER = Path(__file__).parent / "locale"
PAGES = ("sv", "en")
CUSTOMERS = ("sv", "en", "no", "da", "fi", "de")
NAMES = MappingProxyType(
    {"sv": "Svenska", "en": "English", "no": "Norsk", "da": "Dansk", "fi": "Suomi", "de": "Deutsch"}
)
SPOKEN = "en"
UNKNOWN = "und"  # no language of ours, as ISO 639-2 writes what cannot be told
UNITS = ("byte", "kilobyte", "megabyte", "gigabyte")
LOCALES = MappingProxyType({"sv": "sv_SE", "en": "en_GB", "no": "nb_NO", "da": "da_DK", "fi": "fi_FI", "de": "de_DE"})


def N_(msgid: str) -> str:
    """Mark a msgid that stands in code for extraction; whoever shows it translates it."""
    return msgid


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The words of one language; `others` is asked for what is missing."""

    language: str
    messages: Mapping[str, tuple[str, ...]]
    plural: Callable[[int], int]
    others: Catalogue | None = None

    def has(self, msgid: str) -> bool:
        """Whether this language itself has the msgid."""
        return msgid in self.messages

    def gettext(self, msgid: str) -> str:
        """The words for a msgid: in this language, else in English, else the msgid itself."""
        found = self.messages.get(msgid)
        if found:
            return found[0]
        return self.others.gettext(msgid) if self.others else msgid

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        """The form for `number`, by the language's own plural rule."""
        found = self.messages.get(singular)
        if found and len(found) > 1:
            return found[min(self.plural(number), len(found) - 1)]
        if self.others:
            return self.others.ngettext(singular, plural, number)
        return singular if number == 1 else plural

    def code(self, family: str, code: str | None) -> str:
        """The words for a code of a family, `code("category", "safety")`; an unknown code stands for itself."""
        if not code:
            return ""
        msgid = f"{family}.{code}"
        words = self.gettext(msgid)
        return code.replace("_", " ") if words == msgid else words


@cache
def catalogue(language: str) -> Catalogue:
    """The catalogue of a language, read once; an unknown language is English."""
    if language not in LOCALES:
        language = SPOKEN
    messages: dict[str, tuple[str, ...]] = {}
    plural = "(n != 1)"
    for path in sorted((FOLDER / language).glob("*.po")):
        with path.open("rb") as file:
            book = read_po(file, locale=LOCALES[language])
        plural = book.plural_expr
        for message in book:
            forms = message.string if isinstance(message.string, tuple | list) else (message.string,)
            if message.id and all(forms) and not message.fuzzy:
                msgid = message.id[0] if isinstance(message.id, tuple | list) else message.id
                messages[str(msgid)] = tuple(str(form) for form in forms)
    others = None if language == SPOKEN else catalogue(SPOKEN)
    return Catalogue(language, MappingProxyType(messages), gnu.c2py(plural), others)


def words(reason: Reason | Mapping[str, Any], language: str, *, plain: bool = False) -> str:
    """A decision's reason as a sentence that can be read to a customer.

    Values that are themselves codes (`category`, `queue`, `priority`, …) are said in words too. A sentence whose
    figures do not fit is told without them: a reason must never keep a case page from opening. `plain` leaves out
    weights, which mean something to whoever tunes the judgement and nothing to whoever works on the case.
    """
    if isinstance(reason, Reason):
        code, data = reason.code, dict(reason.data)
    else:
        code, data = str(reason.get("code", "")), dict(reason.get("data") or {})
    book = catalogue(language)
    sentence = book.gettext(f"{code}.plain" if plain and book.has(f"{code}.plain") else code)
    told = {
        name: book.code(name, value)
        if isinstance(value, str) and book.gettext(f"{name}.{value}") != f"{name}.{value}"
        else value
        for name, value in data.items()
    }
    try:
        return sentence % told
    except (KeyError, TypeError, ValueError):
        return sentence


def written_in(language: str) -> str:
    """The language in which somebody is written to who uses one."""
    return language if language in CUSTOMERS else SPOKEN


@cache
def locale(language: str) -> Locale:
    """Babel's locale for one of our languages."""
    return Locale.parse(LOCALES.get(language, LOCALES[SPOKEN]))


def format_time(at: datetime, timezone: str, language: str, now: datetime | None = None) -> str:
    """A moment as people of the site's time zone write it; with `now`, today's is the time of day alone."""
    local = at.astimezone(ZoneInfo(timezone))
    clock, day = f"{local:%H:%M}", "yMMMd"
    if now is not None:
        today = now.astimezone(ZoneInfo(timezone)).date()
        if local.date() == today:
            return clock
        if abs((local.date() - today).days) < 300:
            day = "MMMd"
    return f"{format_skeleton(day, local, locale=locale(language))} {clock}"


def format_date(at: datetime, timezone: str, language: str) -> str:
    """The day of a moment, with the name of the weekday."""
    local = at.astimezone(ZoneInfo(timezone))
    weekday = babel_date(local, "EEEE", locale=locale(language))
    return f"{weekday} {format_skeleton('MMMMd', local, locale=locale(language))}"


def format_month(month: str, language: str) -> str:
    """The month of `2026-11`, in words."""
    return str(babel_date(date.fromisoformat(f"{month}-01"), "LLLL y", locale=locale(language)))


def format_size(size: int, language: str) -> str:
    """How large a file is: `10 byte`, `21,4 kB`."""
    power = min(len(str(size)) - 1, 11) // 3
    rounded = round(size / 1000**power, 1)
    return str(format_unit(rounded, f"digital-{UNITS[power]}", "short" if power else "long", locale=locale(language)))


def format_duration(length: timedelta, language: str) -> str:
    """A duration in words, rounded to its largest unit: `4 hours`, `2 dagar`."""
    return str(babel_timedelta(abs(length), threshold=1.5, locale=locale(language)))


def format_clock(length: timedelta, exact: bool = False) -> str:
    """A duration for a column of figures, the same in every language: `45 s`, `12 min`, `1 h 05 min`, `2 d 4 h`.

    `exact` tells the seconds up to an hour: `84 s`, `12 min 20 s`.
    """
    seconds = round(abs(length.total_seconds()))
    if seconds < (120 if exact else 60):
        return f"{seconds} s"
    if exact and seconds < 3600:
        return f"{seconds // 60} min {seconds % 60:02d} s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if minutes < 60:
        return f"{minutes} min"
    if hours < 24:
        return f"{hours} h {minutes % 60:02d} min"
    return f"{days} d {hours % 24} h"
