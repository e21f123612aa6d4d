"""The words a flow may use beyond its nine kinds of node: named effects with their outcomes, facts, named
conditions.

An effect is something the world does (a look-up, filing the report, restarting a charger); whoever runs the flow
carries it out and answers with one of the outcomes. Every effect may also answer `failed`. A condition looks only at
the facts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

FAILED = "failed"
CONSENTS = ("never", "ask", "announce")  # the strictest first
FAULT = "fault"  # what was chosen as a category: that a charger does not work, and not how
COUNTS = ("one", "two", "three", "four")  # of the connectors of a charger; no caller is asked about more

EFFECTS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "recognise_caller": frozenset({"known", "new"}),
        "find_charger": frozenset({"charger", "near", "site", "danger", "none"}),
        "look_for_danger": frozenset({"danger", "none"}),
        "site_news": frozenset({"some", "none"}),
        "known_incident": frozenset({"open", "none"}),
        "known_outage": frozenset({"open", "none"}),
        "large_outage": frozenset({"open", "none"}),
        "announcement": frozenset({"some", "none"}),
        "next_step": frozenset({"step", "restart", "unlock", "none"}),
        "restart_charger": frozenset({"done", "refused"}),
        "count_connectors": frozenset(COUNTS),
        "unlock_connector": frozenset({"done", "refused"}),
        "case_status": frozenset({"found", "concluded", "wrong", "locked"}),
        "confirm_case": frozenset({"confirmed"}),
        "owner_cases": frozenset({"found", "wrong", "locked"}),
        "check_number": frozenset({"good", "bad"}),
        "file_report": frozenset({"filed", "urgent", "kept"}),
        "report_danger": frozenset({"told"}),
        "file_follower": frozenset({"filed", "kept"}),
        "file_solved": frozenset({"filed", "kept"}),
        "enter_queue": frozenset({"open", "closed"}),
        "look_at_queue": frozenset({"waiting", "moved", "long", "answered"}),
        "look_at_talk": frozenset({"over", "cut", "nobody"}),
        "somebody_there": frozenset({"somebody", "nobody"}),
        "book_callback": frozenset({"booked", "barred", "often"}),
        "keep_message": frozenset({"kept"}),
        "keep_rating": frozenset({"kept"}),
    }
)

FACTS = frozenset(  # that prompts may name beside what a flow asks for: brought by the call and its effects
    {
        "announcement_text",
        "candidate",
        "case",
        "code",
        "incident_text",
        "owner_text",
        "phone_end",
        "queue_text",
        "site_name",
        "status_text",
        "step_text",
    }
)


def knows_number(facts: Mapping[str, str]) -> bool:
    return bool(facts.get("phone"))


def takes_texts(facts: Mapping[str, str]) -> bool:
    return bool(facts.get("phone")) and not facts.get("textless")


def stricter(one: str, other: str) -> str:
    """Of two ways to agree to be recorded, the one that records less."""
    return min(one, other, key=CONSENTS.index)


def is_announced(facts: Mapping[str, str]) -> bool:
    return facts.get("consent") == "announce"


def is_asked(facts: Mapping[str, str]) -> bool:
    return facts.get("consent") == "ask"


def may_record(facts: Mapping[str, str]) -> bool:
    """Whether the caller's talk with a person may be recorded: told of it and not against it, or asked and for it."""
    return facts.get("record") != "no" if is_announced(facts) else is_asked(facts) and facts.get("record") == "yes"


def recording_of(facts: Mapping[str, str | None]) -> str | None:
    """What becomes of the recording of a call as a talk begins: it `begins` once, and then goes `on` until the call
    ends, whatever queue the next talk is of."""
    known = {name: value for name, value in facts.items() if value}
    if is_recorded(known):
        return "on"
    return "begins" if may_record(known) else None


def is_recorded(facts: Mapping[str, str]) -> bool:
    """Whether the recording of a call has begun."""
    return bool(facts.get("recorded"))


def begins_record(facts: Mapping[str, str]) -> bool:
    """Whether it begins with this talk."""
    return facts.get("recorded") == "begins"


def is_owner(facts: Mapping[str, str]) -> bool:
    return facts.get("owner") == "yes"


def is_urgent(facts: Mapping[str, str]) -> bool:
    return bool(facts.get("danger")) or facts.get("priority") == "P1"


def chosen_category(facts: Mapping[str, str]) -> str | None:
    """What a caller chose that it is about; that a charger does not work is no answer to that yet."""
    return None if is_faulty(facts) else facts.get("category") or None


def is_faulty(facts: Mapping[str, str]) -> bool:
    """Whether a caller chose that a charger does not work, and not how."""
    return facts.get("category") == FAULT


def knows_category(facts: Mapping[str, str]) -> bool:
    return chosen_category(facts) is not None


CONDITIONS: Mapping[str, Callable[[Mapping[str, str]], bool]] = MappingProxyType(
    {
        "number_known": knows_number,
        "texts_arrive": takes_texts,
        "recording_announced": is_announced,
        "recording_asked": is_asked,
        "urgent": is_urgent,
        "owner_number": is_owner,
        "category_known": knows_category,
    }
)
