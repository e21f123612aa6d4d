"""What and how urgent: made-up reports in six languages, understated danger, figures of speech, other trades."""

from __future__ import annotations

import pickle
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.facts import read_facts
from routing.judge import judge
from routing.values import Category, Earlier, History, Judgement, Priority, Said
from tests.fakes.desk import directory, rules

DATA = Path(__file__).parents[1] / "data"
NOON = datetime(2026, 9, 20, 12, tzinfo=UTC)
NOBODY = History()


def judged(text: str, *, channel: str = "form", history: History = NOBODY, **given: object) -> Judgement:
    said = Said(channel=channel, at=NOON, text=text, **given)  # type: ignore[arg-type]
    return judge(said, read_facts(said, directory(), rules()), history, directory(), rules())


def table(name: str) -> list[list[str]]:
    lines = (DATA / name).read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


EXAMPLES = table("judgement.tsv")


def test_made_up_reports_are_understood():
    right: Counter[str] = Counter()
    for language, channel, category, priority, charger, site, text in EXAMPLES:
        found = judged(text, channel=channel, language="sv" if channel == "phone" else None)
        right["category"] += found.category == category
        right["priority"] += found.priority == priority
        right["language"] += found.language == language
        right["charger"] += not charger or found.place.charger == charger
        right["site"] += not site or found.place.site == site
    shares = {name: count / len(EXAMPLES) for name, count in right.items()}
    floor = {"category": 0.95, "priority": 0.97, "language": 0.98, "charger": 0.98, "site": 0.98}
    assert {name: share for name, share in shares.items() if share < floor[name]} == {}


@pytest.mark.parametrize("row", [r for r in EXAMPLES if r[3] == "P1"], ids=lambda r: r[6][:40])
def test_no_danger_is_missed(row: list[str]):
    assert judged(row[6], channel=row[1]).priority is Priority.P1


SETS = "abcdefghij"
FIRST_SEEN = {
    "a": (135, 131),
    "b": (132, 116),
    "c": (83, 92),
    "d": (56, 54),
    "e": (27, 32),
    "f": (120, 94),
    "g": (89, 75),
    "h": (140, 112),
    "i": (97, 58),
    "j": (88, 72),
}
DANGERS = [row for row in table("danger.tsv") if row[0] in SETS]


@pytest.mark.parametrize("name", SETS)
def test_danger_is_found_in_reports_written_blind(name: str):
    """Ten sets of reports in six languages, each written before it was first judged, half danger, half what only
    sounds like it. What was right at first sight stands in FIRST_SEEN; classes of language that were missed were then
    taught, so what is asked for now is only that none of it is forgotten. `make judge` judges each set by what the
    others teach."""
    right = {"yes": 0, "no": 0}
    asked = {"yes": 0, "no": 0}
    for _, danger, _, channel, text in (row for row in DANGERS if row[0] == name):
        asked[danger] += 1
        right[danger] += (judged(text, channel=channel).priority is Priority.P1) == (danger == "yes")
    assert right["yes"] == asked["yes"]
    assert right["no"] >= max(FIRST_SEEN[name][1], 0.88 * asked["no"])


@pytest.mark.parametrize("row", [r for r in DANGERS if r[0] == "f" and r[1] == "yes"], ids=lambda r: r[4][:40])
def test_danger_told_in_passing_is_found(row: list[str]):
    _, _, language, channel, text = row
    before, after = ASIDES[language]
    assert judged(f"{before} {text}. {after}", channel=channel).priority is Priority.P1


ASIDES = {
    "sv": (
        "Hej, jag vill ha ett kvitto för laddningen i tisdags, den kostade 214 kronor.",
        "Sen undrar jag om ni har öppet i jul och hur man byter adress på fakturan.",
    ),
    "en": (
        "Hello, I would like a receipt for the charge on Tuesday, it came to 214 kronor.",
        "I also wonder whether you are open at Christmas and how to change the address on the invoice.",
    ),
    "no": (
        "Hei, jeg vil gjerne ha en kvittering for ladingen på tirsdag, den kostet 214 kroner.",
        "Så lurer jeg på om dere har åpent i jula og hvordan man bytter adresse på fakturaen.",
    ),
    "da": (
        "Hej, jeg vil gerne have en kvittering for opladningen i tirsdags, den kostede 214 kroner.",
        "Så vil jeg også vide om I har åbent i julen og hvordan man skifter adresse på fakturaen.",
    ),
    "fi": (
        "Hei, haluaisin kuitin tiistain latauksesta, se maksoi 214 kruunua.",
        "Lisäksi kysyisin oletteko auki jouluna ja miten laskutusosoite vaihdetaan.",
    ),
    "de": (
        "Hallo, ich hätte gern eine Quittung für die Ladung am Dienstag, sie hat 214 Kronen gekostet.",
        "Außerdem wüsste ich gern, ob Sie zu Weihnachten offen haben und wie man die Rechnungsadresse ändert.",
    ),
}


