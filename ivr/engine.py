"""One step of a call: `step(flow, state, event)` gives the next state and the turn to speak. Pure; no I/O, no clock.

A state is a frozen value that survives as JSON. A node that the flow no longer has is told as "our menu has changed";
a call that went round too often goes to the flow's rescue. No event raises.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ivr.flow import Ask, Branch, Connect, Do, Flow, Menu, Node, Queue, Record, Say
from ivr.vocabulary import CONDITIONS, FAILED

HOPS = 60
PROMPTED_IN = {"sv": "sv", "no": "sv", "da": "sv", "en": "en", "fi": "en", "de": "en"}


@dataclass(frozen=True, slots=True)
class CallState:
    """Where a call stands. `language` is the caller's own; `facts` are what is known, as short texts."""

    node: str
    language: str = "sv"
    facts: Mapping[str, str] = field(default_factory=dict)
    tries: int = 0
    turns: int = 0
    rescued: bool = False

    def to_json(self) -> dict[str, Any]:
        return {
            "node": self.node,
            "language": self.language,
            "facts": dict(self.facts),
            "tries": self.tries,
            "turns": self.turns,
            "rescued": self.rescued,
        }

    def at(self, node: str) -> CallState:
        """The same call, newly come to a node."""
        return CallState(node, self.language, self.facts, 0, self.turns, self.rescued)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> CallState:
        """The state that `to_json` wrote; unknown keys are ignored, missing ones have their defaults."""
        known = {name: data[name] for name in cls.__slots__ if name in data}
        return cls(**{"node": "", **known})


@dataclass(frozen=True, slots=True)
class Begin:
    """The call has just arrived."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """Keys, without the finishing `#`. `card` when they looked like a payment card and were masked."""

    digits: str
    card: bool = False


@dataclass(frozen=True, slots=True)
class Spoken:
    text: str
    card: bool = False


@dataclass(frozen=True, slots=True)
class Recorded:
    sid: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing came before the time was out."""


@dataclass(frozen=True, slots=True)
class Dialled:
    """Two people were brought together, or not."""

    talked: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an effect came to, and the facts that it adds (None takes one away)."""

    name: str
    facts: Mapping[str, str | None] = field(default_factory=dict)


Event = Begin | Pressed | Spoken | Recorded | Silence | Dialled | Outcome


@dataclass(frozen=True, slots=True)
class Line:
    """A prompt to speak, in one of the languages that prompts exist in, with the facts its sentence may need."""

    prompt: str
    language: str
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Turn:
    """What happens now: `effect` is to be carried out first; otherwise speak `say` and wait for what `node` expects."""

    say: tuple[Line, ...]
    node: Node
    language: str
    effect: str | None = None


def start(flow: Flow, facts: Mapping[str, str] | None = None, language: str = "sv") -> CallState:
    """The state of a call that has just arrived."""
    return CallState(node=flow.start, language=language, facts=dict(facts or {}))


def step(flow: Flow, state: CallState, event: Event) -> tuple[CallState, Turn]:
    """Take one event and say what happens next. An `Outcome` answers the turn whose `effect` was carried out."""
    node = flow.node.get(state.node)
    if node is None:
        moved = state.at(flow.changed)
        return _arrive(flow, moved, (_line("menu_changed", moved),))
    if isinstance(event, Begin):
        return _arrive(flow, state, ())
    if isinstance(event, Outcome):
        return _after_effect(flow, state, node, event)
    if isinstance(node, Queue):
        return _queued(flow, state, node, event)
    state = CallState(state.node, state.language, state.facts, state.tries, state.turns + 1, state.rescued)
    if state.turns >= flow.limit and not state.rescued and not isinstance(node, Connect):
        state = _heard(state, node, event)
        moved = replace(state.at(flow.rescue), rescued=True)
        return _arrive(flow, moved, (_line("to_a_person", moved),))
    return _answered(flow, state, node, event)


def rescue(flow: Flow, state: CallState, facts: Mapping[str, str]) -> tuple[CallState, Turn]:
    """Lead a call that came back in another way than it left: note what it brought and go to the flow's rescue."""
    return _go(flow, replace(noting(state, facts), rescued=True), flow.rescue)


def noting(state: CallState, facts: Mapping[str, str | None]) -> CallState:
    """The state with facts added or (None) taken away; the fact `language` is the state's own."""
    if not facts:
        return state
    merged = {**state.facts, **facts}
    told = {name: value for name, value in merged.items() if value is not None}
    language = facts.get("language") or state.language
    return CallState(state.node, language, told, state.tries, state.turns, state.rescued)


