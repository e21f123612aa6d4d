"""A caller reaches us: every promise of the phone door, seen by a robot phone over HTTP."""

from __future__ import annotations

import asyncio
import io
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from mmap import mmap

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from prometheus_client import REGISTRY

from channels import phone as phone_door
from channels.phone import PhoneDoor
from channels.phone_lately import SLOT, Lately
from channels.phone_ports import CaseStatus, Incident, Loaded, Place, Taken
from channels.report import Channel, NotStored, RemoteAct, RemoteAnswer, Tried
from channels.signatures import Signatures
from channels.sms import SmsDoor
from gateway.web import phone
from gateway.web.problems import Problem
from ivr.engine import CallState
from ivr.flow import load, shipped
from ivr.prompts import Phrases, read_catalogues
from ivr.vocabulary import is_recorded
from tests.fakes.calls import Kept, World
from tests.fakes.phone import Call, Line, read, signature

TOKEN = "a-secret-of-the-provider"
PUBLIC = "https://support.example"
OURS = "+46313900100"
NOW = datetime(2026, 9, 14, 3, 0, tzinfo=UTC)
LanguageKey = {"sv": "1", "en": "2"}


@web.middleware
async def problems(request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> object:
    try:
        return await handler(request)
    except Problem as problem:
        return web.Response(status=problem.status)
    except NotStored:
        return web.Response(status=503)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def door(world: World) -> PhoneDoor:
    return _door(world)


def _door(world: World, lately: Lately | None = None) -> PhoneDoor:
    return PhoneDoor(
        world.given(),
        load(shipped()[0]),
        Phrases(read_catalogues()),
        lambda: NOW,
        PUBLIC,
        last_resort="+46313900199",
        deadline=0.3,
        lately=lately,
    )


@pytest.fixture
async def line(world: World, door: PhoneDoor) -> AsyncIterator[Line]:
    async with _open(world, door) as line:
        yield line


@asynccontextmanager
async def _open(world: World, door: PhoneDoor) -> AsyncIterator[Line]:
    app = web.Application(middlewares=[problems])
    texts = SmsDoor(world, world, world, world, world, world, lambda: NOW, {OURS})  # type: ignore[arg-type]
    phone.mount(
        app, phone.Webhooks(door, texts, Signatures([TOKEN, "next"], PUBLIC), account="AC" + "a" * 32, numbers={OURS})
    )
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        yield Line(session, str(server.make_url("/")).rstrip("/"), TOKEN, number=OURS, public_url=PUBLIC)


async def to_purpose(line: Line, language: str = "en", caller: str = "+46701740605") -> Call:
    call = await line.call(caller)
    await call.press(LanguageKey[language])
    await call.press("2")
    return call


@pytest.mark.parametrize("language", ["sv", "en"])
async def test_a_caller_with_a_charger_that_does_not_start_leaves_with_a_case_number(
    line: Line, world: World, language: str
) -> None:
    call = await to_purpose(line, language)
    at_purpose = len(call.languages) - 1
    await call.press("1")
    assert "2, 1, 0, 0, 7" in await call.press("21007#")
    await call.press("1")
    await call.press("9")
    await call.speak("It blinks red and nothing happens")
    assert "0, 6, 0, 5" in call.now_hears
    told = await call.press("1")
    assert "1, 0, 4, 2, 9" in told
    text = world.reports[call.sid].text
    assert text.startswith("It blinks red")
    assert {"sv": "Laddare 21007.", "en": "Charger 21007."}[language] in text
    goodbye = await call.press("3")
    assert call.over
    assert goodbye
    report = world.reports[call.sid]
    assert (report.channel, report.charger, report.site, report.language) == (
        Channel.PHONE,
        "21007",
        "s001",
        language,
    )
    assert (report.category, report.faulty) == (None, True)
    assert report.sender.phone == "+46701740605"
    assert set(call.languages[at_purpose:]) == {"sv-SE" if language == "sv" else "en-GB"}


async def test_danger_is_asked_first_and_goes_to_the_front(line: Line, world: World) -> None:
    world.nobody = True
    call = await line.call()
    await call.press("2")
    told = await call.press("1")
    assert "1 1 2" in told
    assert "Do not unplug" in told
    assert world.reports[call.sid].danger
    assert world.waiting[0].priority == "P1"
    world.rooms[call.sid] = "room-7"
    await call.wait()
    assert call.waits is not None
    assert call.waits.tag == "Dial"


async def test_danger_that_is_only_spoken_of_is_urgent_too(line: Line, world: World) -> None:
    call = await to_purpose(line, "sv")
    await call.press("5")
    told = await call.speak("det brinner i laddaren")
    assert "Ring ett ett två" in told
    assert world.waiting[0].priority == "P1"


@pytest.mark.parametrize("incident", [None, Incident("planned", 5.2)])
async def test_what_is_announced_for_a_site_is_told_to_who_calls_about_it_whether_or_not_a_fault_is_known(
    line: Line, world: World, incident: Incident | None
) -> None:
    world.incident = incident
    world.site_news = {"s001": "The garage is closed until Friday."}
    call = await to_purpose(line)
    for keys in ("1", "21007#"):
        assert "garage" not in await call.press(keys)
    told = await call.press("1")
    assert "The garage is closed until Friday. " + ("We already know" if incident else "What is wrong") in told
    other = await to_purpose(line)
    assert "garage" not in await other.press("3")


async def test_a_known_fault_is_told_and_a_follower_is_attached(line: Line, world: World) -> None:
    world.incident = Incident("planned", 5.2)
    call = await to_purpose(line)
    await call.press("1")
    await call.press("21007#")
    told = await call.press("1")
    assert "already know" in told
    assert "within 6 hours" in told
    await call.press("1")
    assert call.over
    assert "follower" in world.reports[call.sid].flags


@pytest.mark.parametrize("number", ["0317001234#", "12345678#", None])
async def test_n2_a_follower_whom_no_text_reaches_is_told_so_and_given_the_code(
    line: Line, world: World, number: str | None
) -> None:
    world.incident = Incident("planned", 5.2)
    call = await to_purpose(line, caller="+46846500421")
    for keys in ("1", "21007#", "1", "1"):
        told = await call.press(keys)
    assert "number that we should text" in told
    if number:
        await call.press(number)
    while not call.over:
        await call.wait()
    assert "cannot send a text message to you" in call.now_hears
    assert "case number is 1, 0, 4, 2, 9" in call.now_hears
    assert "code for asking about the case is 4, 7, 1, 1" in call.now_hears


async def test_n2_a_follower_whom_a_text_reaches_is_not_told_the_code(line: Line, world: World) -> None:
    world.incident = Incident("planned", 5.2)
    call = await to_purpose(line, caller="+46846500421")
    for keys in ("1", "21007#", "1", "1", "0701740605#"):
        told = await call.press(keys)
    assert call.over
    assert "your report has been added" in told
    assert "code" not in told
    assert "cannot" not in told


@pytest.mark.parametrize(
    ("keys", "said", "token"),
    [
        (["1", "21007#", "1"], None, "1043.signed"),
        (["3"], None, "1042.signed"),
        (["1", "*", "1"], None, "1042.signed"),
        (["5"], "the app is down", "1042.signed"),
    ],
)
async def test_n2_who_hears_of_a_known_fault_reaches_a_person_by_the_key_that_is_named_and_in_its_case(
    line: Line, world: World, keys: list[str], said: str | None, token: str
) -> None:
    world.large = Incident("open", 1.0, "payment", "1044.signed")
    world.incident = Incident("planned", 5.2, "no_start", "1043.signed")
    outage = Incident("assigned", 3.5, "access", "1042.signed")
    world.outages = dict.fromkeys(["account", "no_start", "the app is down"], outage)
    call = await to_purpose(line)
    for key in keys:
        told = await call.press(key)
    if said:
        told = await call.speak(said)
    assert "To talk to a person, press 2. If it is about something else, press 3." in told
    await call.press("2")
    assert [waiting.sid for waiting in world.waiting] == [call.sid]
    assert world.reports[call.sid].thread.token == token


async def test_n2_who_has_something_else_to_tell_at_a_charger_goes_on_with_it(line: Line, world: World) -> None:
    world.incident = Incident("planned", 5.2)
    call = await to_purpose(line)
    for keys in ("1", "21007#", "1"):
        await call.press(keys)
    assert "stuck" in await call.press("3")
    assert not world.waiting
    assert not world.reports


@pytest.mark.parametrize(
    ("keys", "said"),
    [(["3"], None), (["1", "*", "1"], None), (["2", "21007#", "1"], None), (["5"], "the app is down")],
)
async def test_v16_a_fault_of_no_place_is_told_to_whom_it_fits_and_a_follower_is_attached(
    line: Line, world: World, keys: list[str], said: str | None
) -> None:
    outage = Incident("assigned", 3.5, "access", "1042.signed")
    world.outages = dict.fromkeys(["account", "no_start", "payment", "the app is down"], outage)
    call = await to_purpose(line)
    for key in keys:
        told = await call.press(key)
    if said:
        told = await call.speak(said)
    assert "already know about this" in told
    assert "the app or the charging tags do not work" in told
    assert "within 4 hours" in told
    await call.press("1")
    assert call.over
    report = world.reports[call.sid]
    assert "follower" in report.flags
    assert (report.thread.token, report.category) == ("1042.signed", "access")
    assert report.charger == ("21007" if keys[0] == "2" else None)


async def test_v16_who_goes_on_hears_of_a_fault_of_no_place_once_and_does_not_follow_it(
    line: Line, world: World
) -> None:
    world.outages = {"account": Incident("planned", None, "account", "1042.signed")}
    world.outages["I cannot log in"] = world.outages["account"]
    call = await to_purpose(line)
    assert "cannot log in to their account" in await call.press("3")
    assert "already know" not in await call.press("3")
    assert "already know" not in await call.speak("I cannot log in")
    await call.press("1")
    report = world.reports[call.sid]
    assert (report.thread.token, report.flags) == (None, ())


async def test_v16_what_many_report_is_told_before_the_line_to_who_has_not_said_why_they_call(
    line: Line, world: World
) -> None:
    world.large = Incident("open", 1, "payment", "1042.signed")
    call = await to_purpose(line)
    told = await call.press("0")
    assert "Many people have told us" in told
    assert "payments do not work" in told
    await call.press("1")
    assert call.over
    assert world.reports[call.sid].thread.token == "1042.signed"
    assert not world.waiting
    waits = await to_purpose(line)
    await waits.press("0")
    await waits.wait()
    assert [waiting.sid for waiting in world.waiting] == [waits.sid]
    assert world.reports[waits.sid].thread.token is None
    told_why = await to_purpose(line)
    await told_why.press("3")
    assert "Many" not in await told_why.press("0")


async def test_v16_danger_hears_of_no_outage(line: Line, world: World) -> None:
    world.large = Incident("open", 1, "payment", "1042.signed")
    call = await line.call()
    await call.press("2")
    assert "Many" not in await call.press("1")
    assert world.waiting[0].priority == "P1"


async def test_first_help_step_by_step_and_a_restart_from_afar(line: Line, world: World) -> None:
    call = await to_purpose(line)
    await call.press("1")
    await call.press("21007#")
    await call.press("1")
    assert "Pull the cable" in await call.press("1")
    assert "Unlock the car" in await call.press("2")
    assert "restart the charger" in await call.press("2")
    assert "restarting" in await call.press("1")
    assert world.remote == [("restart", "21007")]
    told = await call.press("1")
    assert "1, 0, 4, 2, 9" in told
    assert call.over
    assert "solved_in_call" in world.reports[call.sid].flags
    assert world.reports[call.sid].tried == (Tried(RemoteAct.RESTART, RemoteAnswer.ACCEPTED, "21007"),)


async def test_who_waits_for_a_charger_that_restarts_may_still_say_that_it_helped(line: Line, world: World) -> None:
    world.steps = ()
    call = await to_purpose(line)
    for keys in ("1", "21007#", "1", "1", "1"):
        await call.press(keys)
    assert "restarting" in call.now_hears
    begun = call.seconds
    for _ in range(2):
        told = await call.wait()
        assert "did not get that" not in told
        assert "Take the time you need" in told
    assert call.seconds - begun >= 40
    await call.press("1")
    assert "solved_in_call" in world.reports[call.sid].flags


@pytest.mark.parametrize(
    ("hours", "language", "told"),
    [
        (0.5, "en", "within the hour"),
        (1.005, "en", "within the hour"),
        (1.02, "en", "within 2 hours"),
        (1.2, "sv", "inom 2 timmar"),
        (2.0, "sv", "inom 2 timmar"),
        (2.001, "sv", "inom 3 timmar"),
        (48.0, "en", "within 48 hours"),
        (49.0, "en", "within 3 days"),
        (72.0, "sv", "inom 3 dagar"),
    ],
)
async def test_when_a_fault_should_be_solved_is_never_said_to_be_sooner_nor_in_one_hours(
    line: Line, world: World, hours: float, language: str, told: str
) -> None:
    world.incident = Incident("assigned", hours)
    call = await to_purpose(line, language)
    await call.press("1")
    await call.press("21007#")
    assert told in await call.press("1")


@pytest.mark.parametrize(("least", "most", "told"), [(0, 3, "1 to 3 minutes"), (2, 5, "2 to 5 minutes")])
async def test_v10_no_wait_is_said_to_begin_at_nothing(
    line: Line, world: World, monkeypatch: pytest.MonkeyPatch, least: int, most: int, told: str
) -> None:
    async def place(self: object, sid: str) -> Place:
        return Place(0, least, most)

    monkeypatch.setattr("tests.fakes.calls._Line.place", place)
    call = await to_purpose(line)
    assert told in await call.press("0")


async def test_a_stuck_cable_is_unlocked_from_afar_or_told_when_it_cannot_be(line: Line, world: World) -> None:
    world.steps, world.answer = (), RemoteAnswer.UNREACHABLE
    call = await to_purpose(line)
    await call.press("1")
    await call.press("21007#")
    await call.press("1")
    await call.press("3")
    assert "could not be reached" in await call.press("1")
    assert world.remote == [("unlock", "21007")]
    await call.hang_up()
    assert world.reports[call.sid].tried == (Tried(RemoteAct.UNLOCK, RemoteAnswer.UNREACHABLE, "21007", 1),)


async def stuck(line: Line, world: World, connectors: int) -> Call:
    """A caller who wants the cable of a charger with so many connectors unlocked."""
    world.steps, world.connectors = (), connectors
    call = await to_purpose(line)
    for keys in ("1", "21007#", "1", "3", "1"):
        await call.press(keys)
    return call


@pytest.mark.parametrize(("connectors", "key"), [(2, "1"), (2, "2"), (3, "3"), (4, "4"), (6, "4")])
async def test_of_several_connectors_the_one_that_the_caller_names_is_unlocked(
    line: Line, world: World, connectors: int, key: str
) -> None:
    call = await stuck(line, world, connectors)
    assert "Which socket is the cable in?" in call.now_hears
    offered = {nth for nth in range(1, 10) if f"press {nth}." in call.now_hears}
    assert offered == set(range(1, min(connectors, 4) + 1))
    assert ("the left one" in call.now_hears) == (connectors == 2)
    assert not world.unlocked
    assert "unlocked" in await call.press(key)
    assert world.unlocked == [int(key)]
    await call.press("1")
    report = world.reports[call.sid]
    assert (report.charger, report.connector) == ("21007", int(key))
    assert report.tried == (Tried(RemoteAct.UNLOCK, RemoteAnswer.ACCEPTED, "21007", int(key)),)


async def test_a_connector_that_is_not_there_or_not_named_is_not_unlocked(line: Line, world: World) -> None:
    call = await stuck(line, world, 2)
    assert "did not get that" in await call.press("3")
    assert "A person will help" in await call.wait()
    assert not world.unlocked
    await call.hang_up()
    assert world.reports[call.sid].connector is None


async def test_where_there_is_one_connector_nobody_is_asked_which(line: Line, world: World) -> None:
    call = await stuck(line, world, 1)
    assert "Which" not in call.now_hears
    assert world.unlocked == [1]
    await call.hang_up()
    assert world.reports[call.sid].connector == 1


async def test_waiting_callers_hear_their_place_and_may_be_called_back(line: Line, world: World) -> None:
    first = await to_purpose(line, caller="+46701740606")
    await first.press("0")
    call = await to_purpose(line)
    told = await call.press("0")
    assert "number 2 in the queue" in told
    assert "3 to 5 minutes" in told
    assert "still in the queue" in await call.wait()
    world.waiting.pop(0)
    assert "next in the queue" in await call.wait()
    await call.wait()
    assert call.voiceless <= 20
    assert "call you" in await call.press("1")
    assert call.over
    assert world.callbacks[call.sid] == "+46701740605"


async def test_v10_who_waits_too_long_is_told_once_keeps_the_place_and_may_leave(line: Line, world: World) -> None:
    call = await to_purpose(line)
    await call.press("0")
    world.overdue = True
    told = await call.wait()
    assert "waited longer than you should have to" in told
    assert "you keep your place. To be called back instead" in told
    assert "still in the queue" in await call.wait()
    assert "longer than you should" not in await call.wait()
    assert call.voiceless <= 20
    assert not call.over
    assert len(world.waiting) == 1
    other = await to_purpose(line, caller="+46701740611")
    await other.press("0")
    assert "longer than you should" in await other.wait()
    assert "call you" in await other.press("1")
    assert world.callbacks[other.sid] == "+46701740611"
    brought = await to_purpose(line, caller="+46701740612")
    await brought.press("0")
    await brought.wait()
    world.rooms[brought.sid] = "room-7"
    await brought.wait()
    assert brought.waits is not None
    assert brought.waits.tag == "Dial"


async def test_an_answered_call_is_connected_and_rated(line: Line, world: World) -> None:
    call = await to_purpose(line)
    await call.press("0")
    world.rooms[call.sid] = "room-1"
    assert "connecting" in await call.wait()
    assert "satisfied" in await call.talk()
    await call.press("5")
    assert call.over
    assert world.ratings[call.sid] == 5


@pytest.mark.parametrize(("keyed", "said"), [("1", None), ("2", "it is burning, det brinner")])
async def test_who_was_in_danger_is_not_asked_to_rate_the_talk(
    line: Line, world: World, keyed: str, said: str | None
) -> None:
    call = await line.call()
    await call.press("2")
    await call.press(keyed)
    if said:
        await call.press("5")
        assert "Call 1 1 2" in await call.speak(said)
    world.rooms[call.sid] = "room-1"
    assert "connecting" in await call.wait()
    assert "satisfied" not in await call.talk()
    assert await call.press("2") == "Thank you. Goodbye."
    assert call.over


@pytest.mark.parametrize("keys", [("1",), ("9",), ()])
async def test_who_was_in_danger_is_in_line_again_after_the_talk_unless_they_are_done(
    line: Line, world: World, keys: tuple[str, ...]
) -> None:
    call = await line.call()
    await call.press("2")
    await call.press("1")
    world.rooms[call.sid] = "room-1"
    await call.wait()
    del world.rooms[call.sid]
    assert "talk to somebody again" in await call.talk()
    for key in keys:
        await call.press(key)
    assert "next in the queue" in (call.now_hears if keys == ("1",) else await call.wait())


async def test_a_talk_with_nobody_gives_the_place_in_line_back(line: Line, world: World) -> None:
    call = await to_purpose(line)
    await call.press("0")
    world.rooms[call.sid], world.talk = "+46313900601", "nobody"
    await call.wait()
    del world.rooms[call.sid]
    assert "connection was lost" in await call.talk()
    assert "next in the queue" in call.now_hears


async def test_who_comes_back_while_the_record_does_not_say_what_came_of_the_talk_is_not_hung_up(
    line: Line, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def talk(self: object, sid: str) -> str:
        raise OSError

    monkeypatch.setattr("tests.fakes.calls._Line.talk", talk)
    call = await to_purpose(line)
    await call.press("0")
    world.rooms[call.sid] = "room-1"
    await call.wait()
    assert "talk to somebody again" in await call.talk()


async def test_nobody_at_work_means_a_message_a_call_back_or_a_wait(line: Line, world: World) -> None:
    world.nobody = True
    call = await to_purpose(line)
    assert "Nobody can answer" in await call.press("0")
    await call.press("1")
    assert "have your message" in await call.record(9)
    assert (call.sid, "message") in world.left
    assert len(world.sounds) == 1


async def test_who_says_nothing_when_asked_for_a_number_is_asked_again_and_then_for_a_message(
    line: Line, world: World
) -> None:
    call = await to_purpose(line, caller="anonymous")
    await call.press("0")
    assert "where we can reach you" in await call.press("1")
    assert "did not get that. Enter the number" in await call.wait()
    assert "Leave your message" in await call.wait()
    assert "We will be in touch. Goodbye." in await call.record(0)
    assert call.over


async def test_who_has_no_place_in_line_is_put_through_to_nobody_from_a_message(line: Line, world: World) -> None:
    world.nobody = True
    call = await to_purpose(line)
    await call.press("0")
    await call.press("1")
    world.rooms[call.sid], world.consent = "room-7", "announce"
    assert "We will be in touch" in await call.record(0)
    assert call.over, "nobody has told them that talks are recorded"


async def test_the_status_of_a_case_needs_number_and_code_and_locks_after_three_misses(
    line: Line, world: World
) -> None:
    world.case = CaseStatus("planned", 20)
    call = await to_purpose(line)
    await call.press("4")
    await call.press("10429#")
    told = await call.press("4711")
    assert "visit is planned" in told
    guesser = await to_purpose(line)
    await guesser.press("4")
    for code in ("0000", "0001", "0002"):
        await guesser.press("10429#")
        told = await guesser.press(code)
    assert "A person will help you instead" in told
    assert guesser.waits is not None


async def test_an_owner_hears_of_open_cases_for_the_pin_only_and_three_misses_lead_to_a_person(
    line: Line, world: World
) -> None:
    world.owner, world.known_language = True, "en"
    call = await line.call()
    assert "open cases at your sites" in await call.press("2")
    assert "telephone code" in await call.press("1")
    assert "not right" in await call.press("000000")
    told = await call.press("271828")
    assert "Open cases: 4. BRF Solrosen, case 1, 0, 4, 2, 9: a technician's visit is planned." in told
    await call.hang_up()
    assert call.sid not in world.reports
    assert "271828" not in repr(world.calls)
    call = await line.call()
    await call.press("2")
    await call.press("1")
    for _ in range(3):
        await call.press("000000")
    assert "A person will help" in call.now_hears
    assert world.waiting


async def test_b12_whoever_is_no_owner_is_offered_nothing(line: Line, world: World) -> None:
    world.known_language = "en"
    assert "open cases" not in await (await line.call()).press("2")


async def test_who_waits_although_nobody_is_at_work_takes_a_place_and_is_told_so(line: Line, world: World) -> None:
    world.nobody = True
    call = await to_purpose(line)
    await call.press("0")
    assert not world.waiting
    told = await call.press("3")
    assert "nobody is at work right now" in told
    assert "next in the queue" not in told
    assert [waiting.sid for waiting in world.waiting] == [call.sid]


@pytest.mark.parametrize("language", ["sv", "en"])
async def test_who_waits_on_while_nobody_is_at_work_is_told_once_that_they_are_in_the_queue(
    line: Line, world: World, language: str
) -> None:
    world.known_language, world.nobody = language, True
    call = await line.call()
    for keys in ("2", "0", "3"):
        await call.press(keys)
    told = await call.wait()
    assert ("är här just nu" if language == "sv" else "nobody is at work right now") in told
    assert told.count("i kön" if language == "sv" else "in the queue") == 1


async def test_b16_a_hang_up_after_any_turn_is_filed(line: Line, world: World) -> None:
    keys = ["2", "2", "1", "21007#", "1", "9"]
    for stop in range(len(keys) + 1):
        call = await line.call()
        for key in keys[:stop]:
            await call.press(key)
        await call.hang_up()
        report = world.reports[call.sid]
        assert "call_dropped" in report.flags
        assert "call dropped" in report.text or "bröts" in report.text
    assert len(world.reports) == len(keys) + 1
    assert report.charger == "21007"


async def test_b16_what_is_said_in_a_turn_that_the_hang_up_overtakes_is_in_the_report(
    line: Line, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = await to_purpose(line)
    await call.press("5")
    begun, gate, follow = asyncio.Event(), asyncio.Event(), world.follow

    async def slow(taken: Taken, after: int) -> bool:
        begun.set()
        await gate.wait()
        return await follow(taken, after)

    monkeypatch.setattr(world, "follow", slow)
    assert call.waits is not None
    said = {**call._fields("in-progress"), "SpeechResult": "the display is broken"}
    turn = asyncio.create_task(line.post(call.waits.get("action", ""), said))
    await begun.wait()
    asyncio.get_running_loop().call_later(0.05, gate.set)
    await call.hang_up()
    assert (await turn)[0] == 200
    (report,) = world.reports.values()
    assert "the display is broken" in report.text


async def test_b01_b02_unsigned_or_altered_requests_are_refused(line: Line, world: World) -> None:
    fields = {"CallSid": "CA1", "AccountSid": line.account, "To": OURS, "From": "+46701740605"}
    good = signature(TOKEN, f"{PUBLIC}/twilio/voice", fields)
    other = signature(TOKEN, f"{PUBLIC.replace('https', 'http')}/twilio/voice", fields)
    assert await line.post("/twilio/voice", fields, sign=False) == (403, "")
    for bad in (other, good[:-2] + "x=", ""):
        status, body = await line.post("/twilio/voice", fields, sign=False, headers={"X-Twilio-Signature": bad})
        assert (status, body) == (403, "")
    altered = {**fields, "From": "+46701740606"}
    assert (await line.post("/twilio/voice", altered, sign=False, headers={"X-Twilio-Signature": good}))[0] == 403
    assert world.calls == {}


async def test_b03_a_foreign_host_header_neither_breaks_nor_enters_anything(line: Line) -> None:
    fields = {"CallSid": "CA1", "AccountSid": line.account, "To": OURS, "From": "+46701740605"}
    for header in ("Host", "X-Forwarded-Host"):
        status, document = await line.post("/twilio/voice", fields, headers={header: "evil.example"})
        assert status == 200
        assert "evil" not in document
        assert PUBLIC in document


async def test_b04_another_account_or_a_foreign_number_is_refused(line: Line, world: World) -> None:
    good = {"CallSid": "CA1", "AccountSid": line.account, "To": OURS, "From": "+46701740605"}
    before = {why: counted(why) for why in ("account", "number", "unsigned")}
    assert (await line.post("/twilio/voice", {**good, "AccountSid": "AC" + "b" * 32}))[0] == 403
    assert (await line.post("/twilio/voice", {**good, "To": "+46313900177"}))[0] == 403
    assert (await line.post("/twilio/voice", good, sign=False))[0] == 403
    assert world.calls == {}
    assert {why: counted(why) - was for why, was in before.items()} == {"account": 1, "number": 1, "unsigned": 1}


def counted(why: str) -> float:
    return REGISTRY.get_sample_value("switchyard_webhooks_refused_total", {"why": why}) or 0.0


async def test_b05_both_tokens_are_good_during_a_rotation(line: Line) -> None:
    fields = {"CallSid": "CA1", "AccountSid": line.account, "To": OURS, "From": "+46701740605"}
    for token, expected in ((TOKEN, 200), ("next", 200), ("old", 403)):
        signed = {"X-Twilio-Signature": signature(token, f"{PUBLIC}/twilio/voice", fields)}
        assert (await line.post("/twilio/voice", fields, sign=False, headers=signed))[0] == expected


async def test_b06_a_replayed_turn_gets_its_answer_and_after_the_call_a_goodbye(line: Line, world: World) -> None:
    call = await line.call()
    await call.press("2")
    fields = {**call._fields("in-progress"), "Digits": "2"}
    first = await line.post("/twilio/voice/1", fields)
    assert await line.post("/twilio/voice/1", fields) == first
    await call.hang_up()
    status, document = await line.post("/twilio/voice/1", fields)
    assert status == 200
    assert "already over" in document
    assert len(world.reports) == 1


async def test_b07_f24_every_request_sent_twice_changes_nothing(line: Line, world: World) -> None:
    line.repeat = 2
    call = await to_purpose(line)
    await call.press("0")
    await call.press("1")
    assert call.over
    assert len(world.reports) == 1
    assert len(world.waiting) == 1


async def test_b07_parallel_requests_of_one_turn_get_the_same_answer(line: Line, world: World) -> None:
    fields = {"CallSid": "CA1", "AccountSid": line.account, "To": OURS, "From": "+46701740605"}
    answers = await asyncio.gather(*(line.post("/twilio/voice", fields) for _ in range(8)))
    assert len(set(answers)) == 1
    assert list(world.calls) == ["CA1"]


async def test_b08_b09_statuses_out_of_order_and_of_unknown_calls(line: Line, world: World) -> None:
    fields = {"AccountSid": line.account, "To": OURS, "From": "+46701740605", "CallSid": "CA7"}
    for status in ("completed", "ringing", "in-progress"):
        assert (await line.post("/twilio/status", {**fields, "CallStatus": status}))[0] == 204
    assert world.calls["CA7"].status == "completed"


async def test_b10_recordings_before_the_call_twice_and_empty(line: Line, world: World) -> None:
    fields = {"AccountSid": line.account, "CallSid": "CA8", "RecordingSid": "RE1", "RecordingStatus": "completed"}
    for seconds in ("7", "7"):
        assert (await line.post("/twilio/recording", {**fields, "RecordingDuration": seconds}))[0] == 204
    empty = {**fields, "RecordingSid": "RE2", "RecordingStatus": "absent", "RecordingDuration": "0"}
    assert (await line.post("/twilio/recording", empty))[0] == 204
    assert {sid: sound.seconds for sid, sound in world.sounds.items()} == {"RE1": 7, "RE2": 0}


@pytest.mark.parametrize(
    "caller", ["anonymous", "+266696687", "", "sip:someone@example.org", "Restricted", "4" * 40, "'; DROP TABLE"]
)
async def test_b11_a_caller_without_a_number_is_asked_for_one(line: Line, world: World, caller: str) -> None:
    call = await to_purpose(line, caller=caller)
    await call.press("5")
    await call.speak("I have a question")
    assert "where we can reach you" in call.now_hears
    told = await call.press("0317001234#")
    assert "case number" in told
    assert world.reports[call.sid].sender.phone == "+46317001234"


@pytest.mark.parametrize("keys", ["*", "#", "9", "99"])
async def test_b13_wrong_keys_are_told_twice_and_then_a_person_helps(line: Line, world: World, keys: str) -> None:
    call = await to_purpose(line)
    assert "did not get that" in await call.press(keys)
    assert "did not get that" in await call.press(keys)
    assert "A person will help you" in await call.press(keys)
    assert not call.over
    assert world.waiting


@pytest.mark.parametrize("keys", ["", "#", "9999999999999999", "</Say>"])
async def test_b13_what_is_no_number_where_one_is_asked_for_is_told_twice_and_then_a_person_helps(
    line: Line, world: World, keys: str
) -> None:
    call = await to_purpose(line)
    await call.press("1")
    for told in ("I did not get that", "I did not get that", "A person will help"):
        assert call.waits is not None
        status, document = await line.post(
            call.waits.get("action", ""), {**call._fields("in-progress"), "Digits": keys}
        )
        assert (status, told in document) == (200, True)
        call.waits = next(read(document).iter("Gather"))
    assert [waiting.sid for waiting in world.waiting] == [call.sid]


@pytest.mark.parametrize(
    "way",
    [
        ("1", "21007"),  # is it this charger?
        ("1", "21007", "1"),  # what is wrong?
        ("1", "21007", "1", "2"),  # did this help?
        ("1", "*", "3"),
    ],
)
async def test_b13_where_what_and_whether_it_helped_three_misses_lead_to_a_person_and_no_further_question(
    line: Line, world: World, way: tuple[str, ...]
) -> None:
    call = await to_purpose(line)
    for keys in way:
        await call.press(keys)
    for told in ("I did not get that", "I did not get that", "A person will help"):
        assert told in await call.press("8")
    assert [waiting.sid for waiting in world.waiting] == [call.sid]


async def test_b13_a_silent_caller_reaches_a_person(line: Line, world: World) -> None:
    call = await line.call()
    for _ in range(12):
        if world.waiting:
            break
        await call.wait()
    assert world.waiting
    assert not call.over


async def test_b14_card_numbers_are_masked_before_anything_is_written(line: Line, world: World) -> None:
    call = await to_purpose(line)
    await call.press("1")
    asked = {**call._fields("in-progress"), "Digits": "4111111111111111"}
    _, document = await line.post(call.waits.get("action", ""), asked)  # type: ignore[union-attr]
    assert "do not enter card numbers" in document
    spoken = {**call._fields("in-progress"), "SpeechResult": "my card is 4111 1111 1111 1111 ok"}
    await line.post(f"/twilio/voice/{len(call.urls) + 1}", spoken)
    await call.hang_up()
    everything = repr(world.calls) + repr(world.reports)
    assert "1111" not in everything
    assert "••••" in everything


async def test_b14_a_card_number_that_is_said_in_two_turns_is_in_no_report(line: Line, world: World) -> None:
    call = await to_purpose(line)
    await call.press("1")
    await call.speak("my card is 4111 1111")
    await call.speak("1111 1111 that was it")
    await call.hang_up()
    (report,) = world.reports.values()
    assert report.text.startswith("my card is •••• that was it\n")
    assert "1111" not in repr(world.calls[call.sid].state) + repr(report)


@pytest.mark.parametrize(
    "said", ["</Say><Dial>+900123</Dial><Say>", "Tom & Jerry <3 \U0001f600", "x" * 10_000, "\x00\x01\x0b"]
)
async def test_b15_whatever_is_said_comes_back_as_text_only(line: Line, world: World, said: str) -> None:
    call = await to_purpose(line)
    await call.press("1")
    world.places[said[:2000]] = world.places["solrosen"].__class__("site", None, "s001", said[:500])
    await call.speak(said)
    assert call.dialled is None
    await call.hang_up()
    assert call.sid in world.reports


async def test_b17_unknown_and_many_parameters_are_ignored(line: Line) -> None:
    extra = {f"Unknown{at}": "x" for at in range(180)}
    call = await line.call(**extra)
    assert call.waits is not None


async def test_b18_other_methods_and_bodies_are_refused_without_an_error(line: Line) -> None:
    url = f"{line.url}/twilio/voice"
    async with line.session.get(url) as answer:
        assert answer.status == 405
    signed = {"X-Twilio-Signature": "x"}
    async with line.session.post(url, data=io.BytesIO(b"x" * 2_000_000), headers=signed | FORM) as answer:
        assert answer.status == 413
    async with line.session.post(url, data=b"{}", headers=signed | {"Content-Type": "application/json"}) as answer:
        assert answer.status == 415
    async with line.session.post(url, data=b"CallSid=%ff%fe", headers=signed | FORM) as answer:
        assert answer.status == 400


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def test_f10_the_record_away_from_the_first_ring_takes_a_message_and_spools_it(line: Line, world: World) -> None:
    world.away = True
    call = await line.call()
    assert "your call is not lost" in call.now_hears
    assert await call.record(20, callback=False)
    assert "We have your report" in call.now_hears
    assert call.over
    report = world.spooled[call.sid]
    assert report.sender.phone == "+46701740605"
    assert f"recording:{call.recordings[0]}" in report.flags


async def test_f10_a_short_absence_of_the_record_in_mid_call_is_a_moment(line: Line, world: World) -> None:
    call = await to_purpose(line)
    away_once(world)
    await call.press("1")
    assert "One moment" in call.now_hears
    assert "Enter the number of the charger" in call.now_hears, "the key counts"
    assert call.waits is not None
    assert call.waits.tag == "Gather"


def away_once(world: World) -> None:
    """The record does not answer, once."""
    failures = iter([True])

    def flaky() -> None:
        if next(failures, False):
            raise ConnectionError

    world._there = flaky  # type: ignore[method-assign]


@pytest.mark.parametrize("remembered", [True, False])
async def test_f10_danger_that_is_keyed_while_the_record_is_away_for_a_moment_is_in_the_queue(
    line: Line, world: World, door: PhoneDoor, remembered: bool
) -> None:
    call = await line.call()
    await call.press("2")
    if not remembered:
        door._lately.forget(call.sid)
    away_once(world)
    told = await call.press("1")
    assert "One moment" in told
    assert "1 1 2" in told
    assert world.reports[call.sid].danger
    assert [waiting.priority for waiting in world.waiting] == ["P1"]


@pytest.mark.parametrize(("key", "told"), [("1", "1 1 2"), ("*", "För svenska"), ("#", "did not get that")])
async def test_f10_a_key_comes_back_to_a_process_that_remembers_nothing(
    line: Line, world: World, key: str, told: str
) -> None:
    call = await line.call()
    await call.press("2")
    away_once(world)
    fields = call._fields("in-progress")
    _, document = await line.post("/twilio/voice/2", {**fields, "Digits": key})
    assert "One moment" in document
    async with _open(world, _door(world)) as other:
        _, document = await other.post(read(document).findtext("Redirect") or "", fields)
    assert told in document


async def test_f10_a_key_is_not_lost_when_the_turn_fails_after_its_holding_sentence(
    world: World, door: PhoneDoor
) -> None:
    fields = {"CallSid": "CA1", "From": "+46701740605", "To": OURS}
    for turn, key in enumerate(("", "2")):
        await door.voice({**fields, "Digits": key}, turn)
    gate, load = asyncio.Event(), world.load

    async def failing(sid: str, turn: int) -> Loaded:
        await gate.wait()
        raise ConnectionError

    world.load = failing  # type: ignore[method-assign]
    assert "One moment" in await door.voice({**fields, "Digits": "1"}, 2)
    gate.set()
    await asyncio.wait(door._running.values())
    world.load = load  # type: ignore[method-assign]
    assert "1 1 2" in await door.voice(fields, 2)
    assert world.waiting


@pytest.mark.parametrize("remembered", [True, False])
async def test_f10_what_is_said_meanwhile_is_remembered_by_all_processes_and_in_no_url(
    world: World, remembered: bool
) -> None:
    memory = mmap(-1, 8 * SLOT)
    doors = _door(world, Lately(memory)), _door(world, Lately(memory))
    for turn, asked in enumerate(REPORTING[:7]):
        await doors[0].voice(asked, turn)
    if not remembered:
        Lately(memory).forget("CA1")
    away_once(world)
    said = {"SpeechResult": "It blinks red, my card is 4111 1111 1111 1111"}
    document = await doors[0].voice({**REPORTING[7], **said}, 7)
    assert b"1111" not in memory[:]
    assert read(document).findtext("Redirect") == f"{PUBLIC}/twilio/voice/7"
    assert "0, 6, 0, 5" in await doors[1].voice(REPORTING[0], 7)
    assert world.calls["CA1"].state["facts"]["said"] == "It blinks red, my card is ••••"  # type: ignore[index]
    assert b"1111" not in memory[:]


async def test_f10_numbers_that_are_keyed_meanwhile_are_in_no_url_and_cards_are_kept_nowhere(world: World) -> None:
    world.owner = True
    memory = mmap(-1, 8 * SLOT)
    door = _door(world, Lately(memory))
    asked = REPORTING[0]
    for turn, key in enumerate(("", "2", "2", "1")):
        await door.voice({**asked, "Digits": key}, turn)
    for keys, told in (("4111111111111111", "did not get that"), ("271828", "BRF Solrosen")):
        turn = len(world.calls["CA1"].turns)
        away_once(world)
        document = await door.voice({**asked, "Digits": keys}, turn)
        assert read(document).findtext("Redirect") == f"{PUBLIC}/twilio/voice/{turn}"
        assert b"1111" not in memory[:]
        assert told in await door.voice(asked, turn)


async def test_f10_a_hang_up_while_the_record_is_away_is_spooled(line: Line, world: World) -> None:
    call = await line.call()
    await call.press("2")
    world.away = True
    await call.hang_up()
    assert world.spooled[call.sid].sender.phone == "+46701740605"


async def to_a_message(line: Line, world: World, *keys: str) -> Call:
    """A call for whose last key the record went away."""
    call = await line.call()
    for key in keys[:-1]:
        await call.press(key)
    world.away = True
    await call.press(keys[-1])
    assert call.waits is not None
    assert call.waits.tag == "Record"
    return call


async def test_f10_what_was_told_before_the_record_went_away_is_spooled_with_the_message(
    line: Line, world: World
) -> None:
    call = await to_a_message(line, world, "2", "2", "1", "21007", "1", "2")
    await call.record(9, callback=False)
    report = world.spooled[call.sid]
    assert (report.charger, report.site, report.language) == ("21007", "s001", "en")
    assert report.category == "interrupted", "also what was keyed last"
    assert report.flags == ("trouble", f"recording:{call.recordings[0]}")


async def test_f10_what_was_told_is_spooled_also_when_the_record_hangs(
    line: Line, world: World, door: PhoneDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = await to_purpose(line)
    for keys in ("1", "21007#", "1"):
        await call.press(keys)
    gate = asyncio.Event()

    async def hang(*_: object) -> Loaded:
        await gate.wait()
        raise ConnectionError

    world.load = world.follow = hang  # type: ignore[method-assign,assignment]
    monkeypatch.setattr(phone_door, "HOLDS", 1)
    await call.press("2")
    await call.record(9, callback=False)
    assert "We have your report" in call.now_hears
    report = world.spooled[call.sid]
    assert (report.charger, report.category, report.language) == ("21007", "interrupted", "en")
    assert report.flags == ("trouble", f"recording:{call.recordings[0]}")
    gate.set()
    await asyncio.wait(door._running.values())


async def test_f10_what_was_spooled_is_not_filed_as_a_broken_call_as_well(line: Line, world: World) -> None:
    call = await to_a_message(line, world, "2", "2", "2")
    finish = call._finish

    async def back() -> None:
        world.away = False
        await finish()

    call._finish = back  # type: ignore[method-assign]
    await call.record(9, callback=False)
    assert (list(world.spooled), world.reports) == ([call.sid], {})


async def test_f10_a_hang_up_while_the_record_is_away_keeps_what_was_told(line: Line, world: World) -> None:
    call = await to_a_message(line, world, "2", "2", "1", "21007", "1")
    call.waits = None
    await call.hang_up()
    assert world.spooled[call.sid].charger == "21007"


async def test_f10_when_the_record_is_back_a_message_goes_on_from_what_was_keyed(line: Line, world: World) -> None:
    call = await to_a_message(line, world, "2", "2", "2")
    world.away = False
    await call.record(5)
    report = world.reports[call.sid]
    assert (report.category, report.language) == ("payment", "en")
    assert f"recording:{call.recordings[0]}" in report.flags


async def test_f10_codes_that_were_keyed_are_in_no_report(line: Line, world: World) -> None:
    world.owner = True
    call = await to_a_message(line, world, "2", "2", "1", "271828")
    await call.record(9, callback=False)
    assert b"271828" not in world.spooled[call.sid].raw


async def test_f10_when_the_record_is_back_a_message_leads_to_a_person(line: Line, world: World) -> None:
    world.away = True
    call = await line.call()
    world.away = False
    told = await call.record(5)
    assert "1, 0, 4, 2, 9" in told
    assert world.waiting


@pytest.mark.parametrize("language", ["sv", "en"])
@pytest.mark.parametrize("full", [False, True])
async def test_f10_danger_that_is_keyed_while_the_record_is_away_is_put_through_at_once(
    line: Line, world: World, language: str, full: bool
) -> None:
    call = await line.call()
    await call.press(LanguageKey[language])
    world.away, world.full = True, full
    told = await call.press("1")
    assert "Call 1 1 2" in told
    assert "Ring ett ett två" in told
    assert call.dialled == "+46313900199"
    assert [report.danger for report in world.spooled.values()] == ([] if full else [True])
    assert "Goodbye" in await call.talk()
    assert call.over
    assert not world.reports


@pytest.mark.parametrize(
    ("caller", "shown"),
    [
        ("+46701740605", False),
        ("anonymous", True),
        ("+266696687", True),
        ("", True),
        ("sip:someone@example.org", True),
        ("client:somebody", True),
    ],
)
async def test_who_shows_no_number_is_put_through_from_the_number_that_they_called(
    line: Line, world: World, caller: str, shown: bool
) -> None:
    """The provider dials from the caller's own number unless told otherwise, and from none that is no number."""
    call = await line.call(caller)
    await call.press("2")
    world.away = True
    await call.press("1")
    assert call.waits is not None
    assert call.waits.get("callerId") == (line.number if shown else None)


async def test_f10_danger_whose_last_resort_does_not_answer_leaves_a_message(line: Line, world: World) -> None:
    call = await line.call()
    await call.press("2")
    world.away = True
    await call.press("1")
    assert "after the tone" in await call.talk(answered=False)
    assert "We have your report" in await call.record(9, callback=False)
    assert world.spooled[call.sid].danger


async def to_the_queue(line: Line, world: World) -> Call:
    """Somebody whose report is filed and who waits."""
    call = await to_purpose(line)
    await call.press("0")
    assert world.waiting[0].priority == "P3"
    return call


@pytest.mark.parametrize("full", [False, True])
async def test_f10_danger_that_comes_as_they_wait_while_the_record_is_away_is_put_through_and_spooled(
    line: Line, world: World, full: bool
) -> None:
    call = await to_the_queue(line, world)
    world.away, world.full = True, full
    assert "Call 1 1 2" in await call.press("9")
    assert call.dialled == "+46313900199"
    world.full = False
    await call.hang_up()
    assert [(key, report.danger) for key, report in world.spooled.items()] == [(f"{call.sid} later", True)]


@pytest.mark.parametrize("away", [False, True])
async def test_danger_that_comes_as_they_wait_is_filed_also_when_they_hang_up_as_they_say_so(
    world: World, away: bool
) -> None:
    door = _door(world)
    async with _open(world, door) as line:
        call = await to_the_queue(line, world)
        door._lately.hold(call.sid, max(world.calls[call.sid].turns) + 1, {"Digits": "9"})
        world.away = away
        await call.hang_up()
        (report,) = [one for key, one in {**world.reports, **world.spooled}.items() if key != call.sid]
        assert (report.key, report.category, report.danger) == (f"{call.sid} later", "safety", True)
        assert (report.thread.token, report.flags) == (f"{call.sid}.case", (f"during:{call.sid}",))
        assert "pressed 9" in report.text


@pytest.mark.parametrize("declined", [False, True])
async def test_whoever_says_late_that_it_is_dangerous_is_asked_nothing_and_not_how_they_liked_it(
    line: Line, world: World, declined: bool
) -> None:
    world.consent, world.nobody = "announce", not declined
    call = await to_purpose(line)
    await call.press("0")
    if declined:
        await call.press("2")
    told = await call.press("9")
    assert told.index("Call 1 1 2") < told.index("before all others")
    assert ("recorded" in told) is not declined, "told once, and not who has said no"
    assert [(waiting.sid, waiting.priority) for waiting in world.waiting] == [(call.sid, "P1")]
    world.rooms[call.sid] = "room-7"
    await call.wait()
    assert call.waits is not None
    assert call.waits.tag == "Dial"
    assert is_recorded(world.calls[call.sid].state["facts"]) is not declined  # type: ignore[index]
    assert "1 to 5" not in await call.talk()


async def test_danger_that_gets_no_place_in_line_is_put_through_after_its_message(line: Line, world: World) -> None:
    async def fail(waiting: object) -> None:
        raise ConnectionError

    given = world.given()
    given.line.enter = fail  # type: ignore[method-assign]
    world.given = lambda: given  # type: ignore[method-assign]
    async with _open(world, _door(world)) as other:
        call = await other.call()
        await call.press("2")
        assert "Call 1 1 2" in await call.press("1")
        assert "Call 1 1 2" in await call.record(9)
        assert call.dialled == "+46313900199"


async def test_b14_a_number_without_its_zeros_is_asked_for_again_as_no_card(line: Line, world: World) -> None:
    call = await to_purpose(line, caller="")
    for keys in ("5", "#"):
        await call.press(keys)
    told = await call.press("4915112345009#")
    assert "card" not in told
    assert "with the area or country code" in told


async def test_whoever_is_in_danger_behind_another_is_not_told_to_be_first(line: Line, world: World) -> None:
    for caller, number in (("+46701740605", None), ("+46701740606", "number 2")):
        call = await line.call(caller)
        await call.press("2")
        told = await call.press("1")
        assert "before all others" in told
        assert "first in the queue" not in told
        assert number is None or number in told


async def test_whoever_leaves_a_message_in_trouble_is_told_of_112(line: Line, world: World) -> None:
    world.away = True
    call = await line.call()
    assert "call 1 1 2" in call.now_hears
    assert "ring ett ett två" in call.now_hears


async def test_nothing_can_be_kept_and_the_caller_is_told_the_truth(line: Line, world: World) -> None:
    world.away = world.full = True
    call = await line.call()
    await call.record(5, callback=False)
    assert "cannot take your report" in call.now_hears
    assert call.dialled == "+46313900199"


def restarts_slowly(world: World) -> asyncio.Event:
    """Have chargers restart once the event is set, and no advice given before."""
    gate, restart = asyncio.Event(), world.restart
    world.steps = ()

    async def slow(charger: str) -> RemoteAnswer:
        await gate.wait()
        return await restart(charger)

    world.restart = slow  # type: ignore[method-assign]
    return gate


async def test_f14_slow_work_is_a_holding_sentence_that_comes_back(line: Line, world: World) -> None:
    call = await line.call()
    gate = restarts_slowly(world)
    await call.press("2")
    await call.press("2")
    await call.press("1")
    await call.press("21007#")
    await call.press("1")
    await call.press("1")
    asyncio.get_running_loop().call_later(0.7, gate.set)
    told = await call.press("1")
    assert "One moment" in told
    assert "restarting" in told
    assert world.remote == [("restart", "21007")]


async def test_f14_what_another_process_is_doing_from_afar_is_waited_for(line: Line, world: World) -> None:
    """The holding sentence came back to a process that found the restart begun, and told that it could not be done."""
    gate = restarts_slowly(world)
    call = await to_purpose(line)
    for key in ("1", "21007#", "1", "1"):
        await call.press(key)
    asked = {"CallSid": call.sid, "From": call.caller, "To": OURS, "AccountSid": line.account, "Digits": "1"}
    async with _open(world, _door(world)) as other:
        turn = max(world.calls[call.sid].turns) + 1
        here = asyncio.create_task(line.post(f"/twilio/voice/{turn}", asked))
        assert "One moment" in (await here)[1]
        assert "One moment" in (await other.post(f"/twilio/voice/{turn}", asked))[1]
        gate.set()
        there = (await other.post(f"/twilio/voice/{turn}", asked))[1]
        assert "restarting" in there
        assert (await line.post(f"/twilio/voice/{turn}", asked))[1] == there
    assert world.remote == [("restart", "21007")]


async def test_f14_whoever_takes_a_call_and_its_caller_wait_for_no_record(
    line: Line, world: World, door: PhoneDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, answered = asyncio.Event(), list[str]()

    async def slow(_: object, sid: str) -> None:
        await gate.wait()
        answered.append(sid)

    monkeypatch.setattr(type(door._given.line), "answered", slow)
    leg = {"CallSid": "CAleg", "ParentCallSid": "CA1", "AccountSid": line.account, "To": "+46313900601"}
    async with asyncio.timeout(2):
        status, document = await line.post("/twilio/voice/1", {**leg, "Digits": "1"})
    assert (status, list(read(document))) == (200, []), "they are connected"
    assert answered == []
    (noting,) = door._noting
    gate.set()
    await noting
    assert (answered, door._noting) == (["CA1"], set())


async def test_processes_that_take_turns_at_a_call_speak_as_one(line: Line, world: World, door: PhoneDoor) -> None:
    keys = ("1", "21007", "1", "1")
    alone = await to_purpose(line)
    for key in keys:
        await alone.press(key)
    async with _open(world, _door(world)) as other:
        call = await to_purpose(line)
        for nth, key in enumerate(keys):
            call.line = (other, other, line, other)[nth]
            await call.press(key)
    assert call.heard == alone.heard


async def test_what_another_process_answered_is_not_done_again(world: World, door: PhoneDoor) -> None:
    fields = {"CallSid": "CA1", "From": "+46701740605", "To": OURS}
    other = _door(world)
    for turn, key in enumerate(("", "2", "2", "1")):
        await door.voice({**fields, "Digits": key}, turn)
    state = world.calls["CA1"].state
    told = await other.voice({**fields, "Digits": "21007"}, 4)
    assert await door.voice({**fields, "Digits": "21007"}, 4) == told
    assert await door.voice({**fields, "Digits": "0"}, 4) == told
    assert world.calls["CA1"].state != state
    ended = {**fields, "CallStatus": "completed"}
    await other.status(ended)
    assert "Hangup" in await door.voice({**fields, "Digits": "1"}, 5)


def turns_read(world: World) -> list[int]:
    """The turns for which the record is asked from now on."""
    read, load = list[int](), world.load

    async def reading(sid: str, turn: int) -> Loaded:
        read.append(turn)
        return await load(sid, turn)

    world.load = reading  # type: ignore[method-assign]
    return read


REPORTING: list[dict[str, str]] = [
    {"CallSid": "CA1", "From": "+46701740605", "To": OURS, **said}
    for said in (
        {},
        *({"Digits": key} for key in ("2", "2", "1", "21007", "1", "9")),
        {"SpeechResult": "It blinks red"},
        *({"Digits": key} for key in ("1", "3")),
    )
]


async def told_by(
    world: World, doors: Sequence[PhoneDoor], before: Callable[[int], object] = lambda turn: None
) -> list[str]:
    """The answers of a call whose turns go round the doors; `before` is done before each."""
    told = []
    for turn, asked in enumerate(REPORTING):
        before(turn)
        told.append(await doors[turn % len(doors)].voice(asked, turn))
    assert len(world.reports) == 1
    assert "1, 0, 4, 2, 9" in told[8]
    assert "Hangup" in told[9]
    return told


async def test_processes_with_one_memory_ask_the_record_no_more_than_one_does(world: World) -> None:
    alone, apart = World(), World()
    memory = mmap(-1, 8 * SLOT)
    read_alone, read, read_apart = turns_read(alone), turns_read(world), turns_read(apart)
    told = await told_by(alone, [_door(alone)])
    assert await told_by(world, [_door(world, Lately(memory)), _door(world, Lately(memory))]) == told
    assert await told_by(apart, [_door(apart), _door(apart)]) == told
    assert (read_alone, read, read_apart) == ([], [], list(range(1, 10)))
    assert memory[:].strip(b"\0") == b"", "the turn that ends a call leaves nothing behind"


async def test_what_was_told_is_forgotten_by_all_when_a_call_ends_at_any(world: World) -> None:
    memory = mmap(-1, 8 * SLOT)
    doors = _door(world, Lately(memory)), _door(world, Lately(memory))
    for turn, asked in enumerate(REPORTING[:5]):
        await doors[turn % 2].voice(asked, turn)
    assert b"+46701740605" in memory[:]
    await doors[1].status({**REPORTING[0], "CallStatus": "completed"})
    assert memory[:].strip(b"\0") == b""
    world.calls.clear()
    await doors[0].voice(REPORTING[0])
    world.away = True
    await doors[1].status({**REPORTING[0], "CallStatus": "completed"})
    assert memory[:].strip(b"\0") == b"", "also while the record is away"


@pytest.mark.parametrize("seed", range(12))
async def test_a_memory_that_is_old_torn_or_of_others_changes_no_answer(world: World, seed: int) -> None:
    alone = World()
    told = await told_by(alone, [_door(alone)])
    rng, memory = random.Random(seed), mmap(-1, SLOT)
    lately, seen = Lately(memory), [bytes(SLOT)]

    def spoil(_: int) -> None:
        seen.append(memory[:])
        match rng.randrange(5):
            case 0:
                memory[:] = rng.choice(seen)
            case 1:
                cut = rng.randrange(SLOT)
                memory[:] = rng.choice(seen)[:cut] + rng.choice(seen)[cut:]
            case 2:
                memory[rng.randrange(300)] ^= 1
            case 3:
                lately.note("CA7", rng.randrange(10), CallState("done", facts={"filed": "yes"}))

    assert await told_by(world, [_door(world, lately), _door(world, lately), _door(world)], spoil) == told


async def test_a_turn_that_files_needs_not_be_read_first_and_files_once(world: World, door: PhoneDoor) -> None:
    asked = REPORTING
    for turn, one in enumerate(asked[:8]):
        await door.voice(one, turn)
    read = turns_read(world)
    told = await door.voice(asked[8], 8)
    assert "1, 0, 4, 2, 9" in told
    assert read == []
    assert await _door(world).voice(asked[8], 8) == told
    assert await door.voice(asked[8], 8) == told
    assert list(world.reports) == ["CA1"]


async def test_a_call_whose_menu_has_changed_starts_again(line: Line, world: World) -> None:
    call = await to_purpose(line)
    kept: Kept = world.calls[call.sid]
    kept.state = {**(kept.state or {}), "node": "a_node_of_last_week"}
    async with _open(world, _door(world)) as call.line:
        assert "menu has changed" in await call.press("1")
    assert call.waits is not None
