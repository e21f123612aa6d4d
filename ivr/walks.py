"""Every way through a flow: its states and what a caller or the world can do in each, walked on the real engine.

Two states are the same when node, tries and the answers to all conditions are the same. Effects may have any of their
outcomes, each with the facts of `ADDS`. What is found here is exhaustive for the flow and says nothing of the world.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from ivr.engine import (
    Begin,
    CallState,
    Dialled,
    Event,
    Line,
    Outcome,
    Pressed,
    Recorded,
    Silence,
    Spoken,
    Turn,
    start,
    step,
)
from ivr.flow import Ask, Connect, Do, End, Flow, Menu, Queue, Record
from ivr.prompts import Phrases
from ivr.vocabulary import CONDITIONS, EFFECTS, FAILED

MOST_TURNS = 40
WORDS_A_SECOND = 2.3
ADDS: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("check_number", "good"): {"phone": "+46317001234", "phone_end": "1234"},
    ("find_charger", "danger"): {"danger": "said"},
    ("look_for_danger", "danger"): {"danger": "said"},
    ("recognise_caller", "known"): {"language": "en", "owner": "yes"},
    ("file_report", "urgent"): {"priority": "P1"},
    ("next_step", "step"): {"step_text": "Pull the cable."},
    ("next_step", "restart"): {"remote_offered": "yes"},
}
WRONG_KEY = "A"  # a key of the fourth row, which no menu uses


@dataclass(frozen=True, slots=True)
class Key:
    """What makes two states of a call the same for the flow."""

    node: str
    tries: int
    answers: tuple[bool, ...]
    rescued: bool


@dataclass(frozen=True, slots=True)
class Way:
    """One step of a walk: in `state`, `event` leads to `after`, where `turn` is spoken."""

    state: CallState
    event: Event
    after: CallState
    turn: Turn


@dataclass(frozen=True, slots=True)
class Walked:
    """All that was found: the ways out of every state, and the steps that first led there."""

    ways: Mapping[Key, tuple[Way, ...]]
    first: Mapping[Key, Way]
    begin: Key


def key_of(state: CallState) -> Key:
    answers = tuple(condition(state.facts) for condition in CONDITIONS.values())
    return Key(state.node, state.tries, answers, state.rescued)


def walk(flow: Flow, facts: Mapping[str, str] | None = None, language: str = "sv") -> Walked:
    """Walk every way from the start (or, with `flow.start` changed, from anywhere)."""
    begun = start(flow, facts, language)
    state, turn = step(flow, begun, Begin())
    ways: dict[Key, tuple[Way, ...]] = {}
    first = {key_of(state): Way(begun, Begin(), state, turn)}
    todo = deque([(state, turn)])
    while todo:
        state, turn = todo.popleft()
        key = key_of(state)
        if key in ways:
            continue
        out = []
        for event in events(turn):
            after, spoken = step(flow, replace(state, turns=0), event)
            out.append(Way(state, event, after, spoken))
            first.setdefault(key_of(after), out[-1])
            todo.append((after, spoken))
        ways[key] = tuple(out)
    return Walked(ways, first, key_of(step(flow, begun, Begin())[0]))


def events(turn: Turn) -> Iterator[Event]:
    """Everything that can happen where this turn waits."""
    match turn.node:
        case Do(effect=effect):
            for outcome in sorted(EFFECTS[effect] | {FAILED}):
                yield Outcome(outcome, ADDS.get((effect, outcome), {}))
        case Menu(press=press):
            yield from (Pressed(key) for key in press)
            yield from (Pressed(WRONG_KEY), Silence())
        case Ask(digits=digits, speech=speech, press=press):
            yield from (Pressed(key) for key in press)
            yield from (Pressed(WRONG_KEY), Silence(), Pressed("", card=True))
            if digits is not None:
                yield from (Pressed("3" * digits[0]), Pressed("3" * (digits[1] + 1)))
            if speech:
                yield Spoken("the place by the station")
        case Record():
            yield from (Recorded("RE1", 9), Recorded("RE2", 0), Silence())
        case Queue(press=press):
            yield from (Pressed(key) for key in press)
            yield from (Pressed(WRONG_KEY), Silence())
        case Connect():
            yield from (Dialled(True), Dialled(False), Silence())


def path_to(walked: Walked, key: Key) -> list[Way]:
    """The shortest walk from the start to a state."""
    path: list[Way] = []
    while key != walked.begin:
        way = walked.first[key]
        path.append(way)
        key = key_of(way.state)
    return path[::-1]


def longest(flow: Flow, begin: str) -> int | None:
    """The most answers a caller can give from a node until an end or the queue; None when there is no most."""
    walked = walk(flow.model_copy(update={"start": begin}))
    lengths: dict[Key, int | None] = {}
    open_: set[Key] = set()

    def length(key: Key) -> int | None:
        if key in lengths:
            return lengths[key]
        if isinstance(flow.node[key.node], End | Queue | Connect):
            return 0
        if key in open_:
            return None
        open_.add(key)
        found: int | None = 0
        for way in walked.ways[key]:
            rest = length(key_of(way.after))
            counted = 0 if isinstance(way.event, Outcome) else 1
            found = None if rest is None or found is None else max(found, rest + counted)
        open_.discard(key)
        lengths[key] = found
        return found

    return length(walked.begin)


@dataclass(frozen=True, slots=True)
class Distance:
    """How far a caller is from a person: answers given and seconds listened."""

    presses: int
    seconds: float


def nearest_person(flow: Flow, phrases: Phrases, language: str) -> Mapping[str, Distance]:
    """For every node that asks, the quickest way from there into the line for a person, effects being kind."""
    walked = walk(flow, {"phone": "+46701740605"}, language)
    found: dict[Key, Distance] = {}
    changed = True
    while changed:
        changed = False
        for key, ways in walked.ways.items():
            if isinstance(flow.node[key.node], Queue):
                best: Distance | None = Distance(0, 0.0)
            else:
                best = min(filter(None, (_through(way, found, phrases) for way in ways)), key=_cost, default=None)
            if best is not None and (key not in found or _cost(best) < _cost(found[key])):
                found[key], changed = best, True
    asking: dict[str, Distance] = {}
    for key, distance in found.items():
        if key.tries == 0 and isinstance(flow.node[key.node], Menu | Ask | Record):
            known = asking.get(key.node)
            asking[key.node] = distance if known is None or _cost(distance) > _cost(known) else known
    return asking


def heard_seconds(lines: tuple[Line, ...], phrases: Phrases) -> float:
    """How long it takes to read lines aloud."""
    return sum(len(phrases.text(line).split()) for line in lines) / WORDS_A_SECOND


def _through(way: Way, found: Mapping[Key, Distance], phrases: Phrases) -> Distance | None:
    rest = found.get(key_of(way.after))
    if rest is None or (isinstance(way.event, Outcome) and way.event.name == FAILED):
        return None
    pressed = 0 if isinstance(way.event, Outcome) else 1
    return Distance(rest.presses + pressed, rest.seconds + heard_seconds(way.turn.say, phrases))


def _cost(distance: Distance) -> tuple[int, float]:
    return distance.presses, distance.seconds
