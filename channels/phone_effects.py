"""What a flow's named effects do: ask the things the door was given, and answer with an outcome and new facts.

An effect that fails in any way is the outcome `failed`, which the flow leads on; none of them lets a call end. What
must not happen twice (a restart, an unlock) is noted as begun before it is tried.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from types import MappingProxyType
from typing import TypeVar

import structlog

from channels import cards, phone_report
from channels.numbers import HOME, reachable, region_of
from channels.phone_events import number_facts
from channels.phone_ports import Caller, CaseStatus, Given, Incident, Place, Taken, Waiting
from channels.report import SOLVED, NotStored, Receipt, RemoteAnswer, Report
from ivr.engine import PROMPTED_IN, CallState, Outcome
from ivr.prompts import Phrases
from ivr.vocabulary import COUNTS, FAILED, chosen_category, is_faulty, knows_category, recording_of, stricter

log = structlog.get_logger()

MISSES = 3
PATIENCE = 8.0  # seconds for the record to take a report
SOON = 1.01  # hours that are still "within the hour"
REMOTE = {"cable_stuck": "unlock", "no_start": "restart", "interrupted": "restart", "slow": "restart"}
DONE = {RemoteAnswer.ACCEPTED, RemoteAnswer.UNLOCKED}


class Begun(Exception):
    """Another request has begun what must not be done twice, and may be at it still."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A call in which an effect is carried out; `patient` while what another request has begun may yet end."""

    sid: str
    state: CallState
    at: datetime
    called: str | None
    given: Given
    phrases: Phrases
    patient: bool = False

    def fact(self, name: str) -> str | None:
        return self.state.facts.get(name) or None

    def say(self, prompt: str, **facts: str) -> str:
        return self.phrases.say(prompt, PROMPTED_IN.get(self.state.language, "en"), facts)


Effect = Callable[[Scene], Awaitable[Outcome]]
Stored = TypeVar("Stored")


async def carry_out(effect: str, scene: Scene) -> Outcome:
    """Do what a flow asks for. Raises Begun, to who is patient, and nothing else."""
    try:
        return await EFFECTS[effect](scene)
    except Begun:
        raise
    except Exception as error:
        return _failed(effect, scene, error)


async def file_report(scene: Scene, following: Callable[[Outcome], Taken | None]) -> tuple[Outcome, Taken | None]:
    """The effect FILES; the turn that it leads to is written with the report, and returned if it was. Never raises."""
    try:
        if scene.fact("filed"):
            return _filed(scene), None
        report, intake = _report(scene, ()), scene.given.intake
        filing = intake.file(report, lambda receipt: following(_told(receipt)))
        receipt, taken = await _stored(scene.given, report, filing) or (None, None)
    except Exception as error:
        return _failed(FILES, scene, error), None
    return _told(receipt), taken


async def _recognise_caller(scene: Scene) -> Outcome:
    phone = scene.fact("phone")
    if not phone:
        return Outcome("new")
    caller = await scene.given.callers.known(phone)
    facts = {"language": caller.language, "owner": "yes" if caller.owner else None, **_wishes(caller)}
    return Outcome("known" if caller.language else "new", facts)


def _wishes(caller: Caller) -> dict[str, str]:
    """Whoever asked for no texts is told what one would have told them."""
    return {"textless": "yes"} if caller.textless else {}


async def _find_charger(scene: Scene) -> Outcome:
    heard, spoken = scene.fact("heard") or "", scene.fact("heard_how") == "spoken"
    found = await scene.given.places.find(heard, spoken)
    facts = {"candidate": found.charger, "site": found.site, "site_name": found.name or None}
    if spoken:
        before = scene.fact("place_said")
        facts |= {"heard": None, "place_said": cards.masked(f"{before}\n{heard}") if before else heard}
    if found.kind == "danger":
        facts["danger"] = "said"
    return Outcome(found.kind, {**facts, "confirmed": None, "connector": None})


