"""What the case page shows, made of what the record holds: the conversation, the reasons, the timeline, who and where.

Pure: everything is given. Each function returns plain values for the templates of `templates/console/`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from gateway import telling
from gateway.casenumber import number
from gateway.record.agents import Agent
from gateway.record.beside import Beside
from gateway.record.cases import Case, FullCase, Listed
from routing.directory import Directory
from routing.values import Site

DECISIONS = ("priority", "category", "place", "queue", "duplicate", "language")
OURS = ("reply",)
PEOPLE = ("to", "agent", "held_by")  # parts of a timeline entry that may hold an agent's id
LEADING = ("lead", "manager", "admin")


def rows(listed: Sequence[Listed], directory: Directory, names: Mapping[str, str]) -> list[dict[str, Any]]:
    """A list's lines."""
    return [
        {
            "case": one.case,
            "site": site_name(one.case, directory),
            "snippet": " ".join((one.subject or one.text or "").split()),
            "channels": one.channels,
            "reports": one.reports,
            "whose": names.get(one.case.assignee or "", one.case.assignee),
            "due": one.case.due_at,
        }
        for one in listed
    ]


def site_name(case: Case, directory: Directory) -> str | None:
    """`Skeppet, Stockholm`; None when the place is not known."""
    site = directory.sites.get(case.site_id or "")
    return f"{site.name}, {site.city}" if site else None


def place(case: Case, directory: Directory) -> dict[str, Any]:
    """Site, charger and owner as the master data has them; None where unknown."""
    charger = directory.chargers.get(case.charger_id or "")
    connectors = charger.connectors.split(";") if charger else []
    site = directory.sites.get(case.site_id or "")
    return {
        "site": site,
        "map": _map(site) if site else None,
        "charger": charger,
        "connectors": [connector.partition(":")[2] or connector for connector in connectors],
        "owner": directory.owners.get(case.owner_id or ""),
    }


def _map(site: Site) -> str:
    """A map of where the site is: by its coordinates, else by its address."""
    if site.latitude is not None and site.longitude is not None:
        at = f"{site.latitude:.5f}", f"{site.longitude:.5f}"
        return f"https://www.openstreetmap.org/?mlat={at[0]}&mlon={at[1]}#map=18/{at[0]}/{at[1]}"
    return f"https://www.openstreetmap.org/search?query={quote(f'{site.street}, {site.postcode} {site.city}')}"


def people(whole: FullCase) -> list[dict[str, Any]]:
    """Who reported, each person once, the last one first."""
    found: dict[Any, dict[str, Any]] = {}
    for report in reversed(whole.reports):
        if report["channel"] == "alarm" or report["erased"]:
            continue
        key = report["person_id"] or (report["sender_phone"], report["sender_email"], report["id"])
        known = found.setdefault(key, {"language": report["language"], "name": None, "phone": None, "email": None})
        for name in ("name", "phone", "email"):
            known[name] = known[name] or report[f"sender_{name}"]
    return list(found.values())


def stream(whole: FullCase, names: Mapping[str, str]) -> list[dict[str, Any]]:
    """The conversation, oldest first: reports, what we sent, what colleagues noted."""
    clips: dict[int, list[Mapping[str, Any]]] = {}
    for clip in whole.attachments:
        clips.setdefault(clip["report_id"], []).append(clip)
    items = [_report(report, clips.get(report["id"], [])) for report in whole.reports]
    items += [
        {
            "kind": "sent",
            "at": message["sent_at"] or message["created_at"],
            "name": message["kind"],
            "channel": message["channel"],
            "state": message["state"],
            "who": names.get(message["agent_id"] or ""),
            "text": message["text"] if message["kind"] in OURS else None,
            "files": message["files"],
            "copies": message["copies"] or (),
        }
        for message in whole.messages
    ]
    items += [
        {
            "kind": "note",
            "at": note["at"],
            "name": note["kind"],
            "who": names.get(note["agent_id"] or "", note["agent_id"]),
            "text": note["text"],
        }
        for note in whole.notes
    ]
    return sorted(items, key=lambda item: item["at"])


