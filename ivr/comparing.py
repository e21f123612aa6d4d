"""What an edit of a flow means for callers: nodes that came, went or lead elsewhere, and ways to a person that grew."""

from __future__ import annotations

from collections.abc import Iterator

from ivr.flow import Flow
from ivr.prompts import Phrases
from ivr.walks import nearest_person


def differences(old: Flow, new: Flow, phrases: Phrases, language: str = "sv") -> Iterator[str]:
    """One line for each difference, in the order of the flows."""
    for name in old.node:
        if name not in new.node:
            yield f"- {name}: is gone; calls that stand there start again"
    for name, node in new.node.items():
        before = old.node.get(name)
        if before is None:
            yield f"+ {name}: {node.kind}"
        elif before != node:
            yield from (f"~ {name}: {change}" for change in _changes(dict(before.exits()), dict(node.exits())))
            if before.say != node.say:
                now, then = (", ".join(step.say) or "nothing" for step in (node, before))
                yield f"~ {name}: says {now} instead of {then}"
    was, after = nearest_person(old, phrases, language), nearest_person(new, phrases, language)
    for name in after:
        if name in was and after[name] != was[name]:
            presses = after[name].presses - was[name].presses
            seconds = after[name].seconds - was[name].seconds
            yield f"  from {name} to a person: {presses:+d} answers, {seconds:+.0f} s"


def _changes(before: dict[str, str], after: dict[str, str]) -> Iterator[str]:
    for exit_ in sorted(before.keys() | after.keys()):
        if before.get(exit_) != after.get(exit_):
            yield f"{exit_} leads to {after.get(exit_, 'nothing')}, not {before.get(exit_, 'nothing')}"
