"""Every word that a page or message can show exists in every language it is offered in, and its placeholders fit."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from channels.report import RemoteAct, RemoteAnswer
from gateway import desk, languages, telling
from gateway.languages import CUSTOMERS, PAGES, catalogue
from gateway.messages.outbox import FEWER
from gateway.messages.undelivered import CAUSES
from gateway.outages import BEHIND
from gateway.phone.wrapping import DISPOSITIONS
from routing.oncall import REGIONS
from routing.queues import AGENT_FIRST, CUSTOMER_FIRST
from routing.supposing import Safety
from routing.values import Category, Priority, Reason

ROOT = Path(__file__).parents[2] / "gateway"
OUTAGES = {category for behind in BEHIND.values() for category in behind}
PLACE = re.compile(r"%\((\w+)\)")
FOR_CUSTOMERS = ("web/templates/help/", "web/templates/base.html", "web/templates/parts/languages.html")
STATES = {
    "status": ("open", "assigned", "waiting", "planned", "concluded", "closed"),
    "queue": ("emergency", "helpdesk", "billing", "operations", "field", "review"),
    "channel": ("phone", "email", "form", "portal", "sms", "whatsapp", "alarm", "api"),
    "activity": ("available", "busy", "away", "offline"),
    "priority": tuple(Priority),
    "category": tuple(Category),
    "sla_level": ("basic", "plus", "premium"),
    "sending": ("queued", "sent", "uncertain", "failed", "bounced", "suppressed", "stale", "deferred", "delayed"),
    "note": ("note", "reason", "conclusion", "proposal"),
    "component": desk.COMPONENTS,
    "remote": tuple(RemoteAnswer),
    "evidence": ("own report", "given together in one report", "taken from another person"),
    "act": tuple(RemoteAct),
    "remote_safety": tuple(Safety),
    "work": ("call", "callback"),
    "call_disposition": DISPOSITIONS,
    "kind.message_failed": CAUSES,
    "kind.message_sent": (FEWER,),
    "region": tuple(sorted(set(REGIONS.values()))),
    "master": ("owners", "sites", "chargers"),
    "masters": ("owners", "sites", "chargers", "agents"),
    "language": CUSTOMERS,
    "activities": ("available", "busy", "away", "offline"),
    "how": ("taken", "last_resort", "claimed", "over"),
    "audit": (  # noqa: SIM905 - read as a list of words
        "agent_added agent_changed agent_disabled agent_enabled password_set totp_begun totp_ended recovery_used "
        "sessions_ended token_created token_revoked imported recording_heard person_parted person_erased "
        "person_exported erasure_deferred owner_user_invited owner_user_changed owner_user_removed owner_pin_made "
        "owner_password_set owner_totp_set owner_totp_ended rota_added rota_removed announced withdrew_announcement "
        "overflow ended_overflow set_queues"
    ).split(),
    "recording": ("announce", "ask", "never"),
    "rings_first": (AGENT_FIRST, CUSTOMER_FIRST),
    "target": ("first_response", "line", "next_update", "solution"),
    "due": ("first_response", "next_update", "solution"),
    "kind": (  # noqa: SIM905 - read as a list of words
        "opened attached detached repeated queued raised category_changed claimed released first_response replied note "
        "corrected handed_over escalated waiting resumed visit_planned concluded confirmed reopened closed "
        "message_queued message_sent message_failed bounced delayed offer_made offer_accepted offer_declined "
        "offer_expired erased call_started call_ended remote_action linked line_overdue suggestion_declined "
        "analysed referred unreferred proposed visit_moved visit_booked visit_refused visit_cancelled visit_performed "
        "visit_lapsed "
        "document_added call_wanted warned breached expected_changed survey_asked "
        "alarm_raised alarm_cleared alarm_returned alarm_flapping muted charger_silent "
        "waited_too_long recording_silenced recording_resumed "
        "callback_delayed callback_picked_up callback_postponed "
        "talk_held talk_resumed hand_raised hand_lowered call_unanswered call_unplaced call_disposed"
    ).split(),
}


def said() -> Iterator[tuple[str, str]]:
    """All msgids of templates and code, with the file that says each."""
    found = extract_from_dir(
        ROOT,
        method_map=[("**.html", "jinja2"), ("**.py", "python")],
        options_map={"**.html": {"silent": "false"}},
        keywords={"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)},
    )
    for name, _line, message, _comments, _context in found:
        yield (message[0] if isinstance(message, tuple) else message), name


def test_swedish_has_every_word_of_the_pages() -> None:
    swedish, english = catalogue("sv"), catalogue("en")
    missing = {msgid for msgid, _ in said() if not swedish.has(msgid)}
    assert not missing
    coded = {msgid for msgid, _ in said() if re.fullmatch(r"[a-z_]+\.[\w.]+", msgid)}
    assert {msgid for msgid in coded if not english.has(msgid)} == set()


@pytest.mark.parametrize("language", [*CUSTOMERS[2:], "sv"])
def test_customers_read_the_whole_help_center_in_their_language(language: str) -> None:
    book = catalogue(language)
    shown = {msgid for msgid, name in said() if name.startswith(FOR_CUSTOMERS)}
    assert len(shown) > 40
    assert {msgid for msgid in shown if not book.has(msgid)} == set()


@pytest.mark.parametrize("language", CUSTOMERS)
def test_every_category_and_message_is_said_in_all_six_languages(language: str) -> None:
    book = catalogue(language)
    wanted = {f"category.{category}" for category in Category} | {f"outage.{category}" for category in OUTAGES}
    wanted |= {msgid for msgid in catalogue("en").messages if msgid.startswith(("letter.", "sms."))}
    assert {msgid for msgid in wanted if not book.has(msgid)} == set()


@pytest.mark.parametrize("language", PAGES)
@pytest.mark.parametrize("family", STATES)
def test_every_code_has_words(language: str, family: str) -> None:
    book = catalogue(language)
    assert [code for code in STATES[family] if not book.has(f"{family}.{code}")] == []


@pytest.mark.parametrize("path", sorted(ROOT.glob("locale/*/*.po")), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_placeholders_of_a_translation_are_those_of_the_english_sentence(path: Path) -> None:
    english = catalogue("en")
    with path.open("rb") as file:
        book = read_po(file, locale=languages.LOCALES[path.parent.name], abort_invalid=True)
    for message in book:
        msgid = message.id[0] if isinstance(message.id, tuple | list) else message.id
        if not msgid:
            continue
        forms = message.string if isinstance(message.string, tuple | list) else (message.string,)
        expected = set(PLACE.findall(english.gettext(msgid)))
        assert all(forms), f"{msgid} is not translated"
        for form in forms:
            assert set(PLACE.findall(form)) == expected, f"{msgid}: {form}"


def test_what_a_language_lacks_is_said_in_english_and_never_fails() -> None:
    assert catalogue("fi").gettext("status.open") == catalogue("en").gettext("status.open")
    assert catalogue("fi").gettext("no such words") == "no such words"
    assert catalogue("xx") is not None
    assert catalogue("sv").code("category", "brand_new") == "brand new"
    assert languages.words(Reason("no_such_reason", {"a": 1}), "sv") == "no_such_reason"
    assert catalogue("sv").ngettext("%(num)s case", "%(num)s cases", 1) == "%(num)s ärende"
    assert catalogue("sv").ngettext("%(num)s case", "%(num)s cases", 0) == "%(num)s ärenden"


def test_an_entry_of_the_timeline_is_a_whole_sentence() -> None:
    data = {"changed": {"priority": ["P3", "P1"], "category": ["no_start", "safety"]}}
    assert telling.tell("corrected", data, "Agent 01", "en") == (
        "Corrected by Agent 01: Priority P3, hindered → P1, danger; Category Charging does not start → Danger"
    )
    assert telling.tell("handed_over", {"to": "billing"}, "Agent 01", "sv") == "Överlämnat till Betalning av Agent 01"
    assert telling.tell("first_response", {"seconds": 432.5}, None, "en") == "First human response after 7 min"
    assert telling.tell("made_later", {"x": 1}, None, "sv") == "made later"
    assert "–" in telling.tell("escalated", {}, None, "en")


def test_times_are_told_in_the_sites_time_zone() -> None:
    at = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)  # after the clocks went back
    assert languages.format_time(at, "Europe/Stockholm", "sv", at) == "02:30"
    assert languages.format_time(at, "Europe/Stockholm", "sv", at + timedelta(days=2)) == "25 okt. 02:30"
    assert languages.format_time(at, "Europe/Helsinki", "en") == "25 Oct 2026 03:30"


@pytest.mark.parametrize(
    ("language", "soon", "later", "day"),
    [
        ("sv", "8 mars 14:05", "8 mars 2027 14:05", "måndag 8 mars"),
        ("en", "8 Mar 14:05", "8 Mar 2027 14:05", "Monday 8 March"),
        ("no", "8. mars 14:05", "8. mars 2027 14:05", "mandag 8. mars"),
        ("da", "8. mar. 14:05", "8. mar. 2027 14:05", "mandag 8. marts"),
        ("fi", "8.3. 14:05", "8.3.2027 14:05", "maanantaina 8. maaliskuuta"),
        ("de", "8. März 14:05", "8. März 2027 14:05", "Montag 8. März"),
    ],
)
def test_days_are_written_as_the_language_writes_them(language: str, soon: str, later: str, day: str) -> None:
    at, place = datetime(2027, 3, 8, 13, 5, tzinfo=UTC), "Europe/Stockholm"
    assert languages.format_time(at, place, language, at - timedelta(days=3)) == soon
    assert languages.format_time(at, place, language) == later
    assert languages.format_date(at, place, language) == day


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3900, "1 h 05 min"),
        (-90, "1 min"),
        (187200, "2 d 4 h"),
    ],
)
def test_durations_in_columns_are_short_and_the_same_everywhere(seconds: int, written: str) -> None:
    assert languages.format_clock(timedelta(seconds=seconds)) == written


def test_swedish_has_every_word_of_a_refusal() -> None:
    """What the desk refuses is shown at the field that was refused."""
    told = [
        keyword.value.value
        for path in ROOT.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and ast.unparse(call.func) in ("Refused", "desk.Refused")
        for keyword in call.keywords
        if isinstance(keyword.value, ast.Constant)
    ]
    assert len(told) > 20
    assert {words for words in told if not catalogue("sv").has(str(words))} == set()


@pytest.mark.parametrize(
    ("size", "swedish", "english"),
    [
        (10, "10 byte", "10 bytes"),
        (999, "999 byte", "999 bytes"),
        (21_400, "21,4 kB", "21.4 kB"),
        (3_000_000, "3 MB", "3 MB"),
    ],
)
def test_sizes_are_written_as_the_language_writes_them(size: int, swedish: str, english: str) -> None:
    assert (languages.format_size(size, "sv"), languages.format_size(size, "en")) == (swedish, english)


def test_months_have_names() -> None:
    assert (languages.format_month("2026-11", "sv"), languages.format_month("2026-11", "en")) == (
        "november 2026",
        "November 2026",
    )


@pytest.mark.parametrize("how", STATES["how"])
def test_how_an_on_call_ladder_ended_is_told_in_words(how: str) -> None:
    data = {"seconds": 0.0, "how": how, "steps": 1}
    for language in PAGES:
        told = telling.tell("oncall_ended", data, None, language)
        assert catalogue(language).gettext(f"how.{how}") in told
        assert f"({how})" not in told