@pytest.mark.parametrize("language", ASIDES)
def test_what_danger_stood_beside_is_none(language: str):
    assert judged(" ".join(ASIDES[language])).priority is Priority.P4


def test_danger_that_no_listed_word_tells_is_explained():
    text = "my ring hums and my arm goes stiff when i rest it on the case"
    told = [(reason.code, reason.data.get("sense")) for reason in judged(text).reasons["category"]]
    assert ("danger_like", None) in told
    assert ("danger_about", "touch") in told


def test_words_of_danger_that_are_used_as_where_there_is_none_are_taken_back_with_the_reason():
    for text in (
        "Sidste år var der en brand i vores lader, men I skiftede den. Nu vil jeg bare takke jeres montør.",
        "my card got hot in the sun and bent, can you post me a new card please",
    ):
        found = judged(text)
        assert found.priority is Priority.P4
        assert "danger_only_words" in {reason.code for reason in found.reasons["category"]}
    assert judged("fire! at the charger").priority is Priority.P1
    assert judged("card bent by the heat of your charger, it is so hot that it glows").priority is Priority.P1


@pytest.mark.parametrize("row", [r for r in DANGERS if r[1] == "yes"], ids=lambda r: r[4][:40])
def test_no_danger_is_taken_back_for_what_stands_beside_it(row: list[str]):
    _, _, language, channel, text = row
    before, after = ASIDES[language]
    for told in (f"{before} {text}", f"{text.rstrip('.!')}. {after}"):
        assert "danger_only_words" not in {reason.code for reason in judged(told, channel=channel).reasons["category"]}


def test_a_danger_beside_a_question_is_a_danger():
    assert judged("Är det farligt att ladda det kommer rök ur stolpen").priority is Priority.P1
    assert judged("Is it safe to use? Smoke is coming out").priority is Priority.P1
    assert judged("Is it safe to charge in the rain?").priority is not Priority.P1


@pytest.mark.parametrize(
    "said",
    [
        "the charger is on fire and the app does not work so I cannot stop the charging session",
        "laddaren brinner och appen fungerar inte så jag kan inte avsluta laddningen, vad ska jag göra nu",
        "laderen brenner og appen virker ikke, jeg får heller ikke betalt for ladingen i går kveld",
        "the cable is burning hot and I would also like a receipt for what I paid for charging last night",
    ],
)
def test_a_danger_told_of_the_charger_is_one_whatever_is_told_beside_it(said: str):
    assert judged(said).priority is Priority.P1


def test_a_danger_that_was_mended_long_ago_is_over_and_one_that_is_back_is_not():
    mended = "The plug was smoking last spring and has since been replaced. Now the app asks twice for payment"
    assert judged(mended).priority is not Priority.P1
    assert judged("The plug was smoking last spring and was replaced. Now it is smoking again").priority is Priority.P1
    assert judged("The plug was smoking last spring and has still not been replaced").priority is Priority.P1


def test_a_cover_that_is_off_is_danger_unless_the_sender_says_that_it_is_none():
    assert judged("Luckan saknas på laddare 21800").priority is Priority.P1
    assert (
        judged("Luckan saknas på laddare 21800, säkringen är urtagen så det är ingen fara").priority is not Priority.P1
    )


SAYS_NOTHING = """
Hej|Hjälp|Se bild|Så här ser den ut|Here is a photo|Help please|Trasig|Broken|Funkar ej|Not working|Virker ikke|Ei toimi
Geht nicht|Ring mig|Call me|Tack|Nummer 3|Den här|Igen|Kommer ni?|Vad händer?|Jag står här nu|Standing here now
Ich stehe hier|Jeg står her nå|Olen tässä|Samma sak|Same here|Me too|Jag också|Ich auch|Lyser rött|Rotes Licht|Rødt lys
"""


@pytest.mark.parametrize("text", SAYS_NOTHING.replace("\n", "|").split("|"))
def test_words_that_say_nothing_are_no_danger_at_a_charger(text: str):
    assert judged(text, charger="21800").priority is not Priority.P1


def test_other_trades_are_not_called_urgent():
    urgent = [t for _, t in table("neutral.txt") if judged(t, channel="email").priority in (Priority.P1, Priority.P2)]
    assert urgent == []


@pytest.mark.parametrize(
    "text",
    [
        "Priserna på laddaren är ju chockerande",
        "your app is on fire lol, crashes when I open the charger map",
        "i got burned by your charging fees",
        "Laddaren är släckt men det är ingen rök och inget luktar bränt",
        "The charger is dead. No smoke, no smell, nothing hot.",
        "Det går rykten om att ni ska höja priset på laddning",
        "Säulen-App funktioniert nicht, aber keine Gefahr",
        "Laddaren startar inte men ni är riktiga eldsjälar i supporten",
    ],
)
def test_a_figure_of_speech_or_a_denial_is_no_danger(text: str):
    assert judged(text).priority is not Priority.P1


