"""What is proven of a flow before it may answer a call, and every way through the shipped ones, in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from channels.phone_report import ENDINGS
from gateway.outages import BEHIND
from ivr.__main__ import app
from ivr.checks import check, check_all, facts_asked
from ivr.engine import Begin, CallState, Outcome, Pressed, Silence, Turn, start, step
from ivr.flow import Branch, Connect, Do, End, Flow, FlowError, Queue, load, shipped
from ivr.prompts import FOREIGN, LANGUAGES, Phrases, facts_named, read_catalogues
from ivr.vocabulary import CONDITIONS, EFFECTS, FACTS
from ivr.walks import MOST_TURNS, Walked, Way, key_of, longest, nearest_person, path_to, walk
from routing.values import Category

CATALOGUES = read_catalogues()
CHANNELS = Path(__file__).parents[2] / "channels"
CALLERS = {
    "known": {"phone": "+46701740605", "phone_end": "0605", "consent": "announce"},
    "landline": {"phone": "+46317001234", "phone_end": "1234", "textless": "yes", "consent": "ask"},
    "withheld": {},
}
SMALL = """
start = "hello"
rescue = "file"
changed = "hello"
[node.hello]
kind = "menu"
say = ["welcome"]
press = { 1 = "file" }
otherwise = "file"
[node.file]
kind = "do"
effect = "file_report"
then = { filed = "told", urgent = "told", kept = "told", failed = "sorry" }
[node.told]
kind = "end"
say = ["goodbye"]
ends = "filed"
[node.sorry]
kind = "end"
say = ["no_way"]
ends = "goodbye"
"""


def flows() -> Iterator[Flow]:
    yield from (load(path) for path in shipped())


def small(tmp_path: Path, text: str = SMALL) -> Flow:
    path = tmp_path / "small.toml"
    path.write_text(text)
    return load(path)


def faults(tmp_path: Path, old: str = "", new: str = "") -> str:
    assert old in SMALL
    return "\n".join(map(str, check(small(tmp_path, SMALL.replace(old, new) if old else SMALL + new), CATALOGUES)))


def test_the_shipped_flows_and_the_small_one_are_right(tmp_path: Path) -> None:
    assert check_all() == []
    assert check(small(tmp_path), CATALOGUES) == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('{ 1 = "file" }', '{ 1 = "nowhere" }', "leads to nowhere, which does not exist"),
        ('rescue = "file"', 'rescue = "nobody"', "there is no node nobody"),
        ('say = ["welcome"]', 'say = ["welcome", "unheard_of"]', "the prompt unheard_of is missing in en"),
        (
            'say = ["welcome"]',
            'say = ["welcome", "ring_charger"]',
            "the prompt ring_charger names the fact charger, which nobody sets",
        ),
        ('effect = "file_report"', 'effect = "order_pizza"', "there is no effect order_pizza"),
        ('urgent = "told", ', "", "the outcome urgent of file_report leads nowhere"),
        ('kept = "told"', 'kept = "told", lost = "told"', "file_report has no outcome lost"),
        ('ends = "filed"', 'ends = "callback"', "ends as callback, but a way here has not earned it"),
        ('ends = "filed"', 'ends = "talked"', "ends as talked, but a way here has met nobody"),
        ('failed = "sorry"', 'failed = "told"', "ends as filed, but a way here has not earned it"),
        (', failed = "sorry"', "", "does not say where a failed file_report leads"),
        ('say = ["no_way"]\n', "", "a end node that says nothing is silence"),
        ("", '[node.island]\nkind = "say"\nnext = "file"\n', "island: no way leads here"),
        (
            'otherwise = "file"',
            'otherwise = "spin"\n[node.spin]\nkind = "say"\nnext = "spin"',
            "goes round without waiting",
        ),
        (
            'otherwise = "file"',
            'otherwise = "spin"\n[node.spin]\nkind = "say"\nnext = "spin"',
            "reaches a person or an end",
        ),
        (
            'otherwise = "file"',
            'otherwise = "ask"\n[node.ask]\nkind = "branch"\nwhen = "moon_is_full"\nyes = "file"\nno = "file"',
            "there is no condition moon_is_full",
        ),
        ('press = { 1 = "file" }', 'press = { 1 = "file" }\nvalues = { 2 = "x" }', "key 2 has a value but no target"),
        ('press = { 1 = "file" }', 'press = { 1 = "file" }\nvalues = { 1 = "x" }', "there is no fact to take them"),
        (
            'otherwise = "file"',
            'otherwise = "x"\n[node.x]\nkind = "ask"\ninto = "x"\ndigits = [8, 3]\nnext = "file"\notherwise = "file"',
            "digits from 8 to 3 are no number",
        ),
    ],
)
def test_each_fault_of_a_flow_is_named(tmp_path: Path, old: str, new: str, fault: str) -> None:
    assert fault in faults(tmp_path, old, new)


def test_a_rescue_that_goes_round_is_found(tmp_path: Path) -> None:
    text = SMALL.replace('rescue = "file"', 'rescue = "hello"').replace('{ 1 = "file" }', '{ 1 = "file", 2 = "hello" }')
    assert "can go round for ever" in "\n".join(map(str, check(small(tmp_path, text), CATALOGUES)))


def test_faults_of_form_come_all_at_once(tmp_path: Path) -> None:
    with pytest.raises(FlowError) as caught:
        small(tmp_path, SMALL.replace('kind = "menu"', 'kind = "opera"').replace('ends = "filed"', 'ends = "somehow"'))
    assert len(caught.value.faults) == 2
    with pytest.raises(FlowError):
        small(tmp_path, "start = ")


@pytest.mark.parametrize("command", ["check", "draw", "call", "diff"])
@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('{ 1 = "file" }', '{ 1 = "nowhere" }', "hello: 1 leads to nowhere, which does not exist"),
        ('effect = "file_report"', 'effect = "order_pizza"', "file: there is no effect order_pizza"),
        ("[node.told]", '[node."a\\nb"]', "node.a b"),
        ('start = "hello"', f"start = {'[' * 3000}", "recursion"),
        (None, None, "No such file"),
    ],
)
def test_a_broken_flow_is_a_line_a_fault_whatever_is_asked_of_it(
    tmp_path: Path, command: str, old: str | None, new: str | None, fault: str
) -> None:
    path = tmp_path / "small.toml"
    if old and new:
        path.write_text(SMALL.replace(old, new))
    given = [command, str(path), str(path)] if command == "diff" else [command, str(path)]
    told = CliRunner().invoke(app, given)
    assert (told.exit_code, type(told.exception)) == (78, SystemExit)
    assert fault in told.output
    assert all(line.startswith("small: ") for line in told.output.splitlines())


def test_placeholders_and_vocabulary_agree_between_languages() -> None:
    assert CATALOGUES["sv"].keys() == CATALOGUES["en"].keys()
    for prompt, sentence in CATALOGUES["sv"].items():
        if FOREIGN.search(prompt):
            assert CATALOGUES["en"][prompt] == sentence
    used = {(node.effect) for flow in flows() for node in flow.node.values() if isinstance(node, Do)}
    assert used == set(EFFECTS)
    asked = {node.when for flow in flows() for node in flow.node.values() if isinstance(node, Branch)}
    assert asked == set(CONDITIONS)


def test_whatever_the_door_says_exists_in_both_languages() -> None:
    spoken = {
        prompt
        for path in CHANNELS.glob("phone*.py")
        for prompt in re.findall(r'(?:say|_both)\(\s*"([a-z_]+)"', path.read_text())
    }
    chosen = {f"chose_{category}" for category in Category}
    told = {f"status_{word}" for word in ("open", "assigned", "waiting", "planned", "concluded", "closed")}
    outages = {f"outage_{category}" for behind in BEHIND.values() for category in behind}
    assert len(spoken) > 20
    assert (spoken | chosen | told | outages | set(ENDINGS.values())) <= CATALOGUES["en"].keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_key_is_for_is_said_before_the_key(language: str) -> None:
    keyed = re.compile(r"(?:^|[.?!] )(?:Tryck|Press) \d|(?:tryck|press) \d (?:för|to|for)\b")
    assert {prompt: said for prompt, said in CATALOGUES[language].items() if keyed.search(said)} == {}


def test_whatever_a_report_says_and_a_prompt_may_name_is_a_fact_that_somebody_sets() -> None:
    asked = frozenset[str]().union(*(facts_asked(flow) for flow in flows()))
    for sentences in CATALOGUES.values():
        reported = {prompt: facts_named(sentence) for prompt, sentence in sentences.items() if "report_" in prompt}
        assert {prompt: names - FACTS - asked for prompt, names in reported.items() if names - FACTS - asked} == {
            "report_recorded": {"seconds"}
        }, "which the report gives itself"
    source = "".join((CHANNELS / f"{name}.py").read_text() for name in ("phone_effects", "phone_events"))
    assert {fact for fact in FACTS if f'"{fact}":' not in source} == set()


def completed(
    flow: Flow, walked: Walked, way: Way, language: str, facts: dict[str, str]
) -> tuple[CallState, Turn, int]:
    """Walk to a step, take it, and then do what ends the call soonest; the number of answers that took."""
    state = start(flow, facts, language)
    state, turn = step(flow, state, Begin())
    answers = 0
    for taken in [*path_to(walked, key_of(way.state)), way]:
        state, turn = step(flow, state, taken.event)
        answers += not isinstance(taken.event, Outcome)
    while not isinstance(turn.node, End | Queue | Connect):
        event = Outcome("failed") if isinstance(turn.node, Do) else Silence()
        state, turn = step(flow, state, event)
        answers += not isinstance(event, Outcome)
    return state, turn, answers


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("caller", CALLERS)
def test_every_way_of_every_flow_ends_as_it_promises(language: str, caller: str) -> None:
    phrases = Phrases(CATALOGUES)
    for flow in flows():
        walked = walk(flow, CALLERS[caller], language)
        reached = set()
        for ways in walked.ways.values():
            for way in ways:
                state, turn, answers = completed(flow, walked, way, language, dict(CALLERS[caller]))
                reached.add(state.node)
                assert answers <= MOST_TURNS
                if not isinstance(turn.node, End):
                    continue
                assert any(phrases.text(line) for line in turn.say)
        assert reached


def test_every_node_is_walked_by_one_caller_or_the_other() -> None:
    for flow in flows():
        seen = {key.node for facts in CALLERS.values() for key in walk(flow, facts).ways}
        waiting = {name for name, node in flow.node.items() if node.kind not in ("say", "branch")}
        assert waiting <= seen


@pytest.mark.parametrize("caller", CALLERS)
def test_nobody_is_silenced_everything_spoken_has_words(caller: str) -> None:
    phrases = Phrases(CATALOGUES)
    for flow in flows():
        for language in LANGUAGES:
            for ways in walk(flow, CALLERS[caller], language).ways.values():
                for way in ways:
                    for line in way.turn.say:
                        assert line.prompt in CATALOGUES[line.language]
                        assert "%(" not in phrases.text(line)


def test_whatever_is_pressed_a_call_ends_or_waits_for_a_person_within_forty_turns() -> None:
    for flow in flows():
        rescue = longest(flow, flow.rescue)
        assert rescue is not None
        assert flow.limit + 1 + rescue <= MOST_TURNS


def test_going_round_in_circles_is_ended_by_the_rescue() -> None:
    flow = load(shipped()[0])
    state, turn = step(flow, start(flow, {"phone": "+46701740605"}), Begin())
    answers = 0
    while not isinstance(turn.node, End | Queue):
        if turn.effect:
            name = {"status": "wrong"}.get(state.node, sorted(EFFECTS[turn.effect])[0])
            state, turn = step(flow, state, Outcome(name))
            continue
        answers += 1
        key = {"danger": "2", "purpose": "4", "status_number": "10429", "status_code": "4711", "language": "1"}
        state, turn = step(flow, state, Pressed(key.get(state.node, "1")))
    assert answers <= MOST_TURNS
    assert state.rescued


def test_a_person_is_never_far() -> None:
    for flow in flows():
        for language in LANGUAGES:
            for name, distance in nearest_person(flow, Phrases(CATALOGUES), language).items():
                assert distance.presses <= 4, name
                assert distance.seconds <= 60, name
