"""A robot that explores: it does everything a caller can do wherever a call waits, in both languages, and hangs up.

It tells places in the dialogue apart by what it hears. Wherever it goes it must hear words, get TwiML that the provider
knows, never wait in silence, and leave a report behind (unless it was only told how a case stands).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import product

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from channels.phone import PhoneDoor
from channels.phone_ports import CaseStatus, Incident
from channels.signatures import Signatures
from gateway.web import phone
from ivr.flow import load, shipped
from ivr.prompts import Phrases, read_catalogues
from tests.fakes.calls import World
from tests.fakes.phone import Call, Line

OURS = "+46313900100"
NOW = datetime(2026, 9, 14, 3, 0, tzinfo=UTC)
TOKEN = "a-secret-of-the-provider"
LANGUAGE = {"sv": "1", "en": "2"}
KEYED = ("271828", "21007#", "21008#", "99999#", "0317001234#", "10429#", "4711", "0#", "*#", "1#")
SPOKEN = ("solrosen", "it is burning", "det brinner", "nowhere")
OUTAGE = Incident("open", 5.0, "access", "1042.f00")
WORLDS: dict[str, Callable[[World], None]] = {
    "quiet": lambda world: None,
    "withheld": lambda world: None,
    "incident": lambda world: setattr(world, "incident", Incident("planned", 30.0)),
    "outage": lambda world: vars(world).update(
        outages=dict.fromkeys(["account", "no_start", "nowhere"], OUTAGE), large=OUTAGE
    ),
    "closed": lambda world: setattr(world, "nobody", True),
    "overdue": lambda world: setattr(world, "overdue", True),
    "answering": lambda world: None,
    "concluded": lambda world: setattr(world, "case", CaseStatus("concluded", None, "1042.f00", 7)),
    "connectors": lambda world: setattr(world, "connectors", 4),
    "owner": lambda world: setattr(world, "owner", True),
}
EACH_RUN = {("quiet", "sv"), ("quiet", "en"), ("closed", "en"), ("owner", "sv")}  # the others are long
Act = tuple[str, str]
LONGEST_WAY = 40
SORRY = re.compile("^(I did not get that|Jag uppfattade inte det). ")


def acts(call: Call) -> Iterator[Act]:
    """What a caller can do here, by what the verb allows and the voice offers."""
    verb = call.waits
    assert verb is not None
    if verb.tag == "Record":
        yield from (("record", "9"), ("wait", ""))
    elif verb.tag == "Dial":
        yield from (("talk", "yes"), ("talk", "no"))
    elif verb.get("numDigits") == "1" and "speech" not in verb.get("input", ""):
        offered = set(re.findall(r"(?<![\d,])\b([0-9])\b(?!,)", call.now_hears))
        if re.search("stjärna|star", call.now_hears):
            offered.add("*")
        if "1 to 5" in call.now_hears or "1 till 5" in call.now_hears:
            offered |= {"2", "3", "4"}
        yield from (("press", key) for key in sorted(offered | {"8"}))
        yield ("wait", "")
    else:
        if "dtmf" in verb.get("input", ""):
            most = int(verb.get("numDigits", "20"))
            yield from (("press", keys) for keys in KEYED if len(keys.rstrip("#")) <= most)
        if "speech" in verb.get("input", ""):
            yield from (("speak", words) for words in SPOKEN)
        yield ("wait", "")


async def do(call: Call, act: Act) -> None:
    match act:
        case ("press", keys):
            await call.press(keys)
        case ("speak", words):
            await call.speak(words)
        case ("record", seconds):
            await call.record(int(seconds))
        case ("talk", answered):
            call.voice_ended = call.seconds + 120  # the other person's voice
            await call.talk(answered=answered == "yes")
        case ("hang up", _):
            await call.hang_up()
        case _:
            await call.wait()


def place(call: Call) -> tuple[str, str]:
    if call.waits is None:
        return "over", ""
    return call.waits.tag, re.sub(r"[\d,]+", "#", SORRY.sub("", call.now_hears))


@pytest.mark.parametrize(
    ("situation", "language"),
    [
        pytest.param(situation, language, marks=() if (situation, language) in EACH_RUN else pytest.mark.long)
        for situation, language in product(WORLDS, LANGUAGE)
    ],
)
async def test_every_way_in_every_situation_ends_well(language: str, situation: str) -> None:
    world = World(case=CaseStatus("planned", 20.0))
    WORLDS[situation](world)
    door = PhoneDoor(world.given(), load(shipped()[0]), Phrases(read_catalogues()), lambda: NOW, "https://x.example")
    app = web.Application()
    phone.mount(app, phone.Webhooks(door, None, Signatures([TOKEN], "https://x.example"), None, {OURS}))  # type: ignore[arg-type]
    map_ = Map([("press", LANGUAGE[language])], hangs_up=situation == "quiet")
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        line = Line(session, str(server.make_url("/")).rstrip("/"), TOKEN, number=OURS, public_url="https://x.example")
        while way := map_.unfinished():
            world.waiting.clear()
            call = await line.call("anonymous" if situation == "withheld" else "+46846500421")
            if situation == "answering":
                world.rooms[call.sid] = "room-1"
            for act in way:
                await do(call, act)
            map_.must_be(call, way)
            while not call.over and (act := map_.next_act(call, way)):
                await do(call, act)
                way = [*way, act]
                assert call.now_hears or call.hung_up, way
            assert call.voiceless <= 20, way
            await call.hang_up()
            told_only = "status_text" in world.calls[call.sid].state["facts"]  # type: ignore[index]
            assert call.sid in world.reports or told_only, way
    assert len(map_.untried) > 25


class Map:
    """Where the robot has been, how to get there, and what it has not tried there yet."""

    def __init__(self, start: list[Act], hangs_up: bool) -> None:
        self.hangs_up = hangs_up
        self.untried: dict[tuple[str, str], list[Act]] = {}
        self.ways: dict[tuple[str, str], list[Act]] = {}
        self.start: list[Act] | None = start

    def unfinished(self) -> list[Act] | None:
        """The shortest way to a place where something is untried."""
        if self.start is not None:
            start, self.start = self.start, None
            return start
        ways = [self.ways[place] for place, acts in self.untried.items() if acts]
        return min(ways, key=len, default=None)

    def must_be(self, call: Call, way: list[Act]) -> None:
        """The same way must lead to the same place, or the robot would go round for ever."""
        expected = next((there for there, known in self.ways.items() if known == way), None)
        assert expected in (None, place(call)), way

    def next_act(self, call: Call, way: list[Act]) -> Act | None:
        """Something that was not tried here before; None when everything was, or the way has become too long."""
        here = place(call)
        if here not in self.untried:
            self.untried[here] = [*acts(call), *([("hang up", "")] if self.hangs_up else [])]
            self.ways[here] = way
        if not self.untried[here] or len(way) > LONGEST_WAY:
            return None
        return self.untried[here].pop(0)
