"""At night with nobody logged in: what cannot wait rings one telephone after the other until somebody presses 1."""

from __future__ import annotations

import asyncio
import io
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from channels.provider import Provider, open_provider
from gateway import alerts
from gateway.casenumber import number
from gateway.clock import SetClock
from gateway.config import Config, load
from gateway.demo.phone import MUSIC
from gateway.messages import outbox
from gateway.messages.post import account_of, connect_post
from gateway.phone import oncall, ringing
from gateway.record import oncall as rota
from gateway.record.timeline import SYSTEM
from tests.fakes import provider as fakes
from tests.fakes.clock import LeaseClock
from tests.fakes.house import House, open_house
from tests.fakes.phone import Call, Line, read

OURS = "+46313900100"
CALLER = "+46846500421"
LAST = "+46313900199"
MOBILE = "+46701740699"
NIGHT = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@dataclass
class Night:
    """A house at night, the provider, and a worker that is woken by hand."""

    house: House
    peer: fakes.Provider
    port: Provider
    line: Line
    clock: SetClock

    async def work(self) -> None:
        await oncall.sweep(self.house.runtime)
        await ringing.sweep(self.house.runtime, self.port)

    async def later(self, seconds: float) -> None:
        self.clock.forward(seconds * SECOND)
        await self.work()

    def rung(self) -> list[str]:
        return [fields["To"] for fields in self.peer.had("POST", "Calls.json")]

    def last(self) -> tuple[str, str]:
        """The call that was placed last, and where it is answered."""
        fields = self.peer.had("POST", "Calls.json")[-1]
        return list(self.peer.calls)[-1], fields["Url"]

    async def picks_up(self, digits: str = "") -> str:
        """Whoever was rung last picks up, and presses a key."""
        sid, url = self.last()
        fields = {"CallSid": sid, "AccountSid": fakes.ACCOUNT, "From": OURS, "Direction": "outbound-api"}
        status, document = await self.line.post(url, {**fields, **({"Digits": digits} if digits else {})})
        assert status == 200
        read(document)
        return document

    async def ends(self, how: str) -> None:
        """The call that was placed last is over."""
        fields = {"CallSid": self.last()[0], "AccountSid": fakes.ACCOUNT, "From": OURS, "To": self.rung()[-1]}
        await self.line.post("/twilio/status", {**fields, "CallStatus": how, "Direction": "outbound-api"})

    async def told(self, case: str) -> list[str]:
        kinds = [entry["kind"] for entry in (await self.house.case(case))["timeline"]]
        return [kind.removeprefix("oncall_") for kind in kinds if kind.startswith("oncall_")]


@pytest.fixture
async def night(environ: dict[str, str], database_url: str, redis_url: str) -> AsyncIterator[Night]:
    async with open_night(environ, database_url, redis_url) as night:
        yield night


@asynccontextmanager
async def open_night(environ: dict[str, str], database_url: str, redis_url: str) -> AsyncIterator[Night]:
    peer, clock = fakes.Provider(), LeaseClock(NIGHT, database_url)
    async with TestServer(peer.app()) as server:
        config = load(
            {
                **environ,
                "DATABASE_URL": database_url,
                "REDIS_URL": redis_url,
                **fakes.variables(server, OURS),
                "RECORDING_CONSENT": "never",
                "LAST_RESORT_NUMBER": LAST,
            }
        )
        async with opened(config, peer, clock) as night:
            yield night
        assert peer.violations == []


@asynccontextmanager
async def opened(config: Config, peer: fakes.Provider, clock: SetClock) -> AsyncIterator[Night]:
    account = account_of(config)
    assert account is not None
    async with (
        open_house(config, clock=clock) as house,
        open_provider(account) as port,
        aiohttp.ClientSession() as session,
    ):
        url = str(house.client.make_url("/")).rstrip("/")
        public = house.runtime.config.public_url.rstrip("/")
        line = Line(session, url, "token", account=fakes.ACCOUNT, number=OURS, public_url=public)
        yield Night(house, peer, port, line, clock)


async def on_call(night: Night, *agents: str, line: int = 2, phone: str | None = None) -> None:
    for nth, agent in enumerate(agents):
        shift = {"agent_id": agent, "line": line, "region": None, "phone": phone}
        begins = NIGHT - timedelta(hours=8) + nth * SECOND
        times = {"starts_at": begins.isoformat(), "ends_at": (NIGHT + timedelta(hours=8)).isoformat()}
        assert await rota.add(night.house.runtime.db, [{**shift, **times}], SYSTEM, NIGHT) == 1


