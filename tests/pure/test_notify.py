"""What customers are told, in six languages."""

import string
from datetime import UTC, datetime, timedelta

import pytest

from channels.report import Solution
from gateway.config import load
from gateway.languages import CUSTOMERS, catalogue
from gateway.messages.post import phone_of
from gateway.notify import Facts, compose, sender_name

DUE = datetime(2026, 9, 14, 12, 30, tzinfo=UTC)
LETTERS = string.ascii_letters + string.digits + " .,:;?!-/()&+=#@'"
GSM = {*LETTERS, *"ÄÅÆÖØÜßäåæéöøü_"}  # the basic letters of 3GPP TS 23.038 that our languages need


def facts(**changed: object) -> Facts:
    given: dict[str, object] = {
        "number": "1042-9",
        "category": "no_start",
        "priority": "P3",
        "charger": "21007",
        "timezone": "Europe/Stockholm",
        "due_first_response": DUE,
        "due_solution": None,
        "attached": False,
        "shared": False,
        "code": "4711",
        "status_url": "https://help.example/s/token",
        "support_phone": "+46313900600",
    }
    return Facts(**(given | changed))  # type: ignore[arg-type]


@pytest.mark.parametrize("language", CUSTOMERS)
def test_what_could_not_be_read_is_not_said_to_be_understood(language: str):
    book = catalogue(language)
    words = compose("acknowledgement", "email", language, facts(unreadable=True), now=DUE)
    assert book.gettext("letter.unreadable") in words.text
    assert book.gettext("letter.unreadable") != "letter.unreadable"
    assert book.gettext("letter.understood").partition("%")[0] not in words.text


@pytest.mark.parametrize("language", CUSTOMERS)
def test_an_acknowledgement_says_number_time_link_and_code(language: str):
    words = compose("acknowledgement", "email", language, facts(), now=DUE)
    assert "[#1042-9]" in words.subject
    for told in ("1042-9", "21007", "14:30", "https://help.example/s/token", "4711", "+46313900600"):
        assert told in words.text
    assert "112" not in words.text
    assert "%(" not in words.text


@pytest.mark.parametrize("language", CUSTOMERS)
@pytest.mark.parametrize("category", ["safety", "no_start", "other"])
def test_who_named_no_charger_is_asked_for_its_number(language: str, category: str):
    asked = catalogue(language).gettext("letter.which")
    assert asked != "letter.which"
    assert asked in compose("acknowledgement", "email", language, facts(charger=None, category=category)).text


@pytest.mark.parametrize(
    "known",
    [
        {"charger": "21007"},
        {"category": "payment"},
        {"category": "account"},
        {"category": "enquiry"},
        {"attached": True},
        {"unreadable": True},
        {"solved": True},
    ],
)
def test_nobody_is_asked_for_a_charger_that_is_known_or_matters_to_nothing(known: dict[str, object]):
    asked = catalogue("en").gettext("letter.which")
    assert asked not in compose("acknowledgement", "email", "en", facts(**({"charger": None} | known))).text


@pytest.mark.parametrize("language", CUSTOMERS)
@pytest.mark.parametrize("channel", ["email", "sms"])
def test_every_answer_to_a_p1_carries_112_and_keep_away(language: str, channel: str):
    words = compose("acknowledgement", channel, language, facts(priority="P1", category="safety"), now=DUE)
    assert "112" in words.text
    assert catalogue(language).gettext("letter.danger") in words.text


@pytest.mark.parametrize("language", CUSTOMERS)
def test_who_adds_to_a_case_of_their_own_is_not_told_of_others(language: str):
    book = catalogue(language)
    for shared, msgid in ((False, "letter.added.text"), (True, "letter.attached.text")):
        words = compose("acknowledgement", "email", language, facts(attached=True, shared=shared), now=DUE)
        assert book.gettext(msgid) % {"number": "1042-9"} in words.text


@pytest.mark.parametrize("language", CUSTOMERS)
@pytest.mark.parametrize("channel", ["email", "sms"])
def test_a_promise_that_was_missed_is_not_made_again(language: str, channel: str):
    later = DUE + timedelta(days=1)
    words = compose("acknowledgement", channel, language, facts(), now=later)
    assert "14:30" not in words.text
    assert "14.30" not in words.text
    assert "–" not in words.text
    still = compose("acknowledgement", channel, language, facts(due_solution=later + timedelta(hours=1)), now=later)
    assert len(still.text) > len(words.text)