async def _look_for_danger(scene: Scene) -> Outcome:
    charger = scene.fact("candidate") if scene.fact("confirmed") == "yes" else None
    words, facts = scene.fact("said") or "", scene.state.facts
    told = scene.given.dangers.told(words, chosen_category(facts), charger, is_faulty(facts))
    return Outcome("danger", {"danger": "said"}) if told else Outcome("none")


async def _site_news(scene: Scene) -> Outcome:
    site = scene.fact("site")
    return _news(scene, site) if site else Outcome("none")


async def _known_incident(scene: Scene) -> Outcome:
    incident = await scene.given.incidents.open_at(scene.fact("candidate"), scene.fact("site"))
    if incident is None:
        return Outcome("none")
    return Outcome("open", {"incident_text": " ".join(_how_far(scene, incident)), **_to_follow(incident)})


async def _known_outage(scene: Scene) -> Outcome:
    if scene.fact("outage_told"):
        return Outcome("none")
    told = chosen_category(scene.state.facts), scene.fact("said"), scene.fact("phone")
    return _outage(scene, await scene.given.incidents.outage(*told))


async def _large_outage(scene: Scene) -> Outcome:
    told = any(scene.fact(name) for name in ("outage_told", "said", "status_text", "about"))
    if told or knows_category(scene.state.facts):
        return Outcome("none")
    return _outage(scene, await scene.given.incidents.large_outage())


def _outage(scene: Scene, outage: Incident | None) -> Outcome:
    """A fault of no place in words; it is told once a call."""
    if outage is None:
        return Outcome("none")
    words = [scene.say(f"outage_{outage.category}"), *_how_far(scene, outage)]
    return Outcome("open", {"incident_text": " ".join(words), **_to_follow(outage), "outage_told": "yes"})


def _to_follow(incident: Incident) -> dict[str, str | None]:
    return {"incident": incident.category, "follows": incident.token}


def _how_far(scene: Scene, incident: Incident) -> list[str]:
    words = [scene.say("incident_planned" if incident.status == "planned" else "incident_working")]
    if incident.hours is not None:
        words.append(scene.say("incident_expected", when=_when(scene, incident.hours)))
    return words


async def _announcement(scene: Scene) -> Outcome:
    return _news(scene, None)


def _news(scene: Scene, site: str | None) -> Outcome:
    text = scene.given.announcements.told(PROMPTED_IN.get(scene.state.language, "en"), site)
    return Outcome("some", {"announcement_text": text}) if text else Outcome("none")


async def _next_step(scene: Scene) -> Outcome:
    category, at = scene.fact("category") or "", int(scene.fact("step_number") or "0")
    language = PROMPTED_IN.get(scene.state.language, "en")
    found = scene.given.solutions.find(category, language)
    if found and at < len(found[0].steps):
        return Outcome("step", {"step_number": str(at + 1), "step_text": found[0].steps[at]})
    remote = REMOTE.get(category)
    if remote and scene.fact("confirmed") == "yes" and scene.fact("candidate") and not scene.fact("remote_offered"):
        return Outcome(remote, {"remote_offered": "yes"})
    return Outcome("none")


async def _restart_charger(scene: Scene) -> Outcome:
    if not await _first(scene, "restart"):
        return Outcome("refused")
    answer = await scene.given.chargers.restart(scene.fact("candidate") or "")
    done = {"restarted": "yes"} if answer in DONE else {}
    return Outcome("done" if done else "refused", {"restart_answer": answer, **done})


async def _first(scene: Scene, act: str) -> bool:
    first = await scene.given.calls.first(scene.sid, act)
    if not first and scene.patient:
        raise Begun
    return first


async def _count_connectors(scene: Scene) -> Outcome:
    many = scene.given.places.connectors(scene.fact("candidate") or "")
    return Outcome(COUNTS[min(many, len(COUNTS)) - 1], {"connector": "1"} if many == 1 else {})