@pytest.mark.parametrize(
    "text",
    [
        "det ryker och sticker i näsan här vid laddaren",
        "smoke at the charger and it stings in my nose",
        "there is smoke, it gets up my nose when I stand at the post",
        "es qualmt, mein Kopf tut weh, ich stehe an der Ladesäule",
        "det ryker fra laderen og svir i nesen",
    ],
)
def test_smoke_that_somebody_feels_is_no_figure_of_speech(text: str):
    assert judged(text).priority is Priority.P1


@pytest.mark.parametrize(
    "text",
    [
        "jag är så arg att det ryker ur öronen, jag vill ha pengarna tillbaka för laddningen",
        "I had steam coming out of my ears when I saw what you took for charging",
    ],
)
def test_smoke_out_of_ears_is(text: str):
    assert judged(text).priority is not Priority.P1


@pytest.mark.parametrize(
    "title",
    [
        "---------- Forwarded message ---------\nFrån: Eva <eva@example.org>\nDate: sön 27 sep. 2026\nTo: Bo",
        "----- Vidarebefordrat meddelande -----\nFrån: Eva\nÄmne: Stolpen",
        "-------- Weitergeleitete Nachricht --------\nBetreff: Säule\nVon: Eva <eva@example.org>\nAn: bo@x.example",
    ],
)
def test_who_sends_a_mail_on_without_a_word_says_what_it_says(title: str):
    told = "Hej Bo, det ryker ur laddstolpen nere vid garaget och den luktar bränt.\nMvh Eva"
    found = judged(f"{title}\n\n{told}", subject="Fwd: Stolpen", channel="email")
    assert (found.language, found.priority) == ("sv", Priority.P1)
    found = judged(f"Vad gäller?\n\n{title}\n\n{told}", subject="Fwd: Stolpen", channel="email")
    assert found.priority is not Priority.P1
    found = judged(f"-----Original Message-----\nFrom: us\nSent: today\n\n{told}", subject="Re: x", channel="email")
    assert found.priority is not Priority.P1
    assert judged(f"{title}\n" * 2_000, channel="email")


@pytest.mark.parametrize("flag", [True, False])
def test_the_senders_own_word_for_danger_counts(flag: bool):
    assert (judged("Laddaren startar inte", danger=flag).priority is Priority.P1) is flag


def test_safety_and_p1_are_one():
    for row in EXAMPLES:
        found = judged(row[6], channel=row[1])
        assert (found.category is Category.SAFETY) is (found.priority is Priority.P1)


def test_a_cable_that_came_loose_holds_nobody():
    assert judged("The cable was stuck in my car but it came loose by itself").priority is Priority.P3


def test_a_dead_charger_is_urgent_only_at_a_premium_site():
    assert judged("22210 på Kvarnen i Kungsbacka är helt död").priority is Priority.P2
    assert judged("21800 på Vågen i Malmö är helt död").priority is Priority.P3
    assert judged("22210 på Kvarnen i Kungsbacka laddar långsamt").priority is Priority.P3


def test_a_whole_site_down_is_urgent_anywhere():
    assert judged("Alla laddare på Vågen i Malmö är döda").priority is Priority.P2


def test_shut_in_behind_a_barrier_is_urgent():
    assert judged("Bommen i garaget öppnas inte och vi kommer inte ut", channel="phone").priority is Priority.P2


def test_still_and_again_go_on_with_what_the_person_reported():
    text = "det är jag igen, den är fortfarande likadan"
    earlier = Earlier(NOON, 1, "21800", "s011", "slow")
    assert judged(text, history=History(1, (earlier,)), channel="phone").category is Category.SLOW


def test_what_the_sender_chose_leans_but_does_not_rule():
    assert judged("Fungerar inte", category="slow").category is Category.SLOW
    assert judged("Det kommer rök ur laddaren", category="slow").category is Category.SAFETY


def test_what_nobody_understands_goes_to_a_person():
    found = judged("xyzzy plugh", channel="email")
    assert (found.category, found.queue) == (Category.OTHER, "review")


def test_spam_goes_to_review_and_danger_never_does():
    spam = judged("Click here for a free SEO audit, rank higher on Google", channel="email")
    assert (spam.spam, spam.queue) == (True, "review")
    assert judged("Click here: smoke from your charger", channel="email").queue == "emergency"