def _answered(flow: Flow, state: CallState, node: Node, event: Event) -> tuple[CallState, Turn]:
    match node, event:
        case Menu(), Pressed(digits=key) if key in node.press:
            return _go(flow, _chosen(state, node, key), node.press[key])
        case ((Menu(silence=str() as target) | Ask(silence=str() as target)), Silence()):
            return _go(flow, state, target)
        case Ask(), Pressed(digits=key) if key in node.press:
            return _go(flow, state, node.press[key])
        case ((Ask(next=target) | Record(next=target)), _) if _takes(node, event):
            return _go(flow, _heard(state, node, event), target)
        case Record(), _:
            return _go(flow, state, node.otherwise)
        case Connect(), Dialled(talked=talked):
            return _go(flow, state, node.talked if talked else node.missed)
        case Connect(), _:
            return _go(flow, state, node.missed)
        case ((Menu() | Ask()), _):
            return _again(flow, state, node, event)
        case _:
            return _arrive(flow, state, ())


def _takes(node: Node, event: Event) -> bool:
    match node, event:
        case Ask(digits=(least, most)), Pressed(digits=digits, card=False):
            return digits.isdigit() and least <= len(digits) <= most
        case Ask(speech=True), Spoken(text=text):
            return bool(text.strip())
        case Record(), Recorded(seconds=seconds):
            return seconds > 0
    return False


def _heard(state: CallState, node: Node, event: Event) -> CallState:
    """The state with what was said or keyed noted, if it makes sense at this node."""
    if not _takes(node, event) or not isinstance(node, Ask | Record):
        return state
    match event:
        case Pressed(digits=value):
            how = "keyed"
        case Spoken(text=value):
            how = "spoken"
        case Recorded(sid=value, seconds=seconds):
            how = str(seconds)
        case _:
            return state
    return noting(state, {node.into: value, f"{node.into}_how": how})


def _chosen(state: CallState, node: Menu, key: str) -> CallState:
    value = node.values.get(key)
    if node.into is None or value is None:
        return state
    return noting(state, {node.into: value})


def _again(flow: Flow, state: CallState, node: Menu | Ask, event: Event) -> tuple[CallState, Turn]:
    tries = state.tries + 1
    sorry = "no_card_numbers" if getattr(event, "card", False) else "not_understood"
    if tries >= node.tries:
        return _go(flow, state, node.otherwise)
    again = replace(state, tries=tries)
    return again, Turn((_line(sorry, again), *_lines(node, again)), node, again.language)


def _after_effect(flow: Flow, state: CallState, node: Node, event: Outcome) -> tuple[CallState, Turn]:
    state = noting(state, event.facts)
    if not isinstance(node, Do):
        return _arrive(flow, state, ())
    target = node.then.get(event.name) or node.then.get(FAILED)
    if target is None:
        state = replace(state, rescued=True)
        target = flow.rescue
    return _go(flow, state, target)


def _queued(flow: Flow, state: CallState, node: Queue, event: Event) -> tuple[CallState, Turn]:
    if isinstance(event, Pressed) and event.digits in node.press:
        return _go(flow, state, node.press[event.digits])
    return _go(flow, state, node.tick)


def _go(flow: Flow, state: CallState, target: str) -> tuple[CallState, Turn]:
    return _arrive(flow, state.at(target), ())


def _arrive(flow: Flow, state: CallState, said: tuple[Line, ...]) -> tuple[CallState, Turn]:
    """Walk through what needs no answer until a node waits for the caller or an effect is due."""
    for _ in range(HOPS):
        node = flow.node[state.node]
        said = (*said, *_lines(node, state))
        match node:
            case Say(next=target, notes=notes):
                state = noting(state, notes).at(target)
            case Branch(when=when, yes=yes, no=no):
                state = state.at(yes if CONDITIONS[when](state.facts) else no)
            case Do(effect=effect):
                return state, Turn(said, node, state.language, effect)
            case _:
                return state, Turn(said, node, state.language)
    raise AssertionError(f"{flow.name}: {state.node} goes round without waiting for anybody; ivr.checks forbids it")


def _lines(node: Node, state: CallState) -> tuple[Line, ...]:
    return tuple(_line(prompt, state) for prompt in node.say)


def _line(prompt: str, state: CallState) -> Line:
    return Line(prompt, PROMPTED_IN.get(state.language, "en"), state.facts)