@pytest.mark.parametrize("language", CUSTOMERS)
def test_who_solved_it_in_the_call_is_promised_nothing_and_told_where_to_say_that_it_is_back(language: str):
    told = compose("acknowledgement", "sms", language, facts(solved=True, due_first_response=None), now=DUE).text
    plain = compose("acknowledgement", "sms", language, facts(due_first_response=None), now=DUE).text
    assert told != plain
    assert all(part in told for part in ("1042-9", "4711", "https://help.example/s/token"))
    assert len(told) <= 160
    assert set(told) <= GSM


def test_another_language_is_answered_in_english_and_told_so():
    words = compose("acknowledgement", "email", "fr", facts(), now=DUE)
    assert catalogue("en").gettext("letter.language") in words.text


def test_an_agents_words_go_out_as_written_and_need_no_template():
    words = compose("reply", "email", "sv", facts(), own="Hej!\n\n{{7*7}} %(number)s\n")
    assert words.text.startswith("Hej!\n\n{{7*7}} %(number)s")


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("Trasig laddare", "Re: [#{}] Trasig laddare"),
        ("SV: Re: Trasig laddare", "Re: [#{}] Trasig laddare"),
        ("AW: [#{}] Kaputt", "Re: [#{}] Kaputt"),
        ("Re: Ditt ärende [#{}]", "Re: [#{}] Ditt ärende"),
        ("Hi\u2028Bcc: all@example.com\x00 there", "Re: [#{}] Hi Bcc: all@example.com there"),
    ],
)
def test_an_agents_answer_has_the_subject_of_what_it_answers(theirs: str, ours: str):
    told = facts()
    words = compose("reply", "email", "sv", told, own="Hej!", answered=theirs.format(told.number))
    assert words.subject == ours.format(told.number)


@pytest.mark.parametrize(
    ("language", "name"), [("sv", "Laddsupporten"), ("da", "Ladesupporten"), ("fr", "Charging support")]
)
def test_mails_come_from_who_signs_them(language: str, name: str):
    assert sender_name(language) == name
    assert name in compose("acknowledgement", "email", language, facts(), now=DUE).text


@pytest.mark.parametrize("theirs", [None, "", "Re: ", "\x00"])
def test_an_answer_to_what_has_no_subject_has_our_own(theirs: str | None):
    words = compose("reply", "email", "sv", facts(), own="Hej!", answered=theirs)
    assert words.subject == compose("reply", "email", "sv", facts(), own="Hej!").subject


def test_the_standard_solution_is_offered():
    solution = Solution("s", "no_start", "T", ("Ta ut kontakten.", "Sätt i den igen."))
    words = compose("acknowledgement", "email", "sv", facts(solutions=[solution]), now=DUE)
    assert "Till dess brukar det här hjälpa:\n  – Ta ut kontakten." in words.text


@pytest.mark.parametrize("language", CUSTOMERS)
def test_what_to_do_in_danger_is_not_said_to_help_often(language: str):
    solution, book = Solution("s", "safety", "T", ("Håll avstånd.",)), catalogue(language)
    given = facts(category="safety", priority="P1", solutions=[solution])
    words = compose("acknowledgement", "email", language, given, now=DUE)
    assert f"\n{book.gettext('letter.until')}\n  – Håll avstånd." in words.text
    assert book.gettext("letter.try") not in words.text


def test_every_customer_language_has_every_message():
    msgids = {m for m in catalogue("en").messages if m.startswith(("letter.", "sms."))}
    assert msgids
    for language in CUSTOMERS:
        assert {m for m in msgids if not catalogue(language).has(m)} == set()


@pytest.mark.parametrize("language", CUSTOMERS)
def test_an_sms_is_one_part_of_160_letters_and_two_where_there_is_danger(language: str):
    visit = (DUE + timedelta(days=77), DUE + timedelta(days=77, hours=2))
    url = "https://help.example/s/" + "x" * 24
    given = {"due_solution": DUE, "visit": visit, "status_url": url, "visit_url": url}
    kinds = [msgid.removeprefix("sms.") for msgid in catalogue("en").messages if msgid.startswith("sms.")]
    for kind in kinds:
        calm, urgent = (
            compose(kind, "sms", language, facts(priority=priority, **given), now=DUE - timedelta(days=60)).text
            for priority in ("P3", "P1")
        )
        assert (len(calm) <= 160, len(urgent) <= 306) == (True, True), calm
        assert set(calm + urgent) <= GSM, calm
    assert len(kinds) > 12


def test_customers_are_told_to_call_a_number_that_answers(environ: dict[str, str]) -> None:
    numbers = "+46701234567=sms,+46771234567=voice,+46313900100"
    assert phone_of(load({**environ, "TWILIO_NUMBERS": numbers})) == "+46771234567"
    assert phone_of(load({**environ, "TWILIO_NUMBERS": "+46701234567=sms"})) is None
    assert phone_of(load(environ)) is None
