"""The words by which mail programs mark what nobody newly wrote, compiled from phrases.toml."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

_WORDS: dict[str, dict[str, list[str]]] = tomllib.loads(
    Path(__file__).with_name("phrases.toml").read_text(encoding="utf-8")
)


def any_of(table: str) -> str:
    """A table's expressions as alternatives."""
    return "|".join(expression for group in _WORDS[table].values() for expression in group)


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def _levels(*words: str) -> str:
    """How secret something is, in up to four words, with a house's own name before each: "Rowan Internal / All"."""
    level = rf"(?:(?-i:[A-ZÅÄÖÆØÜ]\w*) )?(?:{'|'.join(words)})"
    return rf"{level}(?:[\s/\\|,(>–-]{{1,3}}{level}){{0,3}}"


LABELS = {word: kind for kind, words in _WORDS["labels"].items() for word in words}
ORIGINALS = frozenset(phrase for phrases in _WORDS["originals"].values() for phrase in phrases)
FORWARDED = _compiled(any_of("forwarded"))
SENDS_ON = _compiled(rf"\s*(?:\[[^\]]{{0,60}}\]\s*){{0,3}}(?:{any_of('sends_on')})(?:\[\d+\]|\(\d+\))?\s?[:：]")
ABOVE = _compiled(any_of("above"))
COMMENTED = _compiled(any_of("commented"))
UPDATED = _compiled(any_of("updated"))
SERVICE = _compiled(any_of("services"))
CONTINUES = _compiled(any_of("goes_with_services"))
_VERB = re.compile(rf"(?<![^\W\d])(?:{any_of('verbs')})(?!\w)")
QUOTING = _compiled(rf"(?:{any_of('quoting')})\s")
CITES = _compiled(any_of("citing"))
BEGINS = _compiled(
    r"(?:(?:on|den|på|am|le|op|el|il|em|dne|w dniu|dňa|dnia|em|в|у|na|la|στις)(?![^\W\d_])|\d{1,4}[-./ ]"
    r"|(?:m[åa]n|mon|tis|tir|tue|ons|wed|tors?|thu|fre|fri|l[öø]r|sat|s[öø]n|sun|maa?|tii?|kes?|pe|per|la|lau|su|sun"
    r"|mo|di|mi|do|fr|sa|so|die|mit|don|frei|sam|son|lun|ma|mer|mi[ée]|je|jue|ven|vie|dim|dom|s[áa]b|gio|sab|wo|vr|za|zo"
    r"|pon|wt|śr|čt|út|pá|czw|pt|pią|sob|nie|пн|вт|ср|чт|пт|сб|вс|нд|пон|втор|сред|четв|пятн|субб|воскр)\w{0,9}\.?,?\s+(?:den\s+|the\s+)?(?:\d|\w{3,9}\.?\s+\d))"
)
MOMENT = re.compile(
    r"(?<!\d)20\d\d(?!\d)|(?<!\d)\d{1,2}[:.]\d\d(?!\d)|(?<!\d)\d{1,2}[./-]\d{1,2}[./-](?:20)?\d\d(?!\d)"
)
CLOCK = re.compile(r"\b\d{1,2}[:.]\d\d\b")
FIRST_PERSON = _compiled(r"\s*(?<!\S)(?:i|we|jag|vi|jeg|ich|wir|minä)(?=\s)")  # right before or behind the verb
OUTSIDE = _compiled(any_of("outside"))
BEWARE = _compiled(any_of("beware"))
FOREIGN = _compiled(rf"\[\s*(?:{any_of('foreign')})\s*\]\s*")
MARKING = _compiled(
    rf"(?:{any_of('markings')})(?:\s?[:：=–-]\s?|\s)['\"(\[]?{_levels(any_of('levels'), any_of('classes'))}[\])'\".]*"
)
FENCED = _compiled(
    rf"(?:\[|<+|#+|[*=~-]{{2,}})\s?(?:{any_of('foreign')}|{_levels(any_of('levels'))})\s?(?:\]|>+|#+|[*=~-]{{2,}})"
)
RECEIPT = _compiled(any_of("receipts"))
CONFIRMS = _compiled(f"{any_of('receipts')}|{any_of('confirms')}")
DECLARES = _compiled(rf"(?:^|[.!:\n(])\s*(?:{any_of('declares')})")
ANNOUNCES = _compiled(rf"(?:^|[.!:\n(])\s*(?:{any_of('announces')})")
PASSES_ON = _compiled(rf"\b(?:{any_of('passes_on')})\b|[:：]\s*$")
ATTENDS = _compiled(rf"\b(?:{any_of('attends')})")
MATTER = _compiled(rf"\b(?:{any_of('matter')})")
ABSENCE = _compiled(rf"\b(?:{any_of('absence')})")
ABSENT = _compiled(any_of("absent"))
SAYS_ABSENT = _compiled(rf"(?:{any_of('greets')})?(?:{any_of('thanks')})?(?:{any_of('absent')})")
WAS_ANSWERED = _compiled(rf"\b(?:{any_of('was_answered')})\b[^.!?\n]{{0,40}}\b(?:auto\w+|abwesenheits\w+|frånvaro\w+)")
UNREAD = _compiled(
    r"(?:[^\n]{0,40}[,!]\s+)?(?:(?:thank|tack|takk?|mange tak|kiitos|vielen dank|danke)\b[^.!\n]{0,60}[.!]\s+)?"
    r"(?:(?:(?:please )?note|observera|notera|merk|bemærk|huomaa|bitte beachten sie)"
    r",?(?: that| att| at| että| dass)?[,:]?\s+)?"
    rf"(?:{any_of('unread')})"
)
BELOW = _compiled(any_of("below"))
BELOW_HAS = tuple(any_of("below_has").split("|"))
YOURS = _compiled(rf"\b(?:{any_of('yours')})\s\Z")
DEVICE = _compiled(any_of("devices"))
DEVICE_LIMIT = 110  # characters; a longer line is somebody's sentence
SENT = _compiled(rf"(?<!\w)(?:{any_of('sent')})(?!\w)")
EXCUSE = _compiled(any_of("excuses"))
FOOTER = _compiled(any_of("footers"))
ALARMING = _compiled(rf"\b(?:{any_of('alarming')})\b")
_ONESELF = re.compile(r"(?<![\w.])(?:I|[Jj]ag|[Jj]eg|[Ii]ch|[Mm]inä)(?![\w.])")
_DISCLAIMER = re.compile(any_of("disclaimers"))
_LAWYERS = re.compile(any_of("lawyers"))
CLOSING = _compiled(
    rf"(?:{any_of('closings')})(?:\s*[/|]\s*(?:{any_of('closings')})){{0,3}}"
    r"(?:[\s,.!:;–-]+(?P<name>\S.{0,40}?))?[\s,.!]*"
)
POSTSCRIPT = _compiled(r"(?:p\.?\s?s\.?|obs)(?:[\s:.!]|$)")
TITLE = _compiled(rf"\b(?:{any_of('titles')})\b")
AUTOMATIC_SUBJECT = _compiled(
    rf"\[?(?:{any_of('automatic')})\s*(?::|$|[-–—(\[\]])"
    rf"|(?:{any_of('automatic')}|{any_of('away')})\s*[:–—-]?\s*(?:re|sv|vs|aw|antw|svar|vl)\s*:"
)
AUTOMATIC_WORDS = _compiled(rf"(?:{any_of('automatic')})\s")
AWAY_SUBJECT = _compiled(rf"(?:{any_of('away')})\s*(?:[:–—-]|$)")
IS_AWAY = _compiled(rf"\s+(?:{any_of('is_away')})\b")
READ_TITLE = _compiled(rf"\s*(?:{any_of('read_titles')})(?: \([^\W\d_]{{1,16}}\))?\s?[:：–-]")
# "Your message was read on Tuesday, 3 March 2026 10:00:00 AM (UTC+01:00) Stockholm, Vienna."
WAS_READ = _compiled(
    rf"(?:{any_of('your_mail')})\s(?:[^?\n]{{0,300}}?\s)?(?:{any_of('was_read')})\s[^?\n]{{0,50}}?\d{{1,2}}[:.]\d\d(?:[:.]\d\d)?"
    rf"(?:\s?[ap]\.?m\.?)?(?:\s?\(?(?:utc|gmt)[^?\n]{{0,100}}?)?(?:\s(?:{any_of('read_behind')}))?[\s.]*"
)
READ_RECEIPT = _compiled(any_of("read_receipts"))
# "Re:", "VB:", "RE[2]:", "[list] Sv:"
FOLLOWING = _compiled(r"\s*(?:\[[^\]]{0,60}\]\s*){0,3}[^\W\d_]{1,6}(?:\[\d+\]|\(\d+\))?\s?[:：]")
BOUNCE_SUBJECT = _compiled(any_of("bounces"))
FAILS = _compiled(any_of("failures"))
DELAYS = _compiled(any_of("delays"))
COPY = re.compile(rf"^[-_=|*# ]*(?:{any_of('copies')})", re.IGNORECASE | re.MULTILINE)


def verb_in(text: str) -> re.Match[str] | None:
    """By which verb a text says that somebody wrote, as "On … X wrote:" does."""
    return _VERB.search(text.lower())  # many times as fast as to look for it in either case


def speaks_of_oneself(text: str) -> bool:
    """Whether somebody speaks of themselves, which no footer and no warning does."""
    return _ONESELF.search(text) is not None


def disclaims(text: str) -> bool:
    """Whether a text has words of a disclaimer in it."""
    return _DISCLAIMER.search(text.lower()) is not None  # many times as fast as to look for them in either case


def is_disclaimer(text: str) -> bool:
    """Whether a text is one as a whole."""
    lower = text.lower()
    found = set(_DISCLAIMER.findall(lower))
    return len(found) > 1 or (len(found) == 1 and _LAWYERS.search(lower) is not None)