async def test_f37_a_danger_with_nobody_there_climbs_until_somebody_presses_1(night: Night) -> None:
    await on_call(night, "a17", "a18")
    await night.house.hire("a05", role="lead")
    receipt = await night.house.report("Det brinner i laddaren, det ryker och sprakar!", charger="21007")
    await night.work()
    assert night.rung() == ["+46313900617"]
    heard = await night.picks_up()
    assert "2, 1, 0, 0, 7" in heard
    assert "Solrosen, Stationsgatan 43, Umeå" in heard
    assert "tryck 1" in heard
    await night.ends("completed")  # a voicemail presses nothing
    await night.later(30)
    assert len(night.rung()) == 1
    await night.later(30)
    assert night.rung()[1:] == ["+46313900618"]
    assert "nästa" in await night.picks_up("2")
    await night.work()
    assert night.rung()[2:] == ["+46313900605"]
    await night.ends("busy")
    await night.later(1)
    await night.later(0)
    assert night.rung()[3:] == [LAST]
    await night.later(60)
    assert night.rung()[4:] == ["+46313900617"], "round again"
    await night.picks_up("1")
    heard = await night.picks_up("1")
    assert "Ärendet är ditt" in heard
    case = await night.house.case(receipt["case"])
    assert (case["status"], case["assignee"]) == ("assigned", "a17")
    await night.later(600)
    assert len(night.rung()) == 5
    assert await night.told(receipt["case"]) == ["began", *["rung"] * 5, "ended"]
    row = await night.house.runtime.db.row("SELECT count(*) AS n, count(phone) AS kept FROM rings")
    assert row == {"n": 5, "kept": 0}


async def test_a_ladder_that_ran_round_and_one_with_nobody_on_it_are_alarms_until_the_case_is_taken(
    night: Night, environ: dict[str, str]
) -> None:
    await on_call(night, "a17")
    await night.house.hire("a05", role="manager")
    case = (await night.house.report("Det brinner i laddaren, det ryker och sprakar!", charger="21007"))["case"]
    await night.work()
    await night.later(60)
    assert night.rung() == ["+46313900617", LAST]
    assert await ladder_alarms(night) == set(), "everybody has been rung once"
    await night.later(60)
    assert await ladder_alarms(night) == {("ladder_round", case)}
    assert await ladder_alarms(night) == {("ladder_round", case)}
    rows = await night.house.runtime.db.rows("SELECT text FROM message_contents WHERE text LIKE '%%har tagit det%%'")
    assert len(rows) == 2, "a mail and an SMS, once"
    assert all(case in row["text"] and "Ta ärendet i konsolen nu" in row["text"] for row in rows)
    checks = (await (await night.house.client.get("/readyz")).json())["checks"]
    assert checks["on_call"] | {"ms": 0} == {
        "ok": False,
        "detail": "a ladder has rung 3 telephones and nobody has taken it",
        "ms": 0,
    }
    await night.house.runtime.db.run("UPDATE rota SET ends_at = %(now)s", {"now": night.clock.now()})
    forsaken = replace(
        night.house.runtime, config=night.house.runtime.config.model_copy(update={"last_resort_number": None})
    )
    night.clock.forward(60 * SECOND)
    await oncall.sweep(forsaken)
    assert await ladder_alarms(night) == {("ladder_round", case), ("ladder_nobody", case)}
    await night.house.api("POST", f"/cases/{case}/claim", {"as": "a17"})
    await night.work()
    assert await ladder_alarms(night) == set()


async def ladder_alarms(night: Night) -> set[tuple[str, str]]:
    """What people have been told of ladders, by case number."""
    for _ in range(2):
        await alerts.look(night.house.runtime)
    standing = await alerts.standing(night.house.runtime)
    return {(row["kind"], number(int(row["key"]))) for row in standing if row["kind"].startswith("ladder")}


async def test_nobody_is_passed_over_when_the_ladder_shrinks_while_it_is_climbed(night: Night) -> None:
    await on_call(night, "a17", "a18", "a19")
    await night.house.report("Det brinner i laddaren, det ryker och sprakar!", charger="21007")
    await night.work()
    shift_over = "UPDATE rota SET ends_at = %(now)s WHERE agent_id = 'a17'"
    await night.house.runtime.db.run(shift_over, {"now": night.clock.now()})
    await night.later(60)
    await night.later(60)
    assert night.rung() == ["+46313900617", "+46313900618", "+46313900619"]


