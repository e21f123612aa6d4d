"""What goes wrong around the telephone: floods, lines that hang, a loop that stands still, money that runs out."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from channels import phone as phone_door
from channels import phone_effects
from channels.phone import PhoneDoor
from channels.phone_lately import Lately
from channels.report import Channel, Report, Sender
from channels.signatures import Signatures
from gateway import alerts
from gateway.clock import SetClock
from gateway.config import Config
from gateway.hosting.ports import listening
from gateway.hosting.watchdog import watched
from gateway.messages import outbox
from gateway.messages.outbox import Delivery, Outgoing, Sweeper
from gateway.phone import ringdoor
from gateway.runtime import Runtime, open_runtime
from gateway.web import app as web_app
from gateway.web import phone
from gateway.web.neighbours import certificate_ends
from ivr.flow import load, shipped
from ivr.prompts import Phrases, read_catalogues
from tests.fakes.calls import World
from tests.fakes.clock import LeaseClock
from tests.fakes.house import open_house
from tests.fakes.phone import Call, Line, read
from tests.fakes.wire import Wire, wire
from tests.stories.test_phone_house import CALLER, OURS, PASSWORD, config, described, line, line_to  # noqa: F401

TOKEN = "a-secret-of-the-provider"
NOW = datetime(2026, 9, 14, 3, 0, tzinfo=UTC)
MOBILE = "+46701740605"


class Pocket:
    """A post that takes everything."""

    def __init__(self) -> None:
        self.taken: list[Outgoing] = []

    async def deliver(self, outgoing: Outgoing) -> Delivery:
        self.taken.append(outgoing)
        return Delivery("sent")


def sweeper(runtime: Runtime, post: Pocket) -> Sweeper:
    facts_of = outbox.facts_from("https://support.example", None, lambda *_: [], lambda *_: "")
    return Sweeper(runtime.db, runtime.clock, {"sms": post, "email": post}, facts_of)


async def test_f40_500_junk_calls_keep_no_real_caller_from_a_person_or_a_message() -> None:
    world = World()
    door = PhoneDoor(world.given(), load(shipped()[0]), Phrases(read_catalogues()), lambda: NOW, "https://x.example")
    app = web.Application()
    phone.mount(app, phone.Webhooks(door, None, Signatures([TOKEN], "https://x.example"), None, {OURS}))  # type: ignore[arg-type]
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        url = str(server.make_url("/")).rstrip("/")
        line = Line(session, url, TOKEN, number=OURS, public_url="https://x.example")

        async def junk(nth: int) -> None:
            call = await line.call(f"+4670{nth:07}" if nth % 2 else "anonymous")
            for keys in ("1", "2", "0"):
                await call.press(keys)

        async def real(caller: str) -> Call:
            call = await line.call(caller)
            for keys in ("1", "2", "0"):
                await call.press(keys)
            began = call.seconds
            await call.press("2")
            assert await call.record(9)
            assert call.seconds - began <= 60, "from the wish to be heard until a message is kept"
            return call

        await asyncio.gather(*(junk(nth) for nth in range(500)))
        calls = await asyncio.gather(*(real(f"+4684650042{nth}") for nth in range(5)))
        for call in calls:
            assert call.over
            assert call.sid in world.reports
    assert len(world.reports) == 505


async def test_f32_a_line_to_the_record_that_hangs_is_a_holding_sentence_and_then_a_message(
    config: Config,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(phone_door, "HOLDS", 1)
    monkeypatch.setattr(phone_door, "NOTED", 0.3)
    monkeypatch.setattr(phone_effects, "PATIENCE", 0.3)
    monkeypatch.setitem(PhoneDoor.__init__.__kwdefaults__, "deadline", 0.3)
    wire = Wire(config.database_url or "")
    await wire.mend()
    try:
        async with open_house(config, database_url=wire.url) as house, line_to(house) as line:
            async with house.runtime.calls_db.connection() as conn:
                kept = conn.info.get_parameters()
            assert int(kept["tcp_user_timeout"]) <= 10_000
            call = await line.call(CALLER)
            wire.stall()
            heard = await call.press("1")
            assert "Ett ögonblick" in heard
            while call.waits is not None and call.waits.tag != "Record":
                await call.wait()
            await call.record(14, callback=False)
            assert "Vi har tagit emot" in call.now_hears
            assert len(house.runtime.spool.waiting()) == 1
            wire.flow()
    finally:
        wire.flow()
        await wire.cut()


async def test_f10_f32_whoever_is_rung_while_the_record_is_away_hears_a_sentence_and_no_key_is_lost(
    config: Config,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ringdoor, "DEADLINE", 0.5)
    wire = Wire(config.database_url or "")
    await wire.mend()
    try:
        async with open_house(config, database_url=wire.url) as house, line_to(house) as line:
            await house.runtime.db.run(
                "INSERT INTO rings (purpose, state, due_at, room, created_at)"
                " VALUES ('customer', 'ringing', now() + interval '1 hour', 'out-7', now())"
            )
            leg = {"CallSid": "CAcustomer", "AccountSid": line.account, "From": OURS, "Direction": "outbound-api"}
            assert "tryck 1" in (await line.post("/twilio/ring/1", leg))[1]
            wire.stall()
            status, document = await line.post("/twilio/ring/1", {**leg, "Digits": "1"})
            assert (status, "Ett ögonblick" in document) == (200, True)
            url = read(document).findtext("Redirect") or ""
            wire.flow()
            await wire.cut()
            status, document = await line.post(url, leg)
            assert (status, "Ett ögonblick" in document) == (200, True)
            url = read(document).findtext("Redirect") or ""
            monkeypatch.setattr(ringdoor, "HOLDS", 1)
            assert "tekniskt fel" in (await line.post(url, leg))[1], "and not for ever"
            status, document = await line.post("/twilio/ring/1/ended", leg)
            assert (status, "Ett ögonblick" in document) == (200, True)
            monkeypatch.setattr(ringdoor, "DEADLINE", 10.0)
            await wire.mend()
            async with asyncio.timeout(20):
                while "out-7</Conference>" not in (await line.post(url, leg))[1]:
                    await asyncio.sleep(0.05)
    finally:
        wire.flow()
        await wire.cut()


async def test_f14_a_record_that_is_slow_is_not_heard_and_one_that_is_very_slow_is_a_moment(config: Config) -> None:  # noqa: F811
    async with (
        wire(config.database_url or "") as slow,
        open_house(config, database_url=slow.url) as house,
        line_to(house) as line,  # noqa: F811
    ):
        took: list[float] = []
        post = line.post

        async def timed(*given: Any, **more: Any) -> tuple[int, str]:
            began = time.monotonic()
            try:
                return await post(*given, **more)
            finally:
                took.append(time.monotonic() - began)

        line.post = timed  # type: ignore[method-assign]
        slow.delay = 0.1
        call = await line.call(CALLER)
        for keys in ("1", "2"):
            await call.press(keys)
        assert "ögonblick" not in " ".join(call.heard)
        slow.delay = 1.0
        assert "Ett ögonblick" in await call.press("1")
        slow.delay = 0.0
        assert "Solrosen" in await call.press("21007#")
        assert max(took) < 3
        assert call.voiceless < 10


class Troubled:
    """A store that takes connections and then answers everything alike, or nothing at all."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(self._answer * data.count(b"*"))
        writer.close()


