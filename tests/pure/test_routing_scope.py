"""Whole sites that are down, people who are shut in and people who get no further, told in many ways; and for each what
only sounds like it."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from routing.directory import read_directory
from routing.facts import Facts, read_facts
from routing.rules import load_rules
from routing.values import Alarm, Said

REPORTS = Path(__file__).parents[1] / "data" / "scope.tsv"
DEMO = Path(__file__).parents[2] / "demo"
NOON = datetime(2026, 9, 20, 12, tzinfo=UTC)
ROWS = [line.split("\t", 5) for line in REPORTS.read_text("utf-8").splitlines() if line and line[0] != "#"]
DIRECTORY, RULES = read_directory(DEMO), load_rules()
KINDS = ("whole", "trapped", "stranded")
FOUND = 0.94
RIGHT = 0.93


def facts(text: str, channel: str = "phone") -> Facts:
    alarm = Alarm("Faulted", None, None, None, None, text) if channel == "alarm" else None
    return read_facts(Said(channel=channel, at=NOON, text="" if alarm else text, alarm=alarm), DIRECTORY, RULES)


def told(text: str, channel: str = "phone") -> set[str]:
    read = facts(text, channel)
    return ({"whole"} if read.place.whole_site else set()) | (read.flags & {"trapped", "stranded"})


def test_what_is_said_of_how_far_a_fault_reaches_is_found_and_nothing_else():
    counted: Counter[tuple[str, bool, bool]] = Counter()
    for *wanted, _, channel, text in ROWS:
        found = told(text, channel)
        counted.update((kind, yes == "yes", kind in found) for kind, yes in zip(KINDS, wanted, strict=True))
    for kind in KINDS:
        right, missed, wrong = counted[kind, True, True], counted[kind, True, False], counted[kind, False, True]
        assert right >= FOUND * (right + missed), kind
        assert right >= RIGHT * (right + wrong), kind


@pytest.mark.parametrize(
    "text",
    [
        "alla sex laddarna är döda",
        "ingen av våra laddare fungerar",
        "båda laddarna vid hallen är helt svarta",
        "all six chargers are dead",
        "not a single post works",
        "alle seks laderne er døde",
        "ikke en eneste lader virker",
        "alle sechs Säulen sind tot",
        "keine einzige Säule geht",
        "kaikki kuusi laturia ovat pimeinä",
        "yksikään tolppa ei toimi",
        "mikään tolppa ei toimi",
    ],
)
def test_all_chargers_are_a_whole_site(text: str):
    assert "whole" in told(text)


@pytest.mark.parametrize(
    "text",
    [
        "alla laddare är upptagna",
        "alla laddare utom en fungerar inte",
        "varje gång jag laddar blir det fel",
        "en av de två laddarna är död",
        "all chargers are taken",
        "all chargers except one are dead",
        "every time I charge it fails",
        "one of the two chargers is dead, the other one works",
        "alle ladere er optaget",
        "alle ladere er opptatt",
        "alle Säulen sind belegt",
        "jedes Mal kommt ein Fehler an der Säule",
        "kaikki laturit ovat varattuja",
        "joka kerta laturi antaa virheen",
    ],
)
def test_what_is_taken_or_left_over_is_no_whole_site(text: str):
    assert "whole" not in told(text)


def test_an_alarm_tells_of_a_whole_site():
    assert "whole" in told("Mains lost at site, all chargers affected", "alarm")
    assert "whole" not in told("Connector 2 unavailable, connector 1 charging.", "alarm")


@pytest.mark.parametrize("number", [2, 9])
def test_a_number_of_chargers_is_a_whole_site_where_there_are_as_many(number: int):
    site = next(s for s, chargers in DIRECTORY.site_chargers.items() if len(chargers) == 9)
    read = read_facts(Said(channel="form", at=NOON, text=f"{number} chargers dead", site=site), DIRECTORY, RULES)
    assert read.place.whole_site is (number == 9)


@pytest.mark.parametrize(
    ("text", "trapped"),
    [
        ("porten går inte upp och vi står inne i garaget", True),
        ("porten går inte upp så jag kommer inte in", False),
        ("bommen var sönder igår men vakten släppte ut oss", False),
        ("the barrier won't lift and we are stuck inside the car park", True),
        ("the barrier won't lift so I can't get in to charge", False),
        ("porten vil ikke åbne og vi kan ikke køre ud", True),
        ("porten vil ikke åpne og vi kan ikke kjøre ut", True),
        ("das Rolltor geht nicht auf und wir stehen in der Tiefgarage", True),
        ("die Schranke geht nicht auf, ich komme nicht rein", False),
        ("portti ei aukea emmekä pääse ulos", True),
        ("portti ei aukea enkä pääse sisään lataamaan", False),
    ],
)
def test_a_gate_shuts_in_who_is_behind_it(text: str, trapped: bool):
    assert ("trapped" in told(text)) is trapped


@pytest.mark.parametrize(
    ("text", "stranded"),
    [
        ("laddaren startar inte, bilen är på 1 % och det är sju mil hem", True),
        ("laddaren startar inte men jag har 48 % så jag kör till nästa", False),
        ("the cable is stuck and I have to be at the hospital for my shift", True),
        ("the charger would not start, I have 60 % and drove home", False),
        ("laderen starter ikke, bilen er tom og det er langt hjem", True),
        ("Akku leer, Säule defekt, 80 km bis nach Hause, kein Bus", True),
        ("akku tyhjä, laturi ei toimi, kotiin 90 km", True),
    ],
)
def test_who_gets_no_further_is_stranded(text: str, stranded: bool):
    assert ("stranded" in told(text)) is stranded


@pytest.mark.parametrize(
    "text",
    [
        "laddar inte, det står bara rapport skickad och bilen kan inte gå i gång, jag ska åka hem",
        "jag är inte instängd men grinden är stängd och jag står utanför",
        'The screen is stuck on "please wait", card accepted, error after a minute',
    ],
)
def test_words_that_hold_a_gate_or_a_halt_by_chance_hold_up_nobody(text: str):
    assert not told(text) & {"trapped", "stranded"}


@pytest.mark.parametrize("text", ["vi kommer inte ut instängda här sen en timme", "we cannot get out trapped inside"])
def test_who_does_not_get_out_is_shut_in_whatever_else_is_denied(text: str):
    assert "trapped" in told(text)


@pytest.mark.parametrize(
    ("text", "channel"),
    [
        ("my post is off and the ones beside it are off too", "phone"),
        ("det kommer ingen ström på nån av dom", "phone"),
        ("Heartbeat lost. 11 other chargers lost within 3 seconds", "alarm"),
    ],
)
def test_neighbours_that_are_dead_too_are_the_site(text: str, channel: str):
    assert "whole" in told(text, channel)


@pytest.mark.parametrize(
    "text",
    [
        "Hello, charger 21007 is completely dead, no lights at all.",
        "Charger 21007 is stone dead.",
        "Lader 21007 ist komplett tot, keine Lichter.",
        "Ladesäule 21007 ist tot, keine Displays an",
        "Laddare 21007 är helt död, inga skärmar lyser",
        "Laturi 21007 on täysin pimeä, ei mitkään valot pala",
    ],
)
def test_one_charger_that_is_wholly_dead_is_no_site(text: str):
    assert "whole" not in told(text)


@pytest.mark.parametrize("text", ["The whole site is completely dead", "All screens are dark", "Alle Lichter sind aus"])
def test_a_site_is_whole_by_what_is_said_of_all_of_it(text: str):
    assert "whole" in told(text)
