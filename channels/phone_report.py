"""What a call has told so far, as a report: the caller's own words first, then what was chosen, in words.

Of that, only what the caller said is judged: our sentences about fires and cables would be taken for theirs. A number
that was keyed and not yet confirmed is judged as if it had been said; a place that was refused is not.

One call is one report, whenever and however it ends; its key is the CallSid, which no caller can choose. That it has
become dangerous while they waited is another one, in the case of the first.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from channels.answers import DURING, RATES, SOLVES
from channels.report import ANSWER, SOLVED, UNSOLVED, Channel, RemoteAct, RemoteAnswer, Report, Sender, Thread, Tried
from ivr.engine import PROMPTED_IN, CallState, noting
from ivr.prompts import Phrases
from ivr.vocabulary import chosen_category, is_faulty, knows_category

DROPPED = "call_dropped"
TROUBLE = "trouble"
FOLLOWER = "follower"
LATER = "later"  # the danger of whoever had said that there was none
UNCHOSEN = ("said", "danger", "recording", "message")
TOLD = (*UNCHOSEN, "category")
PLACED = ("heard", "place_said")
KEYED = {"yes": "chose_danger", LATER: "chose_danger_later"}  # danger that was told by key, in words


def report_of(
    sid: str, state: CallState, at: datetime, phrases: Phrases, flags: tuple[str, ...] = (), called: str | None = None
) -> Report:
    """The report of a call. `flags` say how it ended: dropped, trouble, follower of a known incident, solved. Whoever
    was told how their case stands and goes on has reported in that case; who said that it is not solved opens it again.
    Who said that it is, while that could not be noted, has answered, and told nothing else when they only hung up then.
    Whoever follows a known fault, or wants a person because of it, belongs to its case, wherever they stand and however
    long ago it was reported last."""
    facts = state.facts
    token = _thread(facts)
    if token and _unsolved(facts):
        flags = (*flags, UNSOLVED)
    if asked := agreed(state):
        answer = f"{SOLVES}:{asked}"
        flags, token = (*flags, answer), None
        if DROPPED in flags and not _tells(facts):
            flags, token = (ANSWER, answer), facts.get("asks_in")
    confirmed = facts.get("confirmed") == "yes"
    if FOLLOWER in flags and facts.get("incident"):
        state = noting(state, {"category": facts["incident"]})
        facts = state.facts
        token = facts.get("follows")
    return Report(
        channel=Channel.PHONE,
        key=sid,
        received_at=at,
        text="\n".join((*_spoken(facts), *_sentences(state, phrases, flags))),
        own_words="\n".join(_judged(facts)),
        sender=Sender(phone=facts.get("phone"), language=facts.get("language")),
        charger=facts.get("candidate") if confirmed else None,
        site=facts.get("site") if confirmed else None,
        connector=_connector(facts),
        category="safety" if facts.get("danger") in KEYED else chosen_category(facts),
        danger=bool(facts.get("danger")),
        faulty=is_faulty(facts),
        language=state.language,
        raw=json.dumps({"call": sid, **state.to_json()}, ensure_ascii=False, sort_keys=True).encode(),
        raw_type="application/json",
        recipients=(called,) if called else (),
        call_sid=sid,
        thread=Thread(token),
        flags=(*flags, *_recordings(facts)),
        tried=tried(state),
    )


def rating_of(sid: str, state: CallState, at: datetime, called: str | None) -> Report:
    """What a caller thought of the talk, by key, for as long as it cannot be noted: an answer and no news of its case,
    which whoever can ask the record finds by the call."""
    return Report(
        channel=Channel.PHONE,
        key=f"{sid} {RATES}",
        received_at=at,
        text=state.facts.get("rating", ""),
        sender=Sender(phone=state.facts.get("phone"), language=state.facts.get("language")),
        language=state.language,
        recipients=(called,) if called else (),
        flags=(ANSWER, f"{RATES}:{sid}"),
    )


def danger_of(
    sid: str, state: CallState, at: datetime, phrases: Phrases, called: str | None, token: str | None = None
) -> Report:
    """That it has become dangerous while they waited: news of the case of their call, which `token` stands for, or
    which whoever can ask the record finds by the call."""
    return replace(
        report_of(sid, state, at, phrases, (), called),
        key=f"{sid} {LATER}",
        text=phrases.say(KEYED[LATER], PROMPTED_IN.get(state.language, "en"), state.facts),
        own_words="",
        call_sid=None,
        thread=Thread(token),
        flags=(f"{DURING}:{sid}",),
        tried=(),
    )


def untold_danger(state: CallState) -> bool:
    """Whether it has become dangerous and that is in no report that is kept."""
    return state.facts.get("danger") == LATER and not state.facts.get("danger_told")


def tried(state: CallState) -> tuple[Tried, ...]:
    """What was done from afar in a call, as far as it was answered."""
    return tuple(_tried(state.facts))


def unfinished(state: CallState) -> bool:
    """Whether a call that is over leaves something to file: not when it was filed, kept, or told nothing."""
    return not (state.facts.get("filed") or state.facts.get("kept") or told_nothing(state))


def told_nothing(state: CallState) -> bool:
    """Whether a caller only asked how a case stands and was told, and what they said to that is noted."""
    facts = state.facts
    return bool(facts.get("status_text")) and not (_unsolved(facts) or agreed(state) is not None or _tells(facts))


def agreed(state: CallState) -> int | None:
    """The report about which a caller said that its case is solved, as long as that is not noted."""
    asked = state.facts.get("asks")
    return int(asked) if asked and state.facts.get("solved") == "yes" else None


def _tells(facts: Mapping[str, str]) -> bool:
    return any(facts.get(name) for name in (*TOLD, *PLACED))


def _thread(facts: Mapping[str, str]) -> str | None:
    """The case that they were told of and speak about."""
    if facts.get("about") == "incident":
        return facts.get("follows")
    return facts.get("asks_in") if facts.get("solved") != "yes" else None


def _spoken(facts: Mapping[str, str], place: str = "place_said") -> Iterator[str]:
    return _given(facts, "said", place, "" if _is_keyed(facts) else "heard")


def _judged(facts: Mapping[str, str]) -> Iterator[str]:
    refused, settled = facts.get("confirmed") == "no", bool(facts.get("confirmed"))
    yield from _spoken(facts, place="" if refused else "place_said")
    yield from _given(facts, "heard" if _is_keyed(facts) and not settled else "")


def _given(facts: Mapping[str, str], *names: str) -> Iterator[str]:
    return (facts[name] for name in names if facts.get(name))


def _is_keyed(facts: Mapping[str, str]) -> bool:
    return facts.get("heard_how") != "spoken"


def _sentences(state: CallState, phrases: Phrases, flags: tuple[str, ...]) -> Iterator[str]:
    facts = state.facts
    language = PROMPTED_IN.get(state.language, "en")

    def say(prompt: str, **more: str) -> str:
        return phrases.say(prompt, language, {**facts, **more})

    if danger := KEYED.get(facts.get("danger", "")):
        yield say(danger)
    if category := facts.get("category"):
        yield say(f"chose_{category}")
    if facts.get("confirmed") == "yes":
        yield say("report_charger") if facts.get("candidate") else say("report_site")
    elif facts.get("heard") and _is_keyed(facts):
        yield say("report_heard")
    for name in ("recording", "message"):
        if facts.get(name):
            yield say("report_recorded", seconds=facts.get(f"{name}_how", "0"))
    for fact, prompt in (("restarted", "report_restarted"), ("unlocked", "report_unlocked")):
        if facts.get(fact):
            yield say(prompt)
    if agreed(state):
        yield say("report_agreed")
    for flag, prompt in ENDINGS.items():
        if flag in flags:
            yield say(prompt)
    if not flags and not knows_category(facts) and not any(facts.get(name) for name in UNCHOSEN):
        yield say("chose_person")


ENDINGS = {
    DROPPED: "report_dropped",
    TROUBLE: "report_trouble",
    FOLLOWER: "report_followed",
    SOLVED: "report_solved",
    UNSOLVED: "report_unsolved",
}


def _unsolved(facts: Mapping[str, str]) -> bool:
    return facts.get("solved") == "no"


def _recordings(facts: Mapping[str, str]) -> Iterator[str]:
    for name in ("recording", "message"):
        if facts.get(name):
            yield f"recording:{facts[name]}"


def _connector(facts: Mapping[str, str]) -> int | None:
    return int(facts.get("connector", "0")) or None


def _tried(facts: Mapping[str, str]) -> Iterator[Tried]:
    charger = facts.get("candidate") or ""
    if answer := facts.get("restart_answer"):
        yield Tried(RemoteAct.RESTART, RemoteAnswer(answer), charger)
    if answer := facts.get("unlock_answer"):
        yield Tried(RemoteAct.UNLOCK, RemoteAnswer(answer), charger, _connector(facts))