async def test_an_sms_goes_beside_every_ring_and_says_what_and_where(night: Night) -> None:
    await on_call(night, "a17", phone=MOBILE)
    receipt = await night.house.report("Det brinner i laddaren!", charger="21007")
    await night.work()
    runtime = night.house.runtime
    async with connect_post(runtime) as post:
        facts_of = outbox.facts_from(runtime.config.public_url, None, lambda *_: [], lambda *_: "")
        await outbox.Sweeper(runtime.db, runtime.clock, post, facts_of).sweep()
    (sent,) = night.peer.had("POST", "Messages.json")
    assert sent["To"] == MOBILE
    for words in ("P1", receipt["case"], "21007", "Solrosen", "tryck 1"):
        assert words in sent["Body"]
    assert (await night.house.case(receipt["case"]))["first_response_at"] is None


async def test_two_workers_ring_each_telephone_once(night: Night) -> None:
    await on_call(night, "a17", "a18")
    receipt = await night.house.report("Det brinner i laddaren!", charger="21007")
    for _ in range(4):
        await asyncio.gather(*(night.work() for _ in range(4)))
        night.clock.forward(60 * SECOND)
    assert night.rung() == ["+46313900617", "+46313900618", LAST, "+46313900617"]
    assert await night.told(receipt["case"]) == ["began", *["rung"] * 4]


@pytest.mark.parametrize("wrong", [timedelta(hours=1), timedelta(hours=-1)])
async def test_a_worker_whose_clock_is_an_hour_wrong_rings_nobody_early_late_or_twice(
    night: Night, wrong: timedelta
) -> None:
    await on_call(night, "a17", "a18")
    await night.house.hire("a01")
    await night.house.api("POST", "/agents/me/activity", {"as": "a01", "activity": "available"})
    case = (await night.house.report("Det brinner i laddaren, det ryker och sprakar!", charger="21007"))["case"]
    astray = replace(night.house.runtime, clock=SetClock(night.clock.now() + wrong))
    for seconds, rung in ((0, 0), (29, 0), (1, 1), (59, 1), (1, 2), (29, 2)):
        night.clock.forward(seconds * SECOND)
        for _ in range(2):
            await oncall.sweep(astray)
            await ringing.sweep(astray, night.port)
        await night.work()
        assert len(night.rung()) == rung, (seconds, night.rung())
    states = await night.house.runtime.db.rows("SELECT state FROM rings ORDER BY id")
    assert states == [{"state": "ringing"}] * 2, "and none is given up before its time"
    night.clock.forward(SECOND)
    await ringing.sweep(astray, night.port)
    states = await night.house.runtime.db.rows("SELECT state FROM rings ORDER BY id")
    assert states == [{"state": "missed"}, {"state": "ringing"}]
    assert await night.told(case) == ["began", "rung", "rung"]


async def test_half_a_minute_is_given_to_those_who_are_at_work(night: Night) -> None:
    await on_call(night, "a17")
    await night.house.api("POST", "/agents/me/activity", {"as": "a01", "activity": "available"})
    receipt = await night.house.report("Det brinner i laddaren!", charger="21007")
    await night.work()
    await night.later(29)
    assert night.rung() == []
    await night.later(2)
    assert len(night.rung()) == 1
    assert (await night.house.api("POST", f"/cases/{receipt['case']}/claim", {"as": "a01"}))[0] == 200
    assert "redan tagit det" in await night.picks_up("1")
    await night.later(120)
    assert len(night.rung()) == 1
    assert (await night.told(receipt["case"]))[-1] == "ended"


async def test_a_caller_in_danger_hears_a_voice_and_is_brought_to_whoever_takes_it(night: Night) -> None:
    await on_call(night, "a17")
    call = await night.line.call(CALLER)
    await call.press("1")
    await call.press("1")
    await night.work()
    for _ in range(3):
        await call.wait()
    assert call.waits is not None
    assert call.waits.tag == "Gather", "still in line"
    assert call.voiceless <= 20
    document = await night.picks_up("1")
    assert f"call-{call.sid}</Conference>" in document
    (moved,) = night.peer.had("POST", f"Calls/{call.sid}.json") or [{}]
    if moved:
        assert "/twilio/voice/" in moved["Url"]
    await call.wait()
    assert call.waits.tag == "Dial"
    assert call.waits[0].tag == "Conference"
    assert call.waits[0].text == f"call-{call.sid}"
    (listed,) = await night.house.cases()
    case = await night.house.case(listed["number"])
    assert case["assignee"] == "a17"
    assert case["first_response_at"]
    night.clock.forward(120 * SECOND)
    assert "nöjd" not in await call.talk()
    assert await call.press("2") == "Tack. Hej då."
    assert call.over


