"""A flow talked to without a telephone: the caller's keys and words in, sentences out, effects as whoever asks wants.

`Simulation` is the engine with a memory; `choose` says what each effect comes to, by default the kindest outcome.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ivr.engine import Begin, CallState, Dialled, Event, Outcome, Pressed, Recorded, Silence, Spoken, Turn, start, step
from ivr.flow import Ask, Connect, End, Flow, Menu, Record
from ivr.prompts import Phrases
from ivr.vocabulary import EFFECTS
from ivr.walks import ADDS

KINDEST = {
    "recognise_caller": "new",
    "find_charger": "charger",
    "look_for_danger": "none",
    "known_incident": "none",
    "known_outage": "none",
    "large_outage": "none",
    "next_step": "none",
    "look_at_queue": "waiting",
    "look_at_talk": "over",
    "somebody_there": "nobody",
    "count_connectors": "one",
    "case_status": "found",
    "owner_cases": "found",
    "file_report": "filed",
    "enter_queue": "open",
    "book_callback": "booked",
}
SHOWN = {
    "candidate": "21007",
    "site_name": "Solrosen",
    "case": "1042-9",
    "code": "4711",
    "queue_text": "1.",
    "incident_text": "…",
    "status_text": "…",
    "owner_text": "…",
    "phone": "+46701740605",
    "phone_end": "0605",
}
Choose = Callable[[str, frozenset[str]], Outcome]


def kindest(effect: str, outcomes: frozenset[str]) -> Outcome:
    """The outcome that goes on best, with the facts that its sentences need."""
    name = KINDEST.get(effect) or min(outcomes)
    return Outcome(name, ADDS.get((effect, name), {}))


@dataclass
class Simulation:
    """One simulated call. `said` is what was spoken since the caller last did something."""

    flow: Flow
    phrases: Phrases
    choose: Choose = kindest
    state: CallState = field(init=False)
    turn: Turn = field(init=False)
    said: list[str] = field(init=False)
    visited: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.state = start(self.flow, SHOWN)
        self._take(Begin())

    @property
    def over(self) -> bool:
        return isinstance(self.turn.node, End)

    def hear(self, line: str) -> list[str]:
        """Give one line of a caller: keys, words, `!` for a recording, nothing for silence. Returns what is spoken."""
        self._take(self._event(line.strip()))
        return self.said

    def _event(self, line: str) -> Event:
        node = self.turn.node
        if not line:
            return Dialled(True) if isinstance(node, Connect) else Silence()
        if isinstance(node, Record):
            return Recorded("RE1", 9)
        if isinstance(node, Ask) and line.endswith("#") and len(line) > 1:
            line = line[:-1]
        if isinstance(node, Menu) or all(character in "0123456789*#" for character in line):
            return Pressed(line)
        return Spoken(line)

    def _take(self, event: Event) -> None:
        self.state, self.turn = step(self.flow, self.state, event)
        lines = list(self.turn.say)
        while self.turn.effect is not None:
            self.visited.append(self.state.node)
            outcome = self.choose(self.turn.effect, EFFECTS[self.turn.effect])
            self.state, self.turn = step(self.flow, self.state, outcome)
            lines += self.turn.say
        self.visited.append(self.state.node)
        self.said = [self.phrases.text(replace(line, facts=self.state.facts)) for line in lines]
