"""What somebody whose telephone we rang is told before they press a key: what it is about, and what the keys do."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gateway.record.cases import Case
from ivr.prompts import Phrases
from routing.directory import Directory

ASKED: Mapping[str, str] = MappingProxyType(
    {"oncall": "ring_oncall", "consult": "ring_consult", "outgoing": "ring_outgoing"}
)


def about(phrases: Phrases, directory: Directory, purpose: str, case: Case | None, language: str) -> str:
    """For a colleague."""
    say = phrases.say
    parts = [say(ASKED.get(purpose, "ring_caller"), language)]
    if case:
        parts += _case_in_words(phrases, directory, case, language)
    return " ".join([*parts, say("ring_menu", language)])


def greeting(phrases: Phrases, kind: str, language: str) -> str:
    """For a customer, by the kind of work that the call is: one they asked for, or one that an agent makes."""
    return phrases.say("call_here" if kind == "outgoing" else "callback_here", language)


def _case_in_words(phrases: Phrases, directory: Directory, case: Case, language: str) -> list[str]:
    say, site = phrases.say, directory.sites.get(case.site_id or "")
    what = "chose_danger" if case.category == "safety" else f"chose_{case.category}"
    parts = [say("ring_priority", language, {"priority": case.priority})]
    parts.append(say(what, language) or say("chose_other", language))
    if case.whole_site:
        parts.append(say("ring_whole_site", language))
    if case.charger_id:
        parts.append(say("ring_charger", language, {"charger": case.charger_id}))
    if site:
        parts.append(say("ring_site", language, {"site": f"{site.name}, {site.street}, {site.city}"}))
    elif not case.charger_id:
        parts.append(say("ring_nowhere", language))
    return parts