@pytest.mark.parametrize(
    ("given", "queue"),
    [
        ({"quarantined": True}, "review"),
        ({"auto_reply": True}, "review"),
        ({"bounce": True}, "review"),
        ({"queue": "billing"}, "billing"),
        ({"queue": "no such queue"}, "helpdesk"),
        ({}, "helpdesk"),
    ],
)
def test_queues_follow_the_rules(given: dict[str, object], queue: str):
    assert judged("Laddare 21800 startar inte", channel="email", **given).queue == queue


@pytest.mark.parametrize(
    "text",
    [
        "Jag är ledig till måndag. Vid brand eller rök i garaget, ring 112. Annars jouren.",
        "Om det brinner eller ryker, ring alltid räddningstjänsten på 112.",
        "Ring 112 vid brand. Vi svarar på ditt mejl i morgon.",
        "The office is closed. In case of fire or smoke please call 112 immediately.",
        "If you see smoke, call the fire brigade.",
        "Bei Feuer oder Rauch rufen Sie bitte die 112.",
        "Ved brann eller røyk, ring 110.",
        "Ved brand, ring 112.",
        "Tulipalon sattuessa soita hätänumeroon 112.",
    ],
)
def test_what_to_do_in_a_fire_is_no_fire(text: str):
    assert judged(f"Vår faktura stämmer inte.\n\n{text}", channel="email").priority is not Priority.P1


@pytest.mark.parametrize(
    "text",
    [
        "Vid branden ringde vi 112, det ryker fortfarande ur laddaren",
        "Det brinner i laddaren, ska jag ringa 112?",
        "Vi har ringt 112 för det brinner i laddaren",
        "There is a fire at the charger, call 112!",
        "Es brennt an der Ladesäule, wir haben die 112 gerufen",
    ],
)
def test_a_fire_is_one_whoever_was_called(text: str):
    assert judged(text, channel="email").priority is Priority.P1


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("appen ligger nere, ingen av oss kan logga in", "access"),
        ("Appen krånglar och jag kommer inte in på mitt konto, har glömt lösenordet", "account"),
        ("The app is down, nobody can log in", "access"),
        ("The app is not working, I cannot log in to my account, the password is refused", "account"),
        ("Appen virker ikke, ingen kan logge inn", "access"),
        ("App'en virker ikke, ingen kan logge ind", "access"),
        ("Die App geht nicht, niemand kann sich anmelden", "access"),
        ("Sovellus ei toimi, kukaan ei pääse kirjautumaan", "access"),
    ],
)
def test_an_app_that_lets_nobody_in_is_an_outage_and_one_that_refuses_a_customer_their_account(
    text: str, category: str
):
    assert judged(text).category == category


def test_who_calls_and_tells_nothing_waits_for_a_person_and_who_writes_nothing_is_looked_at():
    assert judged("", channel="phone", language="sv").queue == "helpdesk"
    assert judged("", channel="email").queue == "review"


def test_an_outage_of_the_app_is_marked_and_goes_to_operations():
    found = judged("Appen ligger nere, ingen kan starta sin laddning", channel="email")
    assert found.mass
    assert found.queue == "operations"


def test_every_decision_has_reasons():
    for row in EXAMPLES:
        found = judged(row[6], channel=row[1])
        assert all(found.reasons[topic] for topic in ("place", "category", "priority", "queue", "language"))


def test_reasons_never_repeat_what_was_written():
    found = judged("Kalle Hemligsson, 070-1740605: rök ur laddaren", email="kalle@hemlig.example")
    told = str(found.reasons)
    assert not any(word in told.lower() for word in ("kalle", "hemlig", "0701740605", "070-1740605"))


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=600), st.sampled_from(["phone", "email", "form", "sms"]))
def test_no_text_breaks_judgement(text: str, channel: str):
    found = judged(text, channel=channel, subject=text[:80])
    assert found.queue in rules().queues


@pytest.mark.parametrize(
    "text", ["\x00", "\ud800", "‮" * 50, "1" * 5000, "a" * 9000, "(" * 4000, "ß" * 300, "\n>" * 3000]
)
def test_b19_odd_texts_are_judged(text: str):
    assert judged(text, channel="sms").queue in rules().queues


def test_facts_travel_between_processes():
    said = Said(channel="form", at=NOON, text="Laddare 25634 på badhuset i Halmstad startar inte")
    facts = read_facts(said, directory(), rules())
    assert pickle.loads(pickle.dumps(facts)) == facts


def test_a_huge_mail_costs_no_more_than_a_long_one():
    long, huge = ("laddaren på badhuset i halmstad startar inte alls i dag " * n for n in (200, 40_000))
    assert _cost(huge) < 6 * _cost(long) + 0.02


def _cost(text: str) -> float:
    said = Said(channel="email", at=NOON, text=text)
    spent = []
    for _ in range(3):
        begun = time.process_time()
        read_facts(said, directory(), rules())
        spent.append(time.process_time() - begun)
    return min(spent)