async def _unlock_connector(scene: Scene) -> Outcome:
    connector = int(scene.state.facts["connector"])
    if not await _first(scene, "unlock"):
        return Outcome("refused")
    answer = await scene.given.chargers.unlock(scene.fact("candidate") or "", connector)
    done = {"unlocked": "yes"} if answer in DONE else {}
    return Outcome("done" if done else "refused", {"unlock_answer": answer, **done})


async def _case_status(scene: Scene) -> Outcome:
    found = await scene.given.cases.status(scene.fact("asked_case") or "", scene.fact("asked_code") or "")
    asked: dict[str, str | None] = {"asked_case": None, "asked_code": None}
    if not isinstance(found, CaseStatus):
        misses = int(scene.fact("misses") or "0") + 1
        return Outcome("locked" if misses >= MISSES else found, {**asked, "misses": str(misses)})
    words = [scene.say(f"status_{found.status}")]
    if found.hours is not None and found.status not in {"concluded", "closed"}:
        words.append(scene.say("incident_expected", when=_when(scene, found.hours)))
    told = {**asked, "status_text": " ".join(words), "asks_in": found.token}
    if found.unconfirmed is None:
        return Outcome("found", told)
    return Outcome("concluded", {**told, "asks": str(found.unconfirmed)})


async def _confirm_case(scene: Scene) -> Outcome:
    await scene.given.cases.confirm(int(scene.fact("asks") or "0"))
    return Outcome("confirmed", {"asks": None})


async def _owner_cases(scene: Scene) -> Outcome:
    found = await scene.given.owners.open_cases(scene.fact("phone") or "", scene.fact("pin") or "")
    if found is None:
        misses = int(scene.fact("pin_misses") or "0") + 1
        return Outcome("locked" if misses >= MISSES else "wrong", {"pin": None, "pin_misses": str(misses)})
    count, most_urgent = found
    words = [scene.say("owner_count", count=str(count)) if count else scene.say("owner_none")]
    for one in most_urgent:
        status = scene.say(f"owner_status_{one.status}")
        words.append(scene.say("owner_case", site=one.site, number=one.number, status=status))
    return Outcome("found", {"pin": None, "owner_text": " ".join(words), "status_text": "yes"})


async def _check_number(scene: Scene) -> Outcome:
    number = reachable(scene.fact("number"), region_of(scene.called) or HOME)
    if number is None:
        return Outcome("bad", {"number": None})
    try:
        wishes = _wishes(await scene.given.callers.known(number))
    except Exception as error:
        log.warning("phone.wishes_not_known", call=scene.sid, error=type(error).__name__)
        wishes = {}
    return Outcome("good", {"number": None, **number_facts(number), **wishes})


async def _file_report(scene: Scene) -> Outcome:
    return await _file(scene, ())


async def _file_follower(scene: Scene) -> Outcome:
    outcome = await _file(scene, (phone_report.FOLLOWER,))
    return Outcome("filed", outcome.facts) if outcome.name == "urgent" else outcome


async def _report_danger(scene: Scene) -> Outcome:
    """Told once, however often they say so."""
    facts: dict[str, str | None] = {}
    if phone_report.untold_danger(scene.state):
        receipt = await keep_danger(scene.given, scene.sid, scene.state, scene.at, scene.phrases, scene.called)
        facts = {"danger_told": "yes", **_danger_facts(scene, receipt)}
    await scene.given.line.hurry(scene.sid)
    return Outcome("told", facts)


def _danger_facts(scene: Scene, receipt: Receipt | None) -> dict[str, str | None]:
    """Whose call is not filed is in the case of this; what they told before will be filed still."""
    if receipt is None:
        return {}
    if scene.fact("report"):
        return {"queue": receipt.queue}
    return {**receipt_facts(receipt), "priority": "P1", "filed": None}