@pytest.mark.parametrize(
    "answer",
    [b"", b"-OOM command not allowed\r\n", b"-READONLY replica\r\n", b"-NOAUTH Authentication required.\r\n"],
    ids=["hangs", "full", "read-only", "wrong password"],
)
async def test_f19_a_store_that_hangs_or_refuses_delays_no_call_and_no_text(config: Config, answer: bytes) -> None:  # noqa: F811
    async with await asyncio.start_server(Troubled(answer).serve, "127.0.0.1", 0) as store:
        port = store.sockets[0].getsockname()[1]
        troubled = config.model_copy(update={"redis_url": f"redis://127.0.0.1:{port}/0"})
        async with open_house(troubled) as house, line_to(house) as line:
            began = time.monotonic()
            call = await described(line)
            assert "ärendenummer" in call.now_hears
            await call.hang_up()
            fields = {
                "MessageSid": "SM1",
                "AccountSid": line.account,
                "From": MOBILE,
                "To": OURS,
                "Body": "21052 är död",
            }
            assert (await line.post("/twilio/sms", fields))[0] == 200
            assert time.monotonic() - began < 5
            assert len(await house.cases()) == 2


async def test_f38_a_loop_that_stands_still_is_noticed_and_ended_and_one_that_lives_is_not() -> None:
    ended = threading.Event()
    async with watched(tick=0.02, slow=0.1, dead=0.4, end=ended.set):
        await asyncio.wait_for(asyncio.shield(asyncio.sleep(0.3)), 5)
        assert not ended.is_set()
        assert ended.wait(30), "the loop stands still for as long as this waits"


