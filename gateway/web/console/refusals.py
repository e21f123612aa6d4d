"""What is said above a case whose form was refused: that nothing is lost, and what is wrong with which field."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gateway.languages import N_, Catalogue

REFUSED = N_("That was not done. Nothing you wrote is lost.")
# As the forms call their fields; those of one verb under its own name first.
LABELS: Mapping[str, str] = MappingProxyType(
    {
        "category": N_("Category"),
        "priority": N_("Priority"),
        "charger": N_("Charger"),
        "site": N_("Site"),
        "reason": N_("Why"),
        "hand_over.reason": N_("What the next one must know"),
        "send_back.reason": N_("What the line before must do"),
        "escalate.reason": N_("What was tried, and why it is not enough"),
        "wait.reason": N_("What we wait for"),
        "reopen.reason": N_("Why the case must be opened again"),
        "until": N_("Until"),
        "from": N_("From"),
        "agent": N_("Who comes"),
        "to": N_("To"),
        "reply.to": N_("To whom"),
        "reply.text": N_("Your reply"),
        "reply.files": N_("Files, by e-mail only"),
        "note.text": N_("For colleagues; customers never see it"),
        "conclude.text": N_("What was done"),
        "disposition": N_("How it ended"),
        "work": N_("What was done"),
        "parts": N_("Parts"),
        "component": N_("Faulty part"),
        "cause": N_("Likely cause"),
        "evidence": N_("What shows it: logs, measurements, what was tried"),
        "fault_code": N_("Fault code, if there is one"),
        "attach.case": N_("Bring another case here"),
        **{name: name for name in (f"proposal.{one}" for one in ("fault", "parts", "tools", "access", "safety"))},
    }
)


def told(book: Catalogue, verb: str, fields: Mapping[str, str]) -> str:
    """Why a form was refused, in the words of a language."""
    return " ".join([book.gettext(REFUSED), *(_named(book, verb, name, why) for name, why in fields.items())])


def _named(book: Catalogue, verb: str, name: str, why: str) -> str:
    label = LABELS.get(f"{verb}.{name}", LABELS.get(name))
    return f"{book.gettext(label)}: {book.gettext(why)}" if label else book.gettext(why)