async def _file_solved(scene: Scene) -> Outcome:
    outcome = await _file(scene, (SOLVED,))
    return Outcome("filed", outcome.facts) if outcome.name == "urgent" else outcome


async def _enter_queue(scene: Scene) -> Outcome:
    place = await scene.given.line.enter(
        Waiting(
            sid=scene.sid,
            report=int(scene.fact("report") or "0") or None,
            phone=scene.fact("phone"),
            language=scene.state.language,
            priority=scene.fact("priority") or ("P1" if scene.fact("danger") else "P3"),
            queue=scene.fact("queue") or ("emergency" if scene.fact("danger") else "helpdesk"),
            patient=bool(scene.fact("wait")),
        )
    )
    return Outcome("closed") if place is None else Outcome("open", _place_facts(scene, place))


async def _look_at_queue(scene: Scene) -> Outcome:
    place = await scene.given.line.place(scene.sid)
    if place.answerer is not None:
        return Outcome("answered", _talk_facts(scene, place, place.answerer))
    facts = _place_facts(scene, place)
    if place.overdue and not scene.fact("long_told"):
        return Outcome("long", {**facts, "long_told": "yes"})
    return Outcome("waiting" if facts["queue_text"] == scene.fact("queue_text") else "moved", facts)


async def _look_at_talk(scene: Scene) -> Outcome:
    return Outcome(await scene.given.line.talk(scene.sid))


async def _somebody_there(scene: Scene) -> Outcome:
    """Only for who has a place in line: nobody else was told whether a talk is recorded."""
    place = await scene.given.line.place(scene.sid) if scene.fact("queue_text") else None
    if place is None or place.answerer is None:
        return Outcome("nobody")
    return Outcome("somebody", _talk_facts(scene, place, place.answerer))


async def _book_callback(scene: Scene) -> Outcome:
    return Outcome(await scene.given.line.call_back(scene.sid, scene.fact("phone") or ""))


async def _keep_message(scene: Scene) -> Outcome:
    await scene.given.line.leave(scene.sid, "message")
    return Outcome("kept")


async def _keep_rating(scene: Scene) -> Outcome:
    try:
        await scene.given.line.rated(scene.sid, int(scene.fact("rating") or "0"))
    except Exception as error:
        log.warning("phone.rating_not_noted", call=scene.sid, error=type(error).__name__)
        await scene.given.spool.keep(phone_report.rating_of(scene.sid, scene.state, scene.at, scene.called))
    return Outcome("kept")


EFFECTS: Mapping[str, Effect] = MappingProxyType(
    {
        "recognise_caller": _recognise_caller,
        "find_charger": _find_charger,
        "look_for_danger": _look_for_danger,
        "site_news": _site_news,
        "known_incident": _known_incident,
        "known_outage": _known_outage,
        "large_outage": _large_outage,
        "announcement": _announcement,
        "next_step": _next_step,
        "restart_charger": _restart_charger,
        "count_connectors": _count_connectors,
        "unlock_connector": _unlock_connector,
        "case_status": _case_status,
        "confirm_case": _confirm_case,
        "owner_cases": _owner_cases,
        "check_number": _check_number,
        "file_report": _file_report,
        "report_danger": _report_danger,
        "file_follower": _file_follower,
        "file_solved": _file_solved,
        "enter_queue": _enter_queue,
        "look_at_queue": _look_at_queue,
        "look_at_talk": _look_at_talk,
        "somebody_there": _somebody_there,
        "book_callback": _book_callback,
        "keep_message": _keep_message,
        "keep_rating": _keep_rating,
    }
)


# Effects that change nothing when carried out twice, or for a turn that another request has answered: those that only
# look, and the report, of which there is one a call whoever files it.
LOOKS = frozenset(
    {
        "recognise_caller",
        "find_charger",
        "look_for_danger",
        "site_news",
        "known_incident",
        "known_outage",
        "large_outage",
        "announcement",
        "next_step",
        "count_connectors",
        "look_at_talk",
        "check_number",
    }
)
FILES = "file_report"
REPEATABLE = LOOKS | {FILES}


