"""A flow: what a caller is asked, in which order, as TOML with nine kinds of node and no expressions.

`load` reads one file and raises `FlowError` with every fault of its form; `ivr.checks.check` then judges its meaning.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

FLOWS = Path(__file__).parent / "flows"

Key = Annotated[str, Field(pattern=r"^[0-9*#]$")]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
Prompts = tuple[Name, ...]


class FlowError(Exception):
    """A flow file that cannot be used; `faults` holds one line for each thing that is wrong."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


class Step(BaseModel):
    """What every node has: prompts that are spoken when the call gets there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    say: Prompts = ()


class Say(Step):
    """Speak and go on. `notes` are facts that are known of whoever comes here, whatever becomes of the call."""

    kind: Literal["say"]
    notes: Mapping[Name, str] = {}
    next: Name

    def exits(self) -> Iterator[tuple[str, str]]:
        yield "next", self.next


class Menu(Step):
    """One key out of a few. `values` says what a key means for the fact `into`; silence or a wrong key is told so, and
    after `tries` of them the call goes `otherwise` (silence alone goes to `silence` at once, where that is given)."""

    kind: Literal["menu"]
    press: Mapping[Key, Name]
    into: Name | None = None
    values: Mapping[Key, str] = {}
    silence: Name | None = None
    otherwise: Name
    tries: Annotated[int, Field(ge=1, le=3)] = 3
    seconds: Annotated[int, Field(ge=2, le=20)] = 6

    def exits(self) -> Iterator[tuple[str, str]]:
        yield from self.press.items()
        if self.silence is not None:
            yield "silence", self.silence
        yield "otherwise", self.otherwise


class Ask(Step):
    """Digits or speech into a fact. `digits` is the least and the most that make sense; `press` are single keys that
    mean something else, such as `*` for "I have none"; silence and `otherwise` are as in a menu."""

    kind: Literal["ask"]
    into: Name
    digits: tuple[int, int] | None = None
    speech: bool = False
    press: Mapping[Key, Name] = {}
    next: Name
    silence: Name | None = None
    otherwise: Name
    tries: Annotated[int, Field(ge=1, le=3)] = 3
    seconds: Annotated[int, Field(ge=2, le=60)] = 8

    def exits(self) -> Iterator[tuple[str, str]]:
        yield from self.press.items()
        if self.silence is not None:
            yield "silence", self.silence
        yield "next", self.next
        yield "otherwise", self.otherwise


class Record(Step):
    """The caller speaks after a tone; the recording's id becomes the fact `into`."""

    kind: Literal["record"]
    into: Name
    seconds: Annotated[int, Field(ge=5, le=600)] = 120
    next: Name
    otherwise: Name

    def exits(self) -> Iterator[tuple[str, str]]:
        yield "next", self.next
        yield "otherwise", self.otherwise


class Do(Step):
    """A named effect, and where each of its outcomes leads; an outcome that is not named leads to the flow's rescue."""

    kind: Literal["do"]
    effect: Name
    then: Mapping[Name, Name]

    def exits(self) -> Iterator[tuple[str, str]]:
        yield from self.then.items()


class Branch(Step):
    """A named condition on what is known."""

    kind: Literal["branch"]
    when: Name
    yes: Name
    no: Name

    def exits(self) -> Iterator[tuple[str, str]]:
        yield "yes", self.yes
        yield "no", self.no


class Queue(Step):
    """The caller waits for a person: told the place, then music, keys at any time. `tick` is walked after each round of
    the music and looks whether somebody has answered."""

    kind: Literal["queue"]
    press: Mapping[Key, Name] = {}
    tick: Name

    def exits(self) -> Iterator[tuple[str, str]]:
        yield from self.press.items()
        yield "tick", self.tick


class Connect(Step):
    """The caller and whoever answered are brought together; `missed` when nobody was there after all."""

    kind: Literal["connect"]
    talked: Name
    missed: Name

    def exits(self) -> Iterator[tuple[str, str]]:
        yield "talked", self.talked
        yield "missed", self.missed


class End(Step):
    """Hang up. `ends` names what the caller leaves with; `ivr.checks` proves that every way here has earned it."""

    kind: Literal["end"]
    ends: Literal["filed", "callback", "message", "talked", "answered", "goodbye"]

    def exits(self) -> Iterator[tuple[str, str]]:
        return iter(())


Node = Annotated[Say | Menu | Ask | Record | Do | Branch | Queue | Connect | End, Field(discriminator="kind")]


class Flow(BaseModel):
    """A whole flow. `rescue` is where a call goes that went wrong or round too long: it must lead to a person, a
    call-back or a message; `changed` is where a call goes whose node is no longer there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    start: Name
    rescue: Name
    changed: Name
    limit: Annotated[int, Field(ge=5, le=36)] = 28
    node: Mapping[Name, Node]

    def prompts(self) -> Iterator[tuple[str, str]]:
        """Every (node, prompt) pair."""
        for name, node in self.node.items():
            for prompt in node.say:
                yield name, prompt


def load(path: Path) -> Flow:
    """Read one flow file. Raises FlowError with all faults of form at once, OSError when there is no such file."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FlowError([f"{path.name}: {error}"]) from error
    try:
        return Flow.model_validate({"name": path.stem, **document})
    except ValidationError as error:
        raise FlowError([f"{path.name}: {_place(fault['loc'])}: {fault['msg']}" for fault in error.errors()]) from error


def shipped() -> list[Path]:
    """The flow files that come with the product."""
    return sorted(FLOWS.glob("*.toml"))


def _place(location: tuple[int | str, ...]) -> str:
    return " ".join(".".join(str(part) for part in location).split()) or "the file"