async def test_what_plays_between_two_sentences_is_as_long_as_the_robot_phone_takes_it_to_be(night: Night) -> None:
    call = await night.line.call(CALLER)
    await call.press("1")
    await call.press("1")
    assert call.waits is not None
    (music,) = {play.text or "" for play in call.waits.iter("Play")}
    async with night.line.session.get(music.replace(night.line.public_url or "", night.line.url)) as answer:
        with wave.open(io.BytesIO(await answer.read())) as sound:
            assert sound.getnframes() / sound.getframerate() == MUSIC


async def test_whoever_is_in_danger_and_whose_helper_drops_out_waits_again_and_the_ladder_goes_on(night: Night) -> None:
    await on_call(night, "a17", "a18")
    call = await night.line.call(CALLER)
    await call.press("1")
    await call.press("1")
    await night.work()
    await night.picks_up("1")
    await call.wait()
    night.clock.forward(30 * SECOND)
    await night.ends("completed")
    assert "tala med någon igen" in await call.talk()
    assert "näst på tur" in await call.wait()
    first = len(night.rung())
    for _ in range(8):
        await night.later(15)
        assert call.waits is not None
        await (call.talk(answered=False) if call.waits.tag == "Dial" else call.wait())
        if night.rung()[-1] == "+46313900618":
            break
    assert night.rung()[first:] == ["+46313900617", "+46313900617", "+46313900618"]
    await night.picks_up("1")
    await call.wait()
    assert call.waits is not None
    assert call.waits[0].text == f"call-{call.sid}"


async def test_a_voicemail_at_the_last_resort_is_no_talk(night: Night) -> None:
    call = await night.line.call(CALLER)
    await call.press("1")
    await call.press("1")
    for _ in range(9):
        await night.later(10)
        await call.wait()
        assert call.waits is not None
        if call.waits.tag == "Dial":
            break
    assert call.waits[0].text == LAST
    leg = {"CallSid": "CA" + "b" * 32, "ParentCallSid": call.sid, "AccountSid": fakes.ACCOUNT, "To": LAST}
    _, whisper = await night.line.post(call.waits[0].get("url") or "", leg)
    assert "<Hangup" in whisper, "unless a key is pressed"
    told = await call.talk()
    assert not call.over
    assert "Samtalet bröts" in told
    assert "näst på tur" in told


async def test_a_live_call_that_nobody_takes_rings_who_is_on_call_for_the_first_line(night: Night) -> None:
    await on_call(night, "a06", line=1)
    await on_call(night, "a17")
    await night.house.api("POST", "/agents/me/activity", {"as": "a01", "activity": "busy"})
    call = await night.line.call(CALLER)
    for keys in ("1", "2", "0"):
        await call.press(keys)
    await night.later(29)
    assert night.rung() == []
    await night.later(3)
    assert night.rung() == ["+46313900606"]
    await night.later(60)
    assert night.rung() == ["+46313900606"] * 2, "and nobody else is woken for it"
    await call.hang_up()
    await night.later(60)
    assert len(night.rung()) == 2


async def danger_again(night: Night) -> tuple[str, Call]:
    """Of a danger that a17 took twenty minutes ago somebody else calls, and waits."""
    case: str = (await night.house.report("Det brinner i laddaren, det ryker och sprakar!", charger="21007"))["case"]
    assert (await night.house.api("POST", f"/cases/{case}/claim", {"as": "a17"}))[0] == 200
    night.clock.forward(20 * 60 * SECOND)
    call = await night.line.call(CALLER)
    for keys in ("1", "2", "1", "21007#", "1", "9"):
        await call.press(keys)
    assert "näst på tur" in await call.speak("det brinner och ryker")
    assert [one["number"] for one in await night.house.cases()] == [case]
    return case, call


async def test_a_danger_that_somebody_has_rings_on_for_whoever_else_calls_of_it(night: Night) -> None:
    await on_call(night, "a18", "a17", "a19")
    case, call = await danger_again(night)
    await night.work()
    assert night.rung() == ["+46313900617"], "whoever has it first"
    await call.wait()
    assert "näst på tur" in call.now_hears
    await night.later(60)
    assert night.rung()[1:] == ["+46313900618"]
    assert f"call-{call.sid}</Conference>" in await night.picks_up("1")
    await call.wait()
    assert call.waits is not None
    assert call.waits[0].text == f"call-{call.sid}"
    full = await night.house.case(case)
    assert full["assignee"] == "a17"
    assert [one["actor"]["id"] for one in full["timeline"] if one["kind"] == "replied"] == ["a18"]
    await night.later(60)
    assert len(night.rung()) == 2
    assert await night.told(case) == ["began", "rung", "rung", "ended"]