async def test_f38_the_loop_of_a_web_process_is_watched(
    config: Config,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    there: list[str] = []

    async def looked() -> None:
        there.extend(thread.name for thread in threading.enumerate())

    monkeypatch.setattr(web_app, "until_stopped", looked)
    (listeners,) = listening("127.0.0.1", 0)
    await web_app.serve(config, listeners, [], Lately())
    assert "watchdog" in there


def test_f33_a_certificate_is_an_alarm_14_days_before_it_ends() -> None:
    ends = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
    text = "Dec  1 12:00:00 2026 GMT"
    assert certificate_ends({"notAfter": text}, ends - timedelta(days=15)) is None
    assert certificate_ends({"notAfter": text}, ends - timedelta(days=13)) == "its certificate ends 2026-12-01"
    assert certificate_ends({}, ends) is None
    assert certificate_ends(None, ends) is None


async def test_f33_a_name_that_cannot_be_looked_up_degrades_and_answers_calls(config: Config) -> None:  # noqa: F811
    away = config.model_copy(
        update={"twilio_account_sid": "AC" + "a" * 32, "twilio_api_url": "https://nowhere.invalid"}
    )
    async with open_house(away) as house, line_to(house) as line:  # noqa: F811
        body = await (await house.client.get("/readyz")).json()
        assert body["status"] == "degraded"
        assert body["checks"]["provider"]["ok"] is False
        call = await line.call(CALLER)
        assert call.now_hears


async def test_b23_30_texts_of_one_number_in_a_minute_are_one_case_and_one_answer(config: Config) -> None:  # noqa: F811
    clock = SetClock(NOW)
    async with open_house(config, clock=clock) as house, line_to(house) as line:  # noqa: F811
        for nth in range(30):
            fields = {"MessageSid": f"SM{nth}", "AccountSid": line.account, "From": MOBILE, "To": OURS}
            status, _ = await line.post("/twilio/sms", {**fields, "Body": f"21007 startar inte, hjälp {nth}"})
            assert status == 200
            clock.forward(timedelta(seconds=2))
        (listed,) = await house.cases()
        assert len((await house.case(listed["number"]))["reports"]) == 30
        post = Pocket()
        await sweeper(house.runtime, post).sweep()
        assert len(post.taken) == 1


async def test_b20_who_wants_no_texts_is_sent_none_and_the_case_goes_on(config: Config) -> None:  # noqa: F811
    async with open_house(config) as house, line_to(house) as line:  # noqa: F811
        said = ("21007 startar inte", "stop.", "21007 startar fortfarande inte")
        for nth, body in enumerate(said):
            fields = {"MessageSid": f"SM{nth}", "AccountSid": line.account, "From": MOBILE, "To": OURS, "Body": body}
            assert (await line.post("/twilio/sms", fields))[0] == 200
        (listed,) = await house.cases()
        case = await house.case(listed["number"])
        assert (case["status"], tuple(report["text"] for report in case["reports"])) == ("open", said)
        post = Pocket()
        await sweeper(house.runtime, post).sweep()
        assert post.taken == []
        await house.hire("a01", PASSWORD)
        await house.log_in("agent01@support.example", PASSWORD)
        page = await (await house.client.get(f"/console/cases/{listed['number']}?language=sv")).text()
        assert "stop." in page
        assert "hölls inne" in page


@pytest.fixture
async def office(config: Config) -> AsyncIterator[Runtime]:  # noqa: F811
    async with open_runtime(config, "worker", LeaseClock(NOW, config.database_url or "")) as runtime:
        yield runtime


ADD = """
INSERT INTO messages (case_id, report_id, channel, kind, language, state, created_at, asked_at, due_at)
SELECT %(case)s, %(report)s, 'sms', %(kind)s, 'sv', 'queued', %(at)s, %(at)s, %(at)s FROM generate_series(1, %(n)s)
"""
WORDS = """
INSERT INTO message_contents (message_id, recipient, text)
SELECT id, '+4670' || lpad(id::text, 7, '0'), 'hej' FROM messages ON CONFLICT DO NOTHING
"""


async def queue(runtime: Runtime, text: str, phone: str, kind: str, n: int, at: datetime) -> None:
    said = Report(Channel.SMS, text + phone, runtime.clock.now(), text, Sender(phone=phone))
    receipt = await runtime.intake.accept(said)
    row = await runtime.db.row("SELECT case_id FROM reports WHERE id = %(id)s", {"id": receipt.report})
    assert row is not None
    await runtime.db.run("DELETE FROM messages WHERE report_id = %(id)s", {"id": receipt.report})
    given = {"case": row["case_id"], "report": receipt.report, "kind": kind, "n": n, "at": at}
    await runtime.db.run(ADD, given)
    await runtime.db.run(WORDS)


async def test_b107_after_an_outage_the_urgent_go_first_and_the_stale_are_dropped_visibly(office: Runtime) -> None:
    now = office.clock.now()
    await queue(office, "laddaren startar inte", "+46701740001", "acknowledgement", 20, now - timedelta(days=2))
    await queue(office, "laddaren är svart", "+46701740002", "concluded", 40, now - timedelta(hours=5))
    await queue(office, "det brinner i laddaren", "+46701740003", "concluded", 1, now)
    post = Pocket()
    await sweeper(office, post).sweep()
    urgent = await office.db.row("SELECT id FROM cases WHERE priority = 'P1'")
    assert urgent is not None
    assert post.taken[0].case == urgent["id"]
    assert len(post.taken) == 41
    row = await office.db.row(
        "SELECT count(*) AS n FROM messages WHERE state = 'stale' AND reason = 'too late to help'"
    )
    assert row == {"n": 20}


async def test_b107_a_text_is_dropped_once_what_it_says_is_over(office: Runtime) -> None:
    now, minute = office.clock.now(), timedelta(minutes=1)
    for kind, sender, ages in (
        ("alarm", "+46701740001", (1, 20)),
        ("callback_missed", "+46701740002", (9, 11)),
        ("callback_delayed", "+46701740003", (9, 11)),
        ("callback_given_up", "+46701740004", (300,)),
    ):
        for age in ages:
            await queue(office, f"laddaren är svart {kind} {age}", sender, kind, 1, now - age * minute)
    await office.db.run(
        "UPDATE message_contents c SET data = jsonb_build_object('lasts', 600) FROM messages m"
        " WHERE m.id = c.message_id AND m.kind IN ('callback_missed', 'callback_delayed')"
    )
    post = Pocket()
    await sweeper(office, post).sweep()
    assert sorted(outgoing.kind for outgoing in post.taken) == [
        "alarm",
        "callback_delayed",
        "callback_given_up",
        "callback_missed",
    ]
    rows = await office.db.rows("SELECT kind FROM messages WHERE state = 'stale' ORDER BY kind")
    assert [row["kind"] for row in rows] == ["alarm", "callback_delayed", "callback_missed"]


async def test_b108_the_cap_stops_robot_texts_and_not_those_that_wake_somebody(
    office: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "TEXTS", 25)
    monkeypatch.setattr(outbox, "URGENT_TEXTS", 4)
    now = office.clock.now()
    await queue(office, "laddaren är svart", "+46701740002", "concluded", 60, now)
    await queue(office, "det brinner i laddaren", "+46701740003", "oncall", 3, now)
    post = Pocket()
    await sweeper(office, post).sweep()
    assert [outgoing.kind for outgoing in post.taken] == ["oncall"] * 3 + ["concluded"] * 25
    post.taken.clear()
    await queue(office, "laddaren är trasig", "+46701740004", "alarm", 1, now)
    await sweeper(office, post).sweep()
    assert [outgoing.kind for outgoing in post.taken] == ["alarm"], "what wakes somebody has a cap of its own"
    await office.db.run(
        "INSERT INTO rings (purpose, state, reason, created_at, ended_at)"
        " VALUES ('customer', 'failed', 'cap', %(at)s, %(at)s)",
        {"at": now},
    )
    for _ in range(2):  # seen once, and told the next time
        await alerts.look(office)
    standing = {one["key"]: one["value"] for one in await alerts.standing(office) if one["kind"] == "cap_reached"}
    assert standing == {"sms": 35, "phone": 1}
    title, advice = alerts.words(office, "cap_reached", "sms", 35, "sv")
    assert "35" in title
    assert "tak" in advice
    row = await office.db.row(
        "SELECT count(*) AS n FROM messages WHERE state = 'suppressed' AND reason LIKE 'the cap%'"
    )
    assert row == {"n": 35}
    post.taken.clear()
    await queue(office, "laddaren är borta", "+46701740005", "alarm", 1, now)
    await sweeper(office, post).sweep()
    assert post.taken == [], "and that is one"
    assert isinstance(office.clock, SetClock)
    for hours, taken in ((23, []), (2, ["concluded"])):
        office.clock.forward(timedelta(hours=hours))
        later = office.clock.now()
        await queue(office, f"laddaren är svart {hours}", "+46701740002", "concluded", 1, later)
        await sweeper(office, post).sweep()
        assert [outgoing.kind for outgoing in post.taken] == taken, "a cap is that of a day"
