"""Which queue a report goes to: ordered rules, first match decides, the last matches everything.

The rules are checked when read: total, every named queue known, none shadowed by an earlier one, none contradicting
another, every queue filled by a rule or declared to be filled otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from routing.values import Category, Priority, Reason

_LISTS: Mapping[str, frozenset[str]] = {
    "priority": frozenset(Priority),
    "category": frozenset(Category),
    "channel": frozenset({"phone", "email", "form", "portal", "sms", "whatsapp", "alarm", "api"}),
    "sla_level": frozenset({"basic", "plus", "premium"}),
}
_FLAGS = ("quarantined", "automatic", "spam", "understood", "named", "mass")
_CONSENTS = ("announce", "ask", "never")
AGENT_FIRST, CUSTOMER_FIRST = "agent first", "customer first"
NAMED = "=named"
LEAST_WAIT = 30  # seconds: whoever has only just come is not moved on


@dataclass(frozen=True, slots=True)
class QueueFacts:
    """What the rules may look at."""

    priority: str
    category: str
    channel: str
    sla_level: str
    quarantined: bool
    automatic: bool
    spam: bool
    understood: bool
    mass: bool
    named_queue: str | None

    @property
    def named(self) -> bool:
        return self.named_queue is not None


@dataclass(frozen=True, slots=True)
class Rule:
    name: str
    conditions: Mapping[str, frozenset[str] | bool]
    queue: str

    def holds(self, facts: QueueFacts) -> bool:
        for name, wanted in self.conditions.items():
            value = getattr(facts, name)
            if (value not in wanted) if isinstance(wanted, frozenset) else (value is not wanted):
                return False
        return True

    def covers(self, other: Rule) -> bool:
        """Whether everything that the other rule takes would already be taken by this one."""
        for name, wanted in self.conditions.items():
            theirs = other.conditions.get(name)
            if theirs is None:
                return False
            if isinstance(wanted, frozenset):
                if not isinstance(theirs, frozenset) or not theirs <= wanted:
                    return False
            elif theirs is not wanted:
                return False
        return True


@dataclass(frozen=True, slots=True)
class Queue:
    name: str
    lines: tuple[int, ...]
    about: str
    skills: frozenset[str] = frozenset()  # that whoever takes its work should have
    limit: int | None = None  # of waiting work; more is an alarm
    overflow: str | None = None  # the queue that gets what is beyond the limit, or what nobody serves
    longest_wait: timedelta | None = None  # of a caller, who is then moved on
    longest_wait_to: str | None = None  # the queue they are moved to; else they go up in the order of their own
    recording: str | None = None  # how its callers agree to be recorded; None: as the house says
    callback: str = AGENT_FIRST  # whose telephone rings first when a caller is called back


def choose_queue(
    rules: tuple[Rule, ...], queues: Mapping[str, Queue], facts: QueueFacts
) -> tuple[str, tuple[Reason, ...]]:
    """The queue, and the rule that chose it. A named queue that does not exist is passed over."""
    known = facts.named_queue if facts.named_queue in queues else None
    if known != facts.named_queue:
        facts = QueueFacts(
            **{f: getattr(facts, f) for f in QueueFacts.__slots__ if f != "named_queue"}, named_queue=None
        )
    rule = next(rule for rule in rules if rule.holds(facts))
    queue = known if rule.queue == NAMED and known else rule.queue
    return queue, (Reason("queue_rule", {"queue": queue, "rule": rule.name}),)


def parse_queues(table: Mapping[str, Any], faults: list[str]) -> tuple[tuple[Rule, ...], Mapping[str, Queue]]:
    """Queues and rules of queues.toml; every fault is added to `faults`, one line each."""
    queues = {
        name: Queue(
            name,
            tuple(row.get("lines", ())),
            row.get("about", ""),
            frozenset(row.get("skills", ())),
            row.get("limit"),
            row.get("overflow"),
            _seconds(name, row.get("longest_wait"), faults),
            row.get("longest_wait_to"),
            row.get("recording"),
            row.get("callback", AGENT_FIRST),
        )
        for name, row in table.get("queues", {}).items()
    }
    faults.extend(_overflow_faults(queues))
    faults.extend(_caller_faults(queues))
    unserved = [q.name for q in queues.values() if not q.lines or not set(q.lines) <= {1, 2, 3}]
    faults.extend(f"queues.toml: queue {name} is served by no line" for name in unserved)
    rules = tuple(_rule(row, queues, faults) for row in table.get("rules", []))
    _check(rules, queues, table, faults)
    return rules, queues


def _overflow_faults(queues: Mapping[str, Queue]) -> list[str]:
    found = []
    for name, queue in queues.items():
        if queue.limit is not None and (not isinstance(queue.limit, int) or queue.limit < 1):
            found.append(f"queues.toml: queue {name}: limit = {queue.limit!r} is no number of items")
        if queue.overflow is not None and queue.overflow not in queues:
            found.append(f"queues.toml: queue {name} flows over into {queue.overflow!r}, which does not exist")
        passed, at = {name}, queue.overflow
        while at is not None and at in queues and at not in passed:
            passed.add(at)
            at = queues[at].overflow
        if at in passed:
            found.append(f"queues.toml: queue {name} flows over in a circle")
    return found


def _seconds(name: str, value: Any, faults: list[str]) -> timedelta | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < LEAST_WAIT:
        faults.append(
            f"queues.toml: queue {name}: longest_wait = {value!r} is no number of seconds from {LEAST_WAIT} on"
        )
        return None
    return timedelta(seconds=value)


def _caller_faults(queues: Mapping[str, Queue]) -> list[str]:
    found = []
    for name, queue in queues.items():
        if queue.recording is not None and queue.recording not in _CONSENTS:
            found.append(
                f"queues.toml: queue {name}: recording = {queue.recording!r} is none of {', '.join(_CONSENTS)}"
            )
        if queue.callback not in (AGENT_FIRST, CUSTOMER_FIRST):
            found.append(
                f"queues.toml: queue {name}: callback = {queue.callback!r} is neither agent nor customer first"
            )
        to = queue.longest_wait_to
        if to is not None and queue.longest_wait is None:
            found.append(f"queues.toml: queue {name} has longest_wait_to without longest_wait")
        if to is not None and (to not in queues or to == name):
            found.append(f"queues.toml: queue {name} moves its callers to {to!r}, which is no other queue")
    return found


def _rule(row: Mapping[str, Any], queues: Mapping[str, Queue], faults: list[str]) -> Rule:
    name = str(row.get("name", "?"))
    conditions: dict[str, frozenset[str] | bool] = {}
    for key, value in row.items():
        if key in ("name", "queue"):
            continue
        if key in _LISTS and isinstance(value, list) and value and set(value) <= _LISTS[key]:
            conditions[key] = frozenset(value)
        elif key in _FLAGS and isinstance(value, bool):
            conditions[key] = value
        else:
            faults.append(f"queues.toml: rule {name!r}: {key} = {value!r} is not a condition")
    queue = str(row.get("queue", ""))
    if queue == NAMED:
        if conditions.get("named") is not True:
            faults.append(f"queues.toml: rule {name!r}: {NAMED} needs named = true")
    elif queue not in queues:
        faults.append(f"queues.toml: rule {name!r}: unknown queue {queue!r}")
    return Rule(name, conditions, queue)


def _check(rules: tuple[Rule, ...], queues: Mapping[str, Queue], table: Mapping[str, Any], faults: list[str]) -> None:
    if not rules or rules[-1].conditions:
        faults.append("queues.toml: the last rule must have no conditions, so that there is always an answer")
    for place, rule in enumerate(rules):
        for earlier in rules[:place]:
            if earlier.covers(rule):
                same = dict(earlier.conditions) == dict(rule.conditions)
                word = "contradicts" if same and earlier.queue != rule.queue else "is never reached behind"
                faults.append(f"queues.toml: rule {rule.name!r} {word} {earlier.name!r}")
    filled = {rule.queue for rule in rules}
    for name, row in table.get("queues", {}).items():
        if name not in filled and not row.get("filled_by"):
            faults.append(f"queues.toml: no rule fills queue {name!r}")
    names = [rule.name for rule in rules]
    faults += [
        f"queues.toml: two rules are called {name!r}" for name in sorted({n for n in names if names.count(n) > 1})
    ]