async def keep(given: Given, report: Report) -> Receipt | None:
    """Store a report, or put it into the spool (None), also when the record does not say whether it took it: the spool
    hands it in again under the same key. Raises NotStored when neither could be done."""
    return await _stored(given, report, given.intake.accept(report))


async def keep_danger(
    given: Given, sid: str, state: CallState, at: datetime, phrases: Phrases, called: str | None
) -> Receipt | None:
    """Store that it has become dangerous in a call, as `keep` does, in its case."""
    try:
        token = await given.line.about(sid)
    except Exception as error:
        log.warning("phone.case_not_known", call=sid, error=type(error).__name__)
        token = None
    return await keep(given, phone_report.danger_of(sid, state, at, phrases, called, token))


async def _stored(given: Given, report: Report, storing: Awaitable[Stored]) -> Stored | None:
    try:
        async with asyncio.timeout(PATIENCE):
            return await storing
    except (NotStored, TimeoutError):
        await given.spool.keep(report)
        return None


async def _file(scene: Scene, flags: tuple[str, ...]) -> Outcome:
    if scene.fact("filed"):
        return _filed(scene)
    return _told(await keep(scene.given, _report(scene, flags)))


def _report(scene: Scene, flags: tuple[str, ...]) -> Report:
    return phone_report.report_of(scene.sid, scene.state, scene.at, scene.phrases, flags, scene.called)


def _filed(scene: Scene) -> Outcome:
    return Outcome("urgent" if scene.fact("priority") == "P1" else "filed")


def _told(receipt: Receipt | None) -> Outcome:
    if receipt is None:
        return Outcome("kept", {"kept": "yes"})
    return Outcome("urgent" if receipt.priority == "P1" else "filed", receipt_facts(receipt))


def _failed(effect: str, scene: Scene, error: Exception) -> Outcome:
    log.warning("phone.effect_failed", call=scene.sid, effect=effect, error=type(error).__name__)
    return Outcome(FAILED, {"pin": None})


def receipt_facts(receipt: Receipt) -> dict[str, str | None]:
    """What a call remembers of its receipt."""
    return {
        "filed": "yes",
        "report": str(receipt.report),
        "case": receipt.case,
        "code": receipt.code,
        "priority": receipt.priority,
        "queue": receipt.queue,
    }


def _place_facts(scene: Scene, place: Place) -> dict[str, str | None]:
    agreed = scene.fact("consent")
    return {
        "queue_text": queue_text(scene, place),
        "consent": stricter(agreed, place.consent) if agreed else place.consent,
    }


def _talk_facts(scene: Scene, place: Place, answerer: str) -> dict[str, str | None]:
    """With who answers, and whether recording begins with them."""
    facts = {**_place_facts(scene, place), "answerer": answerer}
    return {**facts, "recorded": recording_of({**scene.state.facts, **facts})}


def queue_text(scene: Scene, place: Place) -> str:
    """Place and wait in words; a wait that is not known well is said to be so rather than guessed."""
    if not place.staffed:
        return scene.say("queue_nobody")
    words = [scene.say("queue_number", position=str(place.ahead + 1)) if place.ahead else scene.say("queue_first")]
    if place.least is None or place.most is None:
        words.append(scene.say("wait_unsure"))
    elif place.most <= 2:
        words.append(scene.say("wait_short"))
    else:
        words.append(scene.say("wait_minutes", least=str(max(1, place.least)), most=str(place.most)))
    return " ".join(words)


def _when(scene: Scene, hours: float) -> str:
    if hours <= SOON:
        return scene.say("when_soon")
    if hours <= 48:
        return scene.say("when_hours", hours=str(ceil(hours)))
    return scene.say("when_days", days=str(ceil(hours / 24)))