async def test_a_telephone_that_rang_for_a_caller_who_has_left_is_told_so(night: Night) -> None:
    await on_call(night, "a18")
    case, call = await danger_again(night)
    await night.work()
    assert night.rung() == ["+46313900618"]
    await call.hang_up()
    assert "har lagt på" in await night.picks_up("1")
    await night.later(60)
    assert len(night.rung()) == 1
    ended = [one for one in (await night.house.case(case))["timeline"] if one["kind"] == "oncall_ended"]
    assert [one["data"]["how"] for one in ended] == ["over"]


async def test_a_caller_whose_case_is_taken_meanwhile_is_rung_for_again_when_its_holder_does_not_come(
    night: Night,
) -> None:
    await on_call(night, "a18", "a17")
    call = await night.line.call(CALLER)
    await call.press("1")
    await call.press("1")
    await night.work()
    assert night.rung() == ["+46313900618"]
    (listed,) = await night.house.cases()
    assert (await night.house.api("POST", f"/cases/{listed['number']}/claim", {"as": "a17"}))[0] == 200
    await call.wait()
    await night.later(59)
    assert night.rung()[1:] == ["+46313900617"], "for the caller who waits"
    assert await night.told(listed["number"]) == ["began", "rung", "ended"]
    await night.later(1)
    await night.later(60)
    assert night.rung()[2:] == ["+46313900617", "+46313900618"]
    await night.picks_up("1")
    assert (await night.told(listed["number"]))[-1] == "ended"


async def test_a_caller_in_danger_for_whom_no_ladder_begins_is_put_through_to_the_last_resort(night: Night) -> None:
    await on_call(night, "a17")
    _, call = await danger_again(night)
    night.clock.forward(80 * SECOND)
    await call.wait()
    assert "näst på tur" in call.now_hears
    night.clock.forward(20 * SECOND)
    await call.wait()
    assert call.waits is not None
    assert call.waits[0].text == LAST


async def test_a_lost_answer_of_the_provider_rings_nobody_twice(night: Night) -> None:
    await on_call(night, "a17")
    await night.house.report("Det brinner i laddaren!", charger="21007")
    night.clock.put(datetime.now(UTC))
    night.peer.troubles.append("lost")
    await on_call(night, "a18")
    await night.house.runtime.db.run("UPDATE rota SET ends_at = %(at)s", {"at": night.clock.now() + timedelta(days=1)})
    await night.work()
    await night.later(3)
    assert len(night.peer.calls) == 1
    row = await night.house.runtime.db.row("SELECT state, sid FROM rings")
    assert row == {"state": "ringing", "sid": next(iter(night.peer.calls))}


async def test_an_empty_ladder_is_an_alarm_and_the_caller_is_put_through_to_the_last_resort(night: Night) -> None:
    call = await night.line.call(CALLER)
    await call.press("1")
    await call.press("1")
    await call.wait()
    assert call.waits is not None
    assert call.waits[0].text == LAST


async def test_f28_refused_credentials_are_an_alarm_within_a_minute_and_mails_go_on(night: Night) -> None:
    runtime = night.house.runtime
    await night.house.hire("a01", "a quiet shift for everybody", "lead")
    night.peer.secrets.clear()
    await night.house.report("Laddaren startar inte", charger="21007", **{"from": {"phone": MOBILE}})

    async def send() -> None:
        async with connect_post(runtime) as post:
            facts_of = outbox.facts_from(runtime.config.public_url, None, lambda *_: [], lambda *_: "")
            await outbox.Sweeper(runtime.db, runtime.clock, post, facts_of).sweep()

    async def standing() -> set[str]:
        for _ in range(2):  # seen once, and told the next time
            await alerts.look(runtime)
        return {one["kind"] for one in await alerts.standing(runtime)}

    assert "provider_refuses" not in await standing()
    await send()
    assert "provider_refuses" in await standing()
    await runtime.db.run("UPDATE messages SET uncertain_at = lease_now() WHERE channel = 'sms'")
    night.clock.forward(10 * 60 * SECOND)
    await send()  # what perhaps arrived is looked up, and that is refused too
    assert "provider_refuses" in await standing()
    mailed = await runtime.db.rows(
        "SELECT t.subject FROM messages m JOIN message_contents t ON t.message_id = m.id"
        " WHERE m.kind = 'alarm' AND m.channel = 'email'"
    )
    assert any("godtar inte vår inloggning: 1 sms väntar" in row["subject"] for row in mailed)
    night.peer.secrets.add("token")
    night.clock.forward(10 * 60 * SECOND)
    await send()
    assert "provider_refuses" not in await standing()
    assert night.peer.had("POST", "Messages.json")
