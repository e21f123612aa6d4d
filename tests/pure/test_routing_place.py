"""Where: chargers and sites are found as people name them, mended where one way is left, else left open."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from channels.report import Channel, Report
from gateway.intake import said_of
from routing.directory import build_directory
from routing.facts import read_facts
from routing.judge import judge
from routing.values import Charger, Earlier, History, Owner, Place, Said, Site
from tests.fakes.desk import directory, rules

NOON = datetime(2026, 9, 20, 12, tzinfo=UTC)


NOBODY = History()


def place_of(text: str, *, history: History = NOBODY, **given: object) -> Place:
    said = Said(channel=str(given.pop("channel", "form")), at=NOON, text=text, **given)  # type: ignore[arg-type]
    return judged_place(said, history)


def place_of_mail(text: str, subject: str) -> Place:
    return judged_place(said_of(Report(Channel.EMAIL, "1", NOON, text, subject=subject)))


def judged_place(said: Said, history: History = NOBODY) -> Place:
    facts = read_facts(said, directory(), rules())
    return judge(said, facts, history, directory(), rules()).place


@pytest.mark.parametrize(
    ("text", "charger", "site"),
    [
        ("Laddare 25634 startar inte", "25634", "s066"),
        ("EVSE SE*CNX*E25634 does not start", "25634", "s066"),
        ("https://charge.example/c/25634 does not start", "25634", "s066"),
        ("laddaren tjugofem sex trettiofyra på badhuset startar inte", "25634", "s066"),
        ("the charger at the swimming hall in halmstad does not start", None, "s066"),
        ("die säule am schwimmbad in halmstad startet nicht", None, "s066"),
        ("hej laddaren på södra vägen sjuttiosex i malmö är död", None, "s056"),
        ("i am at nora kayen eighty nine in lin shopping and it wont start", None, "s058"),
        ("laddaren på ahamra hotell i linköping ekgatan 70 startar inte", None, "s045"),
        ("laturi ei toimi uumajassa areenan parkkipaikalla", None, "s059"),
        ("åhamra hotell i linköping på ekgatan en gäst kommer inte loss", None, "s045"),
        ("laddaren på ekgatan ett i örebro är död", None, "s041"),
        ("lagerhuset p-hus 3 i halmstad, ingen laddar", None, "s043"),
        ("the post at bergs wagon ninety three in halmstad is off", None, "s043"),
        ("laturi ei toimi luulajassa matkakeskuksella", None, "s055"),
        ("jag är på vägen hem och laddaren startade aldrig", None, None),
        ("laddaren i halmstad startar inte", None, None),
        ("Laddaren startar inte", None, None),
    ],
)
def test_places_are_named_in_many_ways(text: str, charger: str | None, site: str | None):
    place = place_of(text, channel="phone")
    assert (place.charger, place.site) == (charger, site)


@pytest.mark.parametrize("number", ["1000-8", "2563-4", "1001-9"])
def test_the_number_of_a_case_in_a_subject_is_no_chargers(number: str):
    named = place_of_mail("It does not start.", subject=f"Re: We have your report [#{number}]")
    assert named.charger is None
    assert not named.candidates
    assert not {reason.code for reason in named.reasons} & {"charger_unknown", "charger_unsure", "charger_said"}
    named = place_of_mail("It does not start.", subject=f"Re: [#{number}] charger 25634")
    assert named.charger == "25634"


def test_a_charger_of_the_new_text_stands_wherever_the_quoted_mail_was_about():
    site = directory().sites["s002"]
    quoted = f"Den 3 mars 2026 kl. 08:14 skrev Stöd:\n\n> {site.name}, {site.street} i {site.city}, är lagad.\n"
    place = place_of(f"Nu startar inte 21007 heller.\n\n{quoted}", channel="email", subject="SV: Laddare")
    assert (place.charger, place.site) == ("21007", "s001")
    assert [r.code for r in place.reasons] == ["charger_said"]
    assert place_of(f"Nu startar den inte heller.\n\n{quoted}", channel="email").site == "s002"


@pytest.mark.parametrize("mark", ["SV: ", "Re: Re: ", "AW: "])
def test_a_charger_of_the_new_text_stands_whichever_the_subject_of_the_answered_mail_names(mark: str):
    place = place_of("Nu är det 21007 som krånglar också.", channel="email", subject=f"{mark}Laddare 25634")
    assert (place.charger, place.chargers) == ("21007", ("21007",))
    assert place_of("Den krånglar fortfarande.", channel="email", subject=f"{mark}Laddare 25634").charger == "25634"
    both = place_of("Nu är det 21007 som krånglar också.", channel="email", subject="Laddare 25634")
    assert both.chargers == ("25634", "21007")


@pytest.mark.parametrize("number", ["twenty-one thousand and seven", "two one zero zero seven", "tjugoettusen sju"])
def test_a_number_that_is_spoken_tells_where_and_nothing_of_what_is_wrong(number: str):
    def judged(text: str) -> tuple[str, str | None]:
        said = Said(channel="phone", at=NOON, text=text, faulty=True)
        found = judge(said, read_facts(said, directory(), rules()), NOBODY, directory(), rules())
        return found.category, found.place.charger

    assert judged(number) == ("other", "21007")
    assert judged(f"{number}. It is very slow") == ("slow", "21007")


def test_one_digit_wrong_is_mended_at_the_site_that_was_named():
    place = place_of("Sjukhusparkeringen i Borås, Hamngatan 61. Går inte igång.", charger="23416")
    assert place.charger == "24416"
    assert [r.code for r in place.reasons] == ["charger_mended"]


def test_two_digits_swapped_are_mended_at_the_site_that_was_named():
    assert place_of("Sjukhusparkeringen i Borås, 42416 startar inte").charger == "24416"


def test_two_ways_to_mend_a_number_leave_it_open():
    place = place_of("Badhuset i Halmstad, 25643 startar inte")
    assert place.charger is None
    assert set(place.candidates) == {"25634", "25641"}


def test_a_wrong_number_without_context_is_left_open_with_candidates():
    place = place_of("Laddare 25643 startar inte")
    assert place.charger is None
    assert "25634" in place.candidates


def test_earlier_reports_tell_which_charger_a_slip_means():
    earlier = Earlier(NOON - timedelta(days=3), 1, "25634", "s066", "no_start")
    place = place_of("Laddare 25643 startar inte", history=History(1, (earlier,)))
    assert place.charger == "25634"


def test_what_is_said_beats_what_the_form_holds():
    assert place_of("Snödroppen Linköping. Byggställning framför 22385", charger="22384").charger == "22385"


def test_several_chargers_are_kept_and_none_is_picked():
    place = place_of("Lagerhuset Örebro: brickan nekas på 23908, 23910 o 23915")
    assert place.charger is None
    assert place.chargers == ("23908", "23910", "23915")
    assert place.site == "s041"


def test_the_charger_that_works_is_not_the_one_that_is_reported():
    place = place_of("25196 avbröt laddningen tre gånger. Grannstolpen 25199 gick felfritt.")
    assert place.charger == "25196"


def test_where_the_rest_work_those_that_are_named_do_not():
    for text in (
        "23832 och 23833 är svarta på Nordans lastkaj i Jönköping, resten går bra",
        "23832 and 23833 are dark at Nordan in Jönköping, the others work fine",
    ):
        assert place_of(text).chargers == ("23832", "23833")


def test_the_charger_beside_that_ran_without_trouble_is_not_meant():
    place = place_of("Die Säule 25196 liefert kaum Leistung. An 25199 ging es gestern problemlos.")
    assert place.charger == "25196"


def test_numbers_are_understood_as_they_are_spoken_in_finnish():
    place = place_of("laturi kaks kolme seittemän neljä viis ei lataa", channel="phone", language="fi")
    assert place.charger == "23745"


def test_the_only_make_at_a_site_is_enough():
    place = place_of("handsken sitter fast på abb laddaren vid infarten på almen i luleå", channel="phone")
    assert place.charger == "22025"


def test_a_whole_site_has_no_charger():
    place = place_of("Alla laddare på Rosengången i Kungsbacka är döda")
    assert (place.charger, place.site, place.whole_site) == (None, "s027", True)
    assert place_of("Mörkt på Rosengången i Kungsbacka, inte en enda skärm lyser").whole_site
    assert place_of("Alla snabbladdare på resecentrum i Linköping är släckta").whole_site


def test_everything_else_works_does_not_mean_the_whole_site():
    assert not place_of("22210 på Kvarnen i Kungsbacka är död, alla andra laddare fungerar").whole_site


def test_a_telephone_number_is_no_charger():
    assert place_of("Ring mig på 070 256 34 21 om laddaren").charger is None


def test_a_sum_of_money_is_no_charger():
    assert place_of("Ni har dragit 25634 kr från mitt konto").charger is None


def test_an_owner_with_one_site_means_that_site():
    place = place_of("Taggarna nekas hos oss", email="anna.oberg@brflyktan.example", channel="portal")
    assert place.site == "s004"


def test_an_owner_with_several_sites_who_names_none_is_left_open():
    assert place_of("Taggarna nekas hos oss", email="johan.vik@vastkustensparkering.example").site is None


def test_reasons_hold_no_text_of_the_sender():
    place = place_of("hemlig text om badhuset i halmstad")
    assert all("hemlig" not in str(r.data) for r in place.reasons)


def small_house() -> tuple[list[Owner], list[Site], list[Charger]]:
    owners = [Owner("o1", "Nordhamnen Bolag AS", "Kari Li", "kari.li@nordhamnen.example", "+4755500001", "no")]
    sites = [
        Site("x1", "Nordhamnen Bolag AS", "Kaiveien 4", "0150", "Oslo", "o1", "plus", "Europe/Oslo"),
        Site("x2", "Nordhamnen Bolag AS – Garage 2", "Fjellgata 9", "5003", "Bergen", "o1", "basic", "Europe/Oslo"),
    ]
    chargers = [
        Charger("OSL-A17", "NO*ABC*EA17", "x1", "ABB", "Terra", 50.0, "1:CCS"),
        Charger("100234", "NO*ABC*E100234", "x2", "Zaptec", "Pro", 22.0, "1:Type2"),
    ]
    return owners, sites, chargers


@pytest.mark.parametrize(
    ("text", "charger", "site"),
    [
        ("laderen OSL-A17 starter ikke", "OSL-A17", "x1"),
        ("lader 100234 er død", "100234", "x2"),
        ("lader 100 234 er død", "100234", "x2"),
        ("laderen i Kaiveien 4 starter ikke", None, "x1"),
        ("laderen på nordhamnen i bergen starter ikke", None, "x2"),
    ],
)
def test_other_houses_name_their_chargers_otherwise(text: str, charger: str | None, site: str | None):
    house = build_directory(*small_house())
    said = Said(channel="form", at=NOON, text=text)
    place = judge(said, read_facts(said, house, rules()), History(), house, rules()).place
    assert (place.charger, place.site) == (charger, site)


def test_contradicting_master_data_is_told_and_survived():
    owners, sites, chargers = small_house()
    house = build_directory(owners, sites[:1] + sites, chargers)
    assert any("x1: given twice" in fault for fault in house.faults)
    lost = build_directory(owners, sites[:1], chargers)
    assert any("unknown site x2" in fault for fault in lost.faults)


def test_an_empty_directory_finds_nothing_and_breaks_nothing():
    house = build_directory([], [], [])
    said = Said(channel="form", at=NOON, text="Laddare 25634 i Halmstad", charger="25634")
    assert judge(said, read_facts(said, house, rules()), History(), house, rules()).place.site is None


def test_two_thousand_chargers_are_indexed_in_no_time():
    source = directory()
    chargers = [
        Charger(str(30000 + i), f"SE*CNX*E{30000 + i}", f"s{i % 71 + 1:03}", "ABB", "Terra", 50.0, "1:CCS")
        for i in range(2000)
    ]
    best = min(
        _seconds(lambda: build_directory(source.owners.values(), source.sites.values(), chargers)) for _ in range(5)
    )
    assert best < 0.5


def _seconds(act: object) -> float:
    begun = time.process_time()
    act()  # type: ignore[operator]
    return time.process_time() - begun


@pytest.mark.parametrize(
    ("subject", "text", "charger"),
    [
        ("Ärende 2102-1", "Det startar inte än.", None),
        ("Angående ärendenummer: 2102-1", "Hur går det?", None),
        ("Hej", "Mitt ärende är 2102-1. Har ni hört något?", None),
        ("Question", "My case number is 2102-1, it still does not start", None),
        ("Sak nr. 2102-1", "Den starter ikke.", None),
        ("Ärende 2102-1", "Laddare 24352 startar inte.", "24352"),
        ("Ärende om laddare 2102-1", "Den startar inte.", "21021"),
        ("Ärende 2104-4", "Det är ingen kontrollsiffra.", "21044"),
    ],
)
def test_the_number_of_a_case_is_no_charger(subject: str, text: str, charger: str | None) -> None:
    assert place_of_mail(text, subject=subject).charger == charger
