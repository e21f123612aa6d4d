"""The engine: pure steps, states that survive as JSON, documents that are well-formed whatever was said."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.comparing import differences
from ivr.drawing import draw
from ivr.engine import (
    Begin,
    CallState,
    Dialled,
    Line,
    Outcome,
    Pressed,
    Recorded,
    Silence,
    Spoken,
    Turn,
    rescue,
    start,
    step,
)
from ivr.flow import Connect, load, shipped
from ivr.prompts import LONGEST_FACT, LONGEST_TEXT, Phrases, placeholders, read_catalogues, voice_of
from ivr.scripts import scripts
from ivr.simulator import Simulation
from ivr.twiml import Ways, goodbye, hold, render, take_message
from ivr.vocabulary import EFFECTS
from tests.fakes.phone import read

FLOW = load(shipped()[0])
PHRASES = Phrases(read_catalogues())
WAYS = Ways("/twilio/voice/7", "/twilio/recording", "/twilio/music.wav", "/twilio/voice/0", "+46313900601")
NOBODY = replace(WAYS, answerer="")
DOCUMENT = scripts(PHRASES)
EVENTS = st.one_of(
    st.just(Begin()),
    st.just(Silence()),
    st.builds(Pressed, st.text("0123456789*#A", max_size=20), st.booleans()),
    st.builds(Spoken, st.text(max_size=80), st.booleans()),
    st.builds(Recorded, st.text(max_size=34), st.integers(0, 600)),
    st.builds(Dialled, st.booleans()),
    st.builds(
        Outcome, st.sampled_from(sorted({name for names in EFFECTS.values() for name in names} | {"failed", "?"}))
    ),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(EVENTS, max_size=50), st.sampled_from(["sv", "en", "no", "da", "fi", "de"]))
def test_no_sequence_of_events_raises_or_renders_badly(events: list[object], language: str) -> None:
    state = start(FLOW, {"consent": "announce"}, language)
    for event in events:
        state, turn = step(FLOW, state, event)  # type: ignore[arg-type]
        assert CallState.from_json(json.loads(json.dumps(state.to_json()))) == state
        if turn.effect is None:
            read(render(turn, PHRASES, WAYS))
            assert DOCUMENT(state.node, turn, NOBODY) == render(turn, PHRASES, NOBODY)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=2000))
def test_b15_facts_are_text_and_never_markup(said: str) -> None:
    node = FLOW.node["step"]
    turn = Turn((Line("step", "sv", {"step_text": said}), Line("step_menu", "sv")), node, "sv")
    document = read(render(turn, PHRASES, WAYS))
    assert [child.tag for child in document] == ["Gather", "Redirect"]


def test_a_document_is_built_once_and_what_a_call_told_for_that_call_alone() -> None:
    document = scripts(PHRASES)

    def menu(ways: Ways) -> str:
        return document("purpose", Turn((Line("purpose_menu", "sv", {"phone": "+46701740605"}),), purpose, "sv"), ways)

    def step_of(text: str) -> str:
        return document("step", Turn((Line("step", "sv", {"step_text": text}),), FLOW.node["step"], "sv"), NOBODY)

    purpose = FLOW.node["purpose"]
    assert menu(NOBODY) is menu(NOBODY)
    assert "/twilio/voice/8" in menu(replace(NOBODY, action="/twilio/voice/8"))
    assert "Dra ur kabeln" in step_of("Dra ur kabeln")
    assert "Dra ur kabeln" not in step_of("Vänta en minut")


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["step", "step_menu", "announcement", "case_number"]), st.text(max_size=40))))
def test_what_varies_stands_in_a_kept_document_as_if_it_had_been_built_for_it(said: list[tuple[str, str]]) -> None:
    facts = [{"step_text": text, "announcement_text": text, "case": text} for _, text in said]
    lines = tuple(Line(prompt, "sv", own) for (prompt, _), own in zip(said, facts, strict=True))
    for node in ("step", "purpose"):
        turn = Turn(lines, FLOW.node[node], "sv")
        assert DOCUMENT(node, turn, NOBODY) == render(turn, PHRASES, NOBODY)


def test_an_unknown_node_starts_again_and_says_so() -> None:
    state, turn = step(FLOW, CallState("of_last_week", facts={"phone": "+46701740605"}), Pressed("1"))
    assert turn.say[0].prompt == "menu_changed"
    assert state.facts["phone"] == "+46701740605"


def test_states_of_other_versions_are_read_as_far_as_they_go() -> None:
    assert CallState.from_json({"node": "danger", "mood": "angry"}) == CallState("danger")
    assert CallState.from_json({}) == CallState("")


def test_an_effect_without_a_named_outcome_leads_to_the_rescue() -> None:
    state, turn = step(FLOW, CallState("find", facts={"heard": "1"}), Outcome("surprise"))
    assert state.node == "what"
    state, turn = step(FLOW, CallState("follow_check"), Outcome("surprise"))
    assert state.rescued
    assert turn.effect == "file_report"


def test_languages_choose_voice_and_prompts() -> None:
    state, turn = step(FLOW, CallState("language"), Pressed("5"))
    assert state.language == "fi"
    assert turn.say[0].language == "en"
    assert voice_of(Line("language_in_fi", "sv")) == "fi"
    document = read(render(step(FLOW, CallState("purpose", "no"), Pressed("5"))[1], PHRASES, WAYS))
    gather = document.find("Gather")
    assert gather is not None
    assert gather.get("language") == "nb-NO"


def test_a_recording_that_nobody_waited_for_leads_to_a_person() -> None:
    state, turn = rescue(FLOW, CallState("purpose"), {"message": "RE1"})
    assert turn.effect == "file_report"
    assert state.facts["message"] == "RE1"


@pytest.mark.parametrize("language", ["sv", "en"])
def test_our_own_sentences_are_spoken_to_their_end(language: str) -> None:
    sites = [f"Bostadsrättsföreningen Sjöutsikten {nth} garage plan 2" for nth in range(3)]
    status = PHRASES.say("owner_status_planned", language)
    listed = [PHRASES.say("owner_case", language, {"site": s, "number": "1042-9", "status": status}) for s in sites]
    told = " ".join(listed)
    assert len(told) > LONGEST_FACT
    assert PHRASES.say("owner_cases", language, {"owner_text": told}) == told
    announced = "Garaget är stängt i veckan. " * 42 + "Sedan är det öppet."
    assert PHRASES.say("announcement", language, {"announcement_text": announced}) == announced
    assert len(PHRASES.say("report_heard", language, {"heard": announced})) < 2 * LONGEST_FACT


@pytest.mark.parametrize(
    ("text", "last"),
    [("Garaget är stängt. " * 300, "stängt."), ("stängt och " * 400, "och"), ("x" * 5000, "x" * 9)],
)
def test_what_no_voice_reads_at_once_ends_with_a_whole_sentence_or_word(text: str, last: str) -> None:
    spoken = PHRASES.say("announcement", "sv", {"announcement_text": text})
    assert LONGEST_TEXT - 20 < len(spoken) <= LONGEST_TEXT
    assert text.startswith(spoken)
    assert spoken.endswith(last)
    assert PHRASES.say("announcement", "sv", {"announcement_text": ""}) == ""


def test_digits_are_spoken_one_by_one_and_missing_facts_left_out() -> None:
    assert PHRASES.say("case_number", "en", {"case": "1042-9"}).startswith("Your case number is 1, 0, 4, 2, 9.")
    assert PHRASES.say("case_number", "en").startswith("Your case number is .")
    assert placeholders("%(a)s %(b_digits)s %%") == {"a", "b_digits"}


@pytest.mark.parametrize("shown", [None, "+46313900100"])
@pytest.mark.parametrize("answerer", ["+46313900601", "room-7"])
def test_whoever_answers_is_rung_or_met_in_a_room(answerer: str, shown: str | None) -> None:
    node = FLOW.node["talk"]
    assert isinstance(node, Connect)
    ways = Ways("/a", "/r", "/m", "/w", answerer, shown=shown)
    dial = read(render(Turn((), node, "sv"), PHRASES, ways)).find("Dial")
    assert dial is not None
    assert dial[0].tag == ("Number" if answerer.startswith("+") else "Conference")
    assert dial[0].text == answerer
    assert dial.get("callerId") == shown
    last = read(goodbye([("sv", "x")], answerer, shown)).find("Dial")
    assert last is not None
    assert last.get("callerId") == shown


def test_the_documents_without_a_turn_are_sound() -> None:
    for document in (
        hold([("sv", "Ett ögonblick.")], "/a"),
        take_message([("en", "x")], WAYS),
        goodbye([("de", "x")], "+46"),
    ):
        read(document)


def test_a_simulated_call_can_be_typed_to_its_end() -> None:
    simulation = Simulation(FLOW, PHRASES)
    for line in ("2", "2", "1", "21007#", "1", "9", "it blinks", "1"):
        simulation.hear(line)
    assert "1, 0, 4, 2, 9" in " ".join(simulation.said)
    simulation.hear("3")
    assert simulation.over
    recorded = Simulation(FLOW, PHRASES)
    for line in ("2", "2", "5", "", "!", "1", "1", "2", "!"):
        recorded.hear(line)
    assert recorded.over
    assert "recording" in recorded.state.facts


def test_a_flow_can_be_drawn_and_compared(tmp_path: Path) -> None:
    picture = draw(FLOW, PHRASES)
    assert all(f">{name}</text>" in picture for name in FLOW.node)
    text = shipped()[0].read_text()
    longer = tmp_path / "longer.toml"
    longer.write_text(
        text.replace('press = { 1 = "charger", 2 = "charger"', 'press = { 1 = "detour", 2 = "charger"')
        + '\n[node.detour]\nkind = "say"\nsay = ["take_your_time"]\nnext = "charger"\n'
    )
    lines = list(differences(FLOW, load(longer), PHRASES))
    assert "+ detour: say" in lines
    assert "~ purpose: 1 leads to detour, not charger" in lines
    assert list(differences(FLOW, FLOW, PHRASES)) == []
