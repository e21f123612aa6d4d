"""Whether a flow may answer calls: judged whole, before the first one.

Every target and prompt exists, in both languages and with the same placeholders, which are facts that somebody sets;
every node is reached; every way ends at a person, a call-back, a kept message, a filed report or an explained goodbye,
and no end claims what no way there has earned; a loop has an exit and never turns without waiting for the caller; the
rescue cannot fail, and no call needs more than 40 turns.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ivr.flow import Ask, Branch, Connect, Do, End, Flow, FlowError, Menu, Queue, Record, Say, load, shipped
from ivr.prompts import Catalogues, facts_named, placeholders, read_catalogues
from ivr.vocabulary import CONDITIONS, EFFECTS, FACTS, FAILED
from ivr.walks import MOST_TURNS, longest

MOST_DIGITS = 32
SPOKEN_BY_ENGINE = ("menu_changed", "to_a_person", "not_understood", "no_card_numbers")
EARNED_BY = {
    "filed": {"file_report", "file_follower", "file_solved"},
    "callback": {"book_callback"},
    "message": {"keep_message"},
    "answered": {"case_status", "owner_cases"},
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a flow, and where."""

    flow: str
    node: str
    what: str

    def __str__(self) -> str:
        return f"{self.flow}: {self.node}: {self.what}"


def check_all(paths: list[Path] | None = None) -> list[Fault]:
    """Every fault of every shipped flow (or of the given files)."""
    catalogues = read_catalogues()
    faults: list[Fault] = []
    for path in shipped() if paths is None else paths:
        try:
            faults += check(load(path), catalogues)
        except FlowError as error:
            faults += [Fault(path.stem, "-", fault) for fault in error.faults]
        except OSError as error:
            faults.append(Fault(path.stem, "-", f"{path}: {error.strerror}"))
    return faults


def check(flow: Flow, catalogues: Catalogues | None = None) -> list[Fault]:
    """Every fault of one flow; none means that it may answer calls."""
    missing = list(_targets(flow))
    words = [*_vocabulary(flow), *_prompts(flow, catalogues or read_catalogues())]
    shape = [] if missing else [*_reached(flow), *_exits(flow), *_earned(flow), *_turning(flow), *_rescued(flow)]
    faults = [*missing, *words, *shape]
    return [Fault(flow.name, node, what) for node, what in (*faults, *([] if faults else _bounded(flow)))]


def reachable(flow: Flow, start: str, *, without: set[str] | None = None) -> set[str]:
    """The nodes that can be reached from `start` without the successful outcomes of the effects named in `without`."""
    seen: set[str] = set()
    todo = [start]
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        node = flow.node[name]
        todo += [
            target
            for exit_, target in node.exits()
            if not (without and isinstance(node, Do) and node.effect in without and exit_ != FAILED)
        ]
        if isinstance(node, Do) and FAILED not in node.then:
            todo.append(flow.rescue)
    return seen


def facts_asked(flow: Flow) -> frozenset[str]:
    """The facts that callers give."""
    return frozenset(node.into for node in flow.node.values() if isinstance(node, Menu | Ask | Record) and node.into)


def _bounded(flow: Flow) -> Iterator[tuple[str, str]]:
    most = longest(flow, flow.rescue)
    if most is None:
        yield flow.rescue, "the rescue can go round for ever"
    elif flow.limit + 1 + most > MOST_TURNS:
        yield flow.rescue, f"a call may need {flow.limit + 1 + most} turns; lower the limit or shorten the rescue"


def _targets(flow: Flow) -> Iterator[tuple[str, str]]:
    for role, target in (("start", flow.start), ("rescue", flow.rescue), ("changed", flow.changed)):
        if target not in flow.node:
            yield role, f"there is no node {target}"
    for name, node in flow.node.items():
        for exit_, target in node.exits():
            if target not in flow.node:
                yield name, f"{exit_} leads to {target}, which does not exist"


