"""Again? What belongs together is joined, what only looks alike is kept apart, across channels and languages."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.duplicates import alone, goes_on, kin, lock_keys, match
from routing.values import Alarm, Category, Earlier, History, Priority, Reason, Said, Verdict
from tests.fakes.desk import Desk, Outcome

NOON = datetime(2026, 9, 20, 12, tzinfo=UTC)


def said(text: str, minutes: float = 0, *, phone: str | None = None, channel: str = "form", **given: object) -> Said:
    at = NOON + timedelta(minutes=minutes)
    return Said(channel=channel, at=at, text=text, phone=phone, **given)  # type: ignore[arg-type]


def two(first: Said, second: Said) -> Outcome:
    desk = Desk()
    desk.take(first)
    return desk.take(second)


def test_a_swedish_call_and_an_english_mail_about_one_charger_are_one_case():
    found = two(
        said("hej laddaren tjugofem sex tre fyra startar inte", phone="+46701740601", channel="phone"),
        said("Charger 25634 will not start, tried twice", 40, channel="email", email="ann@example.org"),
    )
    assert found.match.verdict is Verdict.ATTACH
    assert {r.code for r in found.match.reasons} >= {"same_charger", "same_category", "soon_after", "match_attach"}


def test_an_alarm_and_a_call_are_one_case():
    alarm = Alarm("Faulted", "ConnectorLockFailure", 1, None, None, "Unlock timeout")
    found = two(
        said("Connector 1 unlock timed out", channel="alarm", charger="22025", alarm=alarm),
        said("kabeln sitter fast i bilen på laddare 22025", 10, phone="+46701740601", channel="phone"),
    )
    assert found.match.verdict is Verdict.ATTACH


@pytest.mark.parametrize(
    ("first", "second", "minutes"),
    [
        # two faults at one charger
        ("25634 på badhuset i Halmstad startar inte", "25634 på badhuset i Halmstad: kabeln sitter fast i bilen", 60),
        # the same words at two sites
        ("Laddaren på Vågen i Malmö är helt död", "Laddaren på Kvarnen i Kungsbacka är helt död", 5),
        # two chargers of one site
        ("25634 på badhuset i Halmstad startar inte", "25641 på badhuset i Halmstad startar inte", 30),
        # the same fault months apart
        ("25634 startar inte", "25634 startar inte", 60 * 24 * 60),
        # two people's own money
        ("Ni drog 212 kr två gånger på 25634", "Ni drog 99 kr för mycket på 25634", 30),
        # two people's own accounts
        ("Jag vill radera mitt konto", "Jag vill radera mitt konto", 5),
    ],
)
def test_what_only_looks_alike_is_kept_apart(first: str, second: str, minutes: float):
    found = two(said(first, phone="+46701740601"), said(second, minutes, phone="+46701740602"))
    assert found.match.verdict is not Verdict.ATTACH


@pytest.mark.parametrize("first", ["25634 startar inte", "25634 är helt död", "25634: kabeln sitter fast i bilen"])
@pytest.mark.parametrize("second", ["25641 startar inte", "25641 laddar långsamt", "25641: det ryker och gnistrar"])
def test_a_report_about_one_charger_alone_fits_no_case_about_another_of_its_site(first: str, second: str):
    found = two(said(first, phone="+46701740601"), said(second, 5, phone="+46701740601"))
    assert alone(found.judgement)
    assert [r.code for r in found.match.reasons] == ["no_candidate"]


@pytest.mark.parametrize(
    "text", ["25634 är helt död", "Alla laddare på badhuset i Halmstad är döda", "Appen ligger nere"]
)
def test_what_may_befall_several_chargers_is_not_about_one_alone(text: str):
    assert not alone(Desk().take(said(text)).judgement)


@pytest.mark.parametrize(
    "text",
    [
        "25634 startar inte",
        "25634 är helt död",
        "25634: kabeln sitter fast i bilen",
        "25634: det ryker och gnistrar",
        "Ni drog 212 kr två gånger på 25634",
        "Laddningen avbryts på 25634",
        "Hej, hur går det med mitt ärende om 25634? Har inte hört något, skriver igen",
        "Appen ligger nere för alla",
    ],
)
def test_a_report_fits_cases_of_kin_categories_and_no_other(text: str):
    desk = Desk()
    first = desk.take(said("25634 startar inte", phone="+46701740601"))
    second = desk.take(said(text, 5, phone="+46701740601"))
    near = None if goes_on(second.said, second.judgement, History(1)) else kin(second.judgement)
    for category in Category:
        case = replace(desk.cases[first.case], category=category)
        found = match(second.said, second.judgement, History(1), [case], second.said.at, desk.directory)
        compared = found.reasons[0].code == "compared_with"
        assert compared or near is None or category not in near
        assert not compared or near is None or category in near


SAID = st.tuples(
    st.sampled_from(
        [
            "25634 startar inte",
            "25634 startar inte, lampan lyser grönt och appen säger att sessionen avbröts när jag kopplade in kabeln",
            "Lampan blinkar rött på 25634 och laddningen avbryts efter en stund, jag har provat två gånger i dag",
            "25634 är helt död",
            "Ni drog 212 kr två gånger på 25634",
            "You took 212 SEK twice at 25634",
        ]
    ),
    st.floats(0, 60 * 24 * 12),
    st.sampled_from(["+46701740601", "+46701740602"]),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(SAID, min_size=2, max_size=7), SAID)
def test_the_case_that_comes_nearest_among_many_is_the_one_that_does_alone(
    before: list[tuple[str, float, str]], last: tuple[str, float, str]
):
    cases = []
    for number, (text, minutes, phone) in enumerate(before, 1):
        desk = Desk()
        case = desk.take(said(text, minutes, phone=phone)).case
        cases.append(replace(desk.cases[case], id=number, persons=frozenset({int(phone[-1])})))
    text, minutes, phone = last
    taken = Desk().take(said(text, minutes + 5, phone=phone))
    given = (taken.said, taken.judgement, History(int(phone[-1])))
    alone_with = [match(*given, [case], taken.said.at, Desk().directory) for case in cases]
    among = match(*given, cases, taken.said.at, Desk().directory)
    assert among.score == max(one.score for one in alone_with)
    if among.score:
        assert among.reasons in [one.reasons for one in alone_with if one.score == among.score]


def test_cases_of_another_kind_are_told_by_their_number():
    found = Desk().take(said("25634 startar inte", phone="+46701740601"))
    nothing = match(found.said, found.judgement, History(1), [], NOON, Desk().directory, unlike=3)
    assert nothing.reasons == (Reason("no_candidate", {"count": 3}),)


@pytest.mark.parametrize(
    ("before", "minutes", "text", "others", "attached"),
    [
        (10, 20, "Cron job failed, retry of volume", False, True),
        (10, 90, "Cron job failed, retry of volume", False, False),
        (9, 20, "Cron job failed, retry of volume", False, False),
        (10, 20, "Cron job failed, retry of volume", True, False),
        (10, 20, "The charger is on fire, come at once", False, False),
        (10, 20, "Charger 25634 will not start", False, False),
    ],
)
def test_f41_a_flood_of_mails_is_a_heap_unless_it_is_urgent_or_about_a_place(
    before: int, minutes: int, text: str, others: bool, attached: bool
):
    mail = {"channel": "email", "email": "root@machine.example"}
    desk = Desk()
    first = desk.take(said("I want to change the address of my account", **mail))  # type: ignore[arg-type]
    case = replace(desk.cases[first.case], persons=frozenset({1, 2} if others else {1}))
    now = said(text, minutes, **mail)  # type: ignore[arg-type]
    taken = Desk().take(now)
    earlier = tuple(Earlier(NOON, case.id, None, None, case.category) for _ in range(before))
    found = match(now, taken.judgement, History(1, earlier), [case], now.at, desk.directory)
    assert (found.verdict is Verdict.ATTACH) is attached
    assert ("one_of_many" in {r.code for r in found.reasons}) is attached


@pytest.mark.parametrize(
    ("text", "case", "attached"),
    [
        ("The exit gate failed", "P2", True),
        ("The exit gate failed", "P3", False),
        ("The exit gate failed", "P1", False),
        ("Cron job failed, retry of volume", "P2", False),
        ("Cron job failed, retry of volume", "P3", True),
        ("The charger is on fire, come at once", "P1", False),
        ("The charger is on fire, come at once", "P2", False),
    ],
)
def test_f41_what_is_urgent_in_a_flood_is_a_heap_of_its_own_and_danger_is_in_none(text: str, case: str, attached: bool):
    mail = {"channel": "email", "email": "root@machine.example"}
    desk = Desk()
    first = desk.take(said("I want to change the address of my account", **mail))  # type: ignore[arg-type]
    candidate = replace(desk.cases[first.case], persons=frozenset({1}), priority=Priority(case))
    now = said(text, 20, **mail)  # type: ignore[arg-type]
    earlier = tuple(Earlier(NOON, candidate.id, None, None, candidate.category) for _ in range(10))
    found = match(now, Desk().take(now).judgement, History(1, earlier), [candidate], now.at, desk.directory)
    assert (found.verdict is Verdict.ATTACH) is attached
    assert ("one_of_many" in {r.code for r in found.reasons}) is attached


def test_the_same_person_with_a_new_matter_gets_a_new_case():
    found = two(
        said("jag har fått två fakturor för samma laddning på 24083", phone="+46701740601", channel="phone"),
        said("det är jag igen, en annan sak, jag har bytt mejladress", 6, phone="+46701740601", channel="phone"),
    )
    assert found.match.verdict is not Verdict.ATTACH


def test_a_new_fault_after_a_repair_is_a_new_case():
    desk = Desk()
    first = desk.take(said("25634 startar inte", phone="+46701740601"))
    desk.conclude(first.case, NOON + timedelta(hours=3))
    again = desk.take(said("25634 startar inte", 60 * 24, phone="+46701740602"))
    assert again.match.verdict is not Verdict.ATTACH
    assert "already_concluded" in {r.code for r in again.match.reasons}


def test_still_broken_after_a_repair_goes_back_to_the_case():
    desk = Desk()
    first = desk.take(said("25634 startar inte", phone="+46701740601"))
    desk.conclude(first.case, NOON + timedelta(hours=3))
    again = desk.take(said("25634 startar fortfarande inte", 60 * 5, phone="+46701740601"))
    assert (again.match.verdict, again.match.case) == (Verdict.ATTACH, first.case)


AFTER_A_REPAIR = [
    ("25634 startar inte", "25634 avbryter laddningen efter fem minuter igen, sedan ni bytte kontakten"),
    ("25634 is completely dead", "After your repair 25634 wakes up but will not start charging"),
    ("25634 startar inte", "Teknikern var här i går, nu är 25634 helt död"),
    ("25634 starter ikke", "Etter reparasjonen er 25634 helt død"),
    ("25634 starter ikke", "Efter reparationen afbryder 25634 opladningen hele tiden"),
    ("25634 ei käynnisty", "Korjauksen jälkeen 25634 katkaisee latauksen koko ajan"),
    ("25634 startet nicht", "Nach der Reparatur bricht 25634 die Ladung ständig ab"),
]


@pytest.mark.parametrize(("first", "second"), AFTER_A_REPAIR)
@pytest.mark.parametrize("phone", ["+46701740601", "+46701740602"])
@pytest.mark.parametrize("concluded", [True, False])
def test_a_related_fault_after_a_repair_is_a_new_case_and_is_suggested(
    first: str, second: str, phone: str, concluded: bool
):
    desk = Desk()
    before = desk.take(said(first, phone="+46701740601"))
    if concluded:
        desk.conclude(before.case, NOON + timedelta(hours=3))
    after = desk.take(said(second, 60 * 20, phone=phone))
    assert after.match.verdict is not Verdict.ATTACH
    assert {r.code for r in after.match.reasons} & {"already_concluded", "repaired_since", "no_candidate"}


def test_a_fault_that_was_not_repaired_goes_on_in_its_case():
    found = two(
        said("25634 startar inte", phone="+46701740601"),
        said("25634 startar fortfarande inte, den har inte blivit lagad", 60 * 20, phone="+46701740602"),
    )
    assert found.match.verdict is Verdict.ATTACH


REPAIRS = st.sampled_from(AFTER_A_REPAIR)
FAULTS = st.sampled_from([first for first, _ in AFTER_A_REPAIR])


@settings(max_examples=40, deadline=None)
@given(FAULTS, REPAIRS, st.booleans(), st.floats(10, 60 * 24 * 6), st.booleans())
def test_no_word_of_a_repair_joins_a_case_but_by_who_reported_it_and_says_again(
    first: str, repair: tuple[str, str], same: bool, minutes: float, concluded: bool
):
    desk = Desk()
    before = desk.take(said(first, phone="+46701740601"))
    if concluded:
        desk.conclude(before.case, NOON + timedelta(minutes=5))
    after = desk.take(said(repair[1], minutes, phone="+46701740601" if same else "+46701740602"))
    if after.match.verdict is Verdict.ATTACH:
        assert same
        assert "!again" in after.judgement.tokens
        assert after.judgement.category == before.judgement.category


def test_the_same_amount_in_two_languages_is_one_matter():
    found = two(
        said("I har trukket 186 kroner to gange i Malmø, Parkgatan 70", email="mette@example.dk", channel="email"),
        said(
            "you took one hundred and eighty six kronor twice at parkgatan 70 in malmo i wrote before",
            600,
            channel="phone",
        ),
    )
    assert "same_amount" in {r.code for r in found.match.reasons}
    assert found.match.verdict is not Verdict.NEW


def test_without_a_charger_number_the_site_and_the_fault_are_enough_for_a_while():
    first = said("en av laddarna på Småland Arena i Umeå avbryter laddningen hela tiden", phone="+46701740601")
    soon = said("25092 på arenan i Umeå avbryter laddningen", 30, phone="+46701740602")
    later = said("25092 på arenan i Umeå avbryter laddningen", 60 * 24 * 6, phone="+46701740602")
    assert two(first, soon).match.verdict is Verdict.ATTACH
    assert two(first, later).match.verdict is not Verdict.ATTACH


def test_the_reason_says_what_it_was_compared_with_and_what_the_threshold_was():
    found = two(said("25634 startar inte", phone="+1"), said("25634 startar inte", 12, phone="+2"))
    first, last = found.match.reasons[0], found.match.reasons[-1]
    assert first.code == "compared_with"
    assert isinstance(first.data["report"], int)
    assert last.code == "match_attach"
    assert last.data["limit"] == 0.8
    assert last.data["score"] == found.match.score >= 0.8


def test_an_incident_takes_the_most_urgent_priority_and_never_gives_it_back():
    desk = Desk()
    case = desk.take(said("22210 på Vågen lutar, någon har kört på stolpen 21800", phone="+1", charger="21800")).case
    desk.take(said("Det ryker ur 21800 på Vågen i Malmö", 5, phone="+2"))
    desk.take(said("21800 på Vågen i Malmö lutar, någon har kört på den", 9, phone="+3"))
    assert desk.cases[case].priority == Priority.P1
    assert desk.cases[case].category == "safety"


def test_three_dead_chargers_make_a_whole_site():
    desk = Desk()
    desk.take(said("Garaget på Vågen i Malmö är helt dött, ingen laddare lyser", phone="+1"))
    for minutes, charger in ((2, "21800"), (4, "21790"), (6, "21785")):
        number = next(c for c in desk.directory.site_chargers["s011"] if c >= charger)
        desk.take(said(f"{number} på Vågen i Malmö är död", minutes, phone=f"+{charger}"))
    assert len({o.case for o in desk.outcomes}) == 1
    case = desk.cases[1]
    assert (case.whole_site, case.priority, case.charger) == (True, Priority.P2, None)


def test_f39_a_storm_about_one_site_is_one_incident_and_others_stay_apart():
    desk, chance = Desk(), random.Random(7)
    phrases = [
        "Alla laddare i garaget på Rosengången i Kungsbacka är döda",
        "rosengången kungsbacka hela garaget är svart inga laddare lyser",
        "All chargers in the garage at Rosengången in Kungsbacka are dead, no lights",
        "Ingen laddare fungerar på Solvägen 83 i Kungsbacka, allt är släckt",
        "22861 på Rosengången lyser inte och hela garaget är mörkt",
    ]
    others = [
        "25634 på badhuset i Halmstad startar inte",
        "Jag vill ha kvitto för laddningen i maj",
        "21800 laddar långsamt",
    ]
    for i in range(300):
        desk.take(
            said(chance.choice(phrases), i / 5, phone=f"+4670{i:07}", channel=chance.choice(["phone", "sms", "form"]))
        )
        if i % 100 == 50:
            desk.take(said(others[i // 100], i / 5, phone=f"+4680{i:07}"))
    storm = {o.case for o in desk.outcomes if o.said.text in phrases}
    apart = {o.case for o in desk.outcomes if o.said.text in others}
    assert len(storm) == 1
    assert len(apart) == 3
    assert not storm & apart


def test_b91_an_app_outage_from_many_places_is_one_incident():
    desk = Desk()
    for i, text in enumerate(
        [
            "Appen ligger nere, går inte att starta laddningen",
            "your app is down, it just spins, nobody can charge",
            "Appen kraschar hela tiden, driftstörning?",
            "Die App funktioniert nicht, Serverfehler 503",
            "appen fungerar inte, ingen kan logga in, jag står på Vågen i Malmö",
        ]
    ):
        desk.take(said(text, i, phone=f"+467017406{i:02}"))
    assert all(o.judgement.mass for o in desk.outcomes)
    assert len({o.case for o in desk.outcomes}) == 1
    assert "mass" in lock_keys(desk.outcomes[0].judgement, 1)


def test_advertising_is_never_joined_to_a_case():
    text = "Click here for a free SEO audit of your website, rank higher on Google"
    found = two(
        said(text, email="a@spam.example", channel="email"), said(text, 5, email="a@spam.example", channel="email")
    )
    assert found.match.verdict is Verdict.NEW


@pytest.mark.parametrize(
    ("text", "person", "keys"),
    [
        ("25634 startar inte", 7, ("site:s066",)),
        ("Laddaren startar inte", 7, ("person:7",)),
        ("Laddaren startar inte", None, ("mass",)),
        ("Appen ligger nere, ingen kan ladda", 7, ("mass", "person:7")),
    ],
)
def test_reports_that_could_meet_share_a_lock(text: str, person: int | None, keys: tuple[str, ...]):
    assert lock_keys(Desk().take(said(text)).judgement, person) == keys


CALLER = "+46701740601"


@pytest.mark.parametrize(
    "text", ["Är ni på väg? Det är kallt här.", "Hallå?? Någon där", "Status please, my battery is low"]
)
def test_a_reminder_that_tells_of_nothing_belongs_to_what_its_sender_told_of(text: str):
    found = two(
        said("kabeln sitter fast i bilen på laddare 22025", phone=CALLER, channel="phone"),
        said(text, 45, phone=CALLER, channel="sms"),
    )
    assert found.match.verdict is Verdict.ATTACH
    assert (found.judgement.category, found.judgement.priority) == (Category.CABLE_STUCK, Priority.P2)
    assert found.judgement.reasons["category"][0].code == "category_of_case"


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("Är ni på väg? Det är kallt här.", {"phone": "+46701740602"}),
        ("Hallå?? Någon där", {"phone": CALLER, "auto_reply": True}),
        ("Automatiskt svar: jag är på semester till fredag", {"phone": CALLER}),
    ],
)
def test_what_a_stranger_or_a_robot_says_of_nothing_does_not(text: str, given: dict[str, object]):
    found = two(
        said("kabeln sitter fast i bilen på laddare 22025", phone=CALLER, channel="phone"),
        said(text, 45, channel="sms", **given),  # type: ignore[arg-type]
    )
    assert found.match.verdict is not Verdict.ATTACH


def test_a_reminder_a_week_later_is_for_a_person_to_place():
    found = two(
        said("kabeln sitter fast i bilen på laddare 22025", phone=CALLER, channel="phone"),
        said("Hallå?? Någon där", 60 * 24 * 7, phone=CALLER, channel="sms"),
    )
    assert found.match.verdict is not Verdict.ATTACH


def test_an_answer_to_a_mail_about_danger_is_as_urgent_as_that():
    owner = "ann@example.org"
    found = two(
        said("Handsken på 25634 är smält och luktar bränt", email=owner, channel="email", subject="Smält kontakt"),
        said(
            "Elektrikern har varit här. Kan vi slå på de andra?", 300, email=owner, channel="email", subject="Re: 25634"
        ),
    )
    assert found.match.verdict is Verdict.ATTACH
    assert (found.judgement.category, found.judgement.priority) == (Category.SAFETY, Priority.P1)


def test_an_answer_under_the_same_subject_goes_on_with_it_whatever_its_words():
    owner = "ann@example.org"
    found = two(
        said("Ni har dragit 481 kr för 11 kWh på 25634", email=owner, channel="email", subject="Kommat"),
        said("Nu har det gått åtta dagar", 60 * 24 * 8, email=owner, channel="email", subject="Re: Kommat"),
    )
    assert found.match.verdict is Verdict.ATTACH


def test_an_answer_to_no_subject_answers_none():
    desk, owner = Desk(), "ann@example.org"
    case = desk.take(said("Ni har dragit 481 kr för 11 kWh på 25634", email=owner, channel="email")).case
    untold = tuple(replace(report, text="") for report in desk.cases[case].reports)  # as older reports are read
    desk.cases[case] = replace(desk.cases[case], reports=untold)
    found = desk.take(said("Nu har det gått åtta dagar", 60 * 24 * 8, email=owner, channel="email", subject="Re:"))
    assert found.match.verdict is not Verdict.ATTACH


def test_an_answer_by_somebody_else_does_not():
    found = two(
        said("Ni har dragit 481 kr för 11 kWh på 25634", email="ann@example.org", channel="email", subject="Kommat"),
        said("Nu har det gått åtta dagar", 60 * 24 * 8, email="bo@example.org", channel="email", subject="Re: Kommat"),
    )
    assert found.match.verdict is not Verdict.ATTACH


@pytest.mark.parametrize(("verified", "verdict"), [(True, Verdict.ATTACH), (False, Verdict.SUGGEST)])
def test_a_mail_that_tells_of_nothing_needs_a_sender_who_is_vouched_for(verified: bool, verdict: Verdict):
    owner = "ann@example.org"
    found = two(
        said("25634 startar inte", email=owner, channel="email"),
        said("Hallå?? Någon där", 20, email=owner, channel="email", verified=verified),
    )
    assert found.match.verdict is verdict