def why(listed: Listed) -> list[tuple[str, Sequence[Mapping[str, Any]]]]:
    """The reasons of the report that opened the case, decision by decision."""
    return [(name, listed.reasons[name]) for name in DECISIONS if listed.reasons.get(name)]


def timeline(whole: FullCase, names: Mapping[str, str], language: str) -> list[dict[str, Any]]:
    """What happened, newest first; the reasons of the opening stand in a place of their own and are left out here."""
    told = []
    for entry in reversed(whole.timeline):
        who = names.get(entry["actor_id"] or "", entry["actor_id"]) if entry["actor_kind"] == "agent" else None
        data = entry["data"] | {part: names[entry["data"][part]] for part in PEOPLE if entry["data"].get(part) in names}
        told.append(
            {
                "at": entry["at"],
                "text": telling.tell(entry["kind"], data, who, language, whole.listed.case.timezone),
                "because": [] if entry["kind"] == "opened" else _named(telling.reasons(data, entry["kind"]), names),
            }
        )
    return told


def _named(reasons: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> list[Mapping[str, Any]]:
    """Reasons with the names of the agents that they speak of."""
    return [
        {**reason, "data": {**data, "agent": names.get(data["agent"], data["agent"])}}
        if (data := reason.get("data") or {}).get("agent")
        else reason
        for reason in reasons
    ]


def beside(whole: FullCase, known: Beside, names: Mapping[str, str], agent: Agent) -> dict[str, Any]:
    """Suggested duplicates, alarms, earlier cases, reports that left, and what was tried from afar."""
    case = whole.listed.case
    suggestions = [
        {
            **row,
            "here": row["holder"] == case.id,
            "number": number(row["other"]),
            "declined_by": names.get(row["declined_by"] or "", row["declined_by"]),
            "reasons": telling.reasons({"reasons": {"duplicate": row["reasons"] or []}}, "attached"),
        }
        for row in known.suggestions
        if agent.reach.holds(row["queue"], row["site_id"], row["assignee"])
    ]
    tried = [entry for entry in whole.timeline if entry["kind"] == "remote_action"]
    return {
        "suggestions": suggestions,
        "gone": [{**row, "number": number(row["case_id"])} for row in known.gone],
        "alarms": [{**row, "number": number(row["case_id"])} for row in known.alarms],
        "earlier": known.earlier,
        "tried": [{"at": entry["at"], **entry["data"]} for entry in tried],
    }


def may(case: Case, agent: Agent) -> dict[str, bool]:
    """Which verbs make sense for this agent now; the desk decides again when one is asked for."""
    ended = case.status in ("concluded", "closed")
    return {
        "claim": not ended and case.assignee is None,
        "release": not ended and case.assignee is not None and (case.assignee == agent.id or agent.role in LEADING),
        "work": not ended,
        "confirm": case.status == "concluded",
        "reopen": ended,
        "part": agent.role in LEADING,
    }


def _report(report: Mapping[str, Any], clips: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    text = (report["text"] or "").strip()
    full = (report["full_text"] or "").strip()
    return {
        "kind": "report",
        "id": report["id"],
        "at": report["received_at"],
        "channel": report["channel"],
        "who": report["sender_name"] or report["sender_email"],
        "phone": report["sender_phone"],
        "verified": report["verified"],
        "reply_to": report["reply_to"],
        "copies": report["copies"] or (),
        "language": report["language"],
        "erased": report["erased"],
        "subject": report["subject"],
        "quarantined": report["quarantined"],
        "alarm": report["alarm"],
        "text": text,
        "sent_on": _sent_on(report, text),
        "full_text": full if full != text else "",
        "clips": clips,
        "has_html": report["has_html"],
    }


def _sent_on(report: Mapping[str, Any], text: str) -> str:
    """What a mail was judged by beside its sender's own words: those of the mails that it sends on."""
    judged: str = report["own_words"] or ""
    return judged.removeprefix(text).strip() if report["channel"] == "email" else ""