def _vocabulary(flow: Flow) -> Iterator[tuple[str, str]]:
    for name, node in flow.node.items():
        match node:
            case Do(effect=effect) if effect not in EFFECTS:
                yield name, f"there is no effect {effect}"
            case Do(effect=effect, then=then):
                for outcome in sorted(EFFECTS[effect] - set(then)):
                    yield name, f"the outcome {outcome} of {effect} leads nowhere"
                for outcome in sorted(set(then) - EFFECTS[effect] - {FAILED}):
                    yield name, f"{effect} has no outcome {outcome}"
            case Branch(when=when) if when not in CONDITIONS:
                yield name, f"there is no condition {when}"
            case Ask(digits=(least, most)) if not 1 <= least <= most <= MOST_DIGITS:
                yield name, f"digits from {least} to {most} are no number that can be keyed"
            case Menu(press=press, values=values, into=into):
                if values and into is None:
                    yield name, "keys have values and there is no fact to take them"
                for key in sorted(set(values) - set(press)):
                    yield name, f"key {key} has a value but no target"


def _prompts(flow: Flow, catalogues: Catalogues) -> Iterator[tuple[str, str]]:
    known = FACTS | facts_asked(flow)
    spoken = [*flow.prompts(), *(("-", prompt) for prompt in SPOKEN_BY_ENGINE)]
    for name, prompt in dict.fromkeys(spoken):
        absent = [language for language, sentences in sorted(catalogues.items()) if prompt not in sentences]
        for language in absent:
            yield name, f"the prompt {prompt} is missing in {language}"
        if not absent and len({placeholders(sentences[prompt]) for sentences in catalogues.values()}) > 1:
            yield name, f"the prompt {prompt} has different placeholders in different languages"
        for fact in sorted(facts_named(" ".join(s[prompt] for s in catalogues.values() if prompt in s)) - known):
            yield name, f"the prompt {prompt} names the fact {fact}, which nobody sets"
    for name, node in flow.node.items():
        if not node.say and isinstance(node, Menu | Queue | End):
            yield name, f"a {node.kind} node that says nothing is silence"


def _reached(flow: Flow) -> Iterator[tuple[str, str]]:
    seen = reachable(flow, flow.start) | reachable(flow, flow.rescue) | reachable(flow, flow.changed)
    for name in flow.node:
        if name not in seen:
            yield name, "no way leads here"


def _exits(flow: Flow) -> Iterator[tuple[str, str]]:
    for name in flow.node:
        if not any(isinstance(flow.node[there], End | Queue | Connect) for there in reachable(flow, name)):
            yield name, "no way from here reaches a person or an end"


def _earned(flow: Flow) -> Iterator[tuple[str, str]]:
    for name, node in flow.node.items():
        if not isinstance(node, End):
            continue
        if node.ends == "talked":
            if name in _without_connect(flow):
                yield name, "ends as talked, but a way here has met nobody"
        elif node.ends in EARNED_BY and name in reachable(flow, flow.start, without=EARNED_BY[node.ends]):
            yield name, f"ends as {node.ends}, but a way here has not earned it"


def _without_connect(flow: Flow) -> set[str]:
    trimmed = {
        name: node.model_copy(update={"talked": node.missed}) if isinstance(node, Connect) else node
        for name, node in flow.node.items()
    }
    return reachable(flow.model_copy(update={"node": trimmed}), flow.start)


def _turning(flow: Flow) -> Iterator[tuple[str, str]]:
    """Nodes that come back to themselves through nodes that wait for nobody."""
    for name in flow.node:
        seen: set[str] = set()
        todo = list(_at_once(flow, name))
        while todo:
            there = todo.pop()
            if there == name:
                yield name, "goes round without waiting for the caller"
                break
            if there not in seen:
                seen.add(there)
                todo += _at_once(flow, there)


def _at_once(flow: Flow, name: str) -> Iterator[str]:
    node = flow.node[name]
    if isinstance(node, Say | Branch | Do):
        for _, target in node.exits():
            yield target


def _rescued(flow: Flow) -> Iterator[tuple[str, str]]:
    for name in sorted(reachable(flow, flow.rescue)):
        node = flow.node[name]
        if isinstance(node, Do) and FAILED not in node.then:
            yield name, f"is on the way of the rescue and does not say where a failed {node.effect} leads"
