"""What people say to each other: recorded only with their consent, and read, with speakers and times, in the case."""

from __future__ import annotations

import io
import re
import wave
from array import array
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from channels.phone_ports import Sound
from gateway import alerts, dispatch
from gateway.config import load
from gateway.desk.acts import Refused
from gateway.phone import callbacks, consent, heeding, recordings, ringing, talks, transcribing
from gateway.record.calls import RecordedCalls
from gateway.record.timeline import Actor
from gateway.ruling import FOLDER
from ivr.prompts import Phrases, read_catalogues
from tests.fakes import provider as fakes
from tests.fakes.clock import LeaseClock
from tests.fakes.phone import Call
from tests.stories.test_phone_oncall import NIGHT, OURS, Night, opened
from transcripts.endpoint import Endpoint, open_endpoint
from transcripts.port import NotTranscribed, Said
from transcripts.voices import apart

SHIPPED = Path(__file__).parents[2] / "routing"
CUSTOMER, AGENT = 1000, 2000  # how loud each of the two is


def recorded(*voices: int, seconds: float = 0.1) -> bytes:
    """A recording with a voice a channel."""
    kept = io.BytesIO()
    with wave.open(kept, "wb") as file:
        file.setnchannels(len(voices))
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(array("h", list(voices) * int(8000 * seconds)).tobytes())
    return kept.getvalue()


@dataclass
class Scribe:
    """An OpenAI-compatible endpoint: knows voices by their loudness, and what each of them said."""

    words: dict[int, list[tuple[float, float, str]]] = field(default_factory=dict)
    troubles: list[int | str] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/whisper/v1/audio/transcriptions", self.transcribe)
        return app

    async def transcribe(self, request: web.Request) -> web.Response:
        posted = await request.post()
        sound = posted["file"]
        assert isinstance(sound, web.FileField)
        fields = {name: str(value) for name, value in posted.items() if name != "file"}
        self.asked.append({**fields, "key": request.headers.get("Authorization", "")})
        if self.troubles:
            trouble = self.troubles.pop(0)
            return web.Response(text=trouble) if isinstance(trouble, str) else web.Response(status=trouble)
        with wave.open(io.BytesIO(sound.file.read())) as file:
            assert file.getnchannels() == 1
            loud = array("h", file.readframes(1))[0]
        segments = [{"start": starts, "end": ends, "text": f" {text}"} for starts, ends, text in self.words[loud]]
        text = " ".join(segment["text"] for segment in segments)  # type: ignore[misc]
        return web.json_response({"language": "swedish", "duration": 9.0, "text": text, "segments": segments})


@pytest.fixture
async def scribe() -> Scribe:
    return Scribe(
        {
            CUSTOMER: [(0.4, 2.0, "Kabeln sitter fast"), (6.2, 9.0, "kortet är 4111 1111"), (9.1, 11.0, "1111 1111")],
            AGENT: [(2.5, 5.5, "Vilken laddare står du vid?")],
        }
    )


@pytest.fixture
async def endpoint(scribe: Scribe) -> AsyncIterator[Endpoint]:
    async with TestServer(scribe.app()) as server:
        url = str(server.make_url("/whisper")).replace("http://", "http://:a%2Fkey@")
        async with open_endpoint(f"{url}/v1#large-v3") as endpoint:
            yield endpoint


@asynccontextmanager
async def at_work(
    environ: dict[str, str], database_url: str, redis_url: str, words: list[str], **given: str
) -> AsyncIterator[Night]:
    """One colleague is at work; `words` are what queues say about recording, each as `queue=word`."""
    peer, clock = fakes.Provider(), LeaseClock(NIGHT, database_url)
    async with TestServer(peer.app()) as server:
        servers = {"DATABASE_URL": database_url, "REDIS_URL": redis_url}
        config = load({**environ, **servers, **fakes.variables(server, OURS), **given})
        ruled(config.data_dir, words)
        async with opened(config, peer, clock) as day:
            await day.house.api("POST", "/agents/me/activity", {"as": "a01", "activity": "available"})
            yield day
        assert peer.violations == []


@pytest.fixture
async def day(
    request: pytest.FixtureRequest, environ: dict[str, str], database_url: str, redis_url: str
) -> AsyncIterator[Night]:
    """Callers are asked for consent as the test says."""
    house, *words = getattr(request, "param", "ask").split()
    async with at_work(environ, database_url, redis_url, words, RECORDING_CONSENT=house) as opened:
        yield opened


async def wants_a_person(day: Night) -> Call:
    call = await day.line.call("+46701740605")
    for keys in ("1", "2", "0"):
        await call.press(keys)
    return call


async def answered(day: Night, call: Call) -> None:
    """The colleague's telephone is rung, and 1 is pressed."""
    await dispatch.sweep(day.house.runtime)
    await ringing.sweep(day.house.runtime, day.port)
    await day.picks_up("1")
    while call.waits is not None and call.waits.tag != "Dial":
        await call.wait()


@pytest.mark.parametrize(
    ("day", "keys", "said", "yes"),
    [
        ("ask", "1", "Får vi spela in", True),
        ("ask", "2", "Får vi spela in", False),
        ("ask", "", "Får vi spela in", False),
        ("announce", "", "spelas in", True),
        ("announce", "2", "spelas in", False),
        ("never", "", "", False),
        ("never helpdesk=announce", "", "spelas in", True),
        ("never helpdesk=ask", "1", "Får vi spela in", True),
        ("announce helpdesk=never", "", "", False),
        ("announce helpdesk=ask", "", "Får vi spela in", False),
        ("ask helpdesk=announce", "2", "spelas in", False),
    ],
    indirect=["day"],
)
async def test_v12_a_talk_is_recorded_only_as_its_queue_or_the_house_allows(
    day: Night, keys: str, said: str, yes: bool
) -> None:
    call = await wants_a_person(day)
    assert said in call.now_hears
    assert bool(said) == ("spela" in call.now_hears)
    if said:
        await (call.press(keys) if keys else call.wait())
    await answered(day, call)
    assert call.recorded is yes


def ruled(data_dir: Path, words: list[str]) -> None:
    """What queues say about recording, each as `queue=word`."""
    text = (SHIPPED / "queues.toml").read_text(encoding="utf-8")
    for queue, word in (one.split("=") for one in words):
        text = text.replace(f"[queues.{queue}]", f'[queues.{queue}]\nrecording = "{word}"')
    (data_dir / FOLDER).mkdir(parents=True, exist_ok=True)
    (data_dir / FOLDER / "queues.toml").write_text(text, encoding="utf-8")


@pytest.mark.parametrize("day", ["announce operations=never"], indirect=True)
async def test_v12_a_caller_who_is_moved_to_a_queue_that_never_records_is_not_recorded(
    day: Night,
) -> None:
    call = await wants_a_person(day)
    assert "spelas in" in call.now_hears
    await day.house.runtime.db.run("UPDATE work_items SET queue = 'operations' WHERE kind = 'call'")
    await call.wait()
    await day.house.runtime.db.run("UPDATE work_items SET queue = 'helpdesk' WHERE kind = 'call'")
    await answered(day, call)
    assert call.recorded is False


@pytest.mark.parametrize("day", ["announce billing=never"], indirect=True)
async def test_v12_a_talk_that_is_handed_over_to_a_queue_that_never_records_is_silenced(
    day: Night,
) -> None:
    call = await wants_a_person(day)
    await answered(day, call)
    assert call.recorded is True
    day.peer.add_call(sid=call.sid, status="in-progress")
    day.peer.add_recording(recorded(CUSTOMER), call_sid=call.sid, status="in-progress")
    assert await consent.sweep(day.house.runtime, day.port) == 0
    (listed,) = await day.house.cases()
    body = {"as": "a01", "to": "billing", "reason": "Gäller en faktura."}
    assert (await day.house.api("POST", f"/cases/{listed['number']}/hand_over", body))[0] == 200
    assert await consent.sweep(day.house.runtime, day.port) == 1
    assert await consent.sweep(day.house.runtime, day.port) == 0
    paused = day.peer.had("POST", "/Recordings/Twilio.CURRENT.json")
    assert [fields["Status"] for fields in paused] == ["paused"]
    case = await day.house.case(listed["number"])
    (entry,) = [one for one in case["timeline"] if one["kind"] == "recording_silenced"]
    assert (entry["actor"]["kind"], entry["data"]["queue"]) == ("system", "billing")
    with pytest.raises(Refused):
        await talks.silence(day.house.runtime, Actor("agent", "a01", "agent"), False)


async def cut_off(day: Night, call: Call) -> None:
    """The colleague's line breaks; the caller waits for the next one."""
    day.clock.forward(timedelta(seconds=3))
    await day.ends("completed")
    await callbacks.sweep(day.house.runtime)
    await call.talk()
    await call.wait()
    day.clock.forward(timedelta(minutes=2))
    call.recorded = False


@pytest.mark.parametrize("day", ["announce"], indirect=True)
async def test_v12_the_recording_of_a_call_begins_once_and_stays_as_silent_as_it_was(day: Night) -> None:
    call = await wants_a_person(day)
    day.peer.add_call(sid=call.sid, status="in-progress")
    day.peer.add_recording(recorded(CUSTOMER), call_sid=call.sid, status="in-progress")
    await answered(day, call)
    assert call.recorded is True
    me = Actor("agent", "a01", "agent")
    await talks.silence(day.house.runtime, me, True)
    await cut_off(day, call)
    await answered(day, call)
    assert call.recorded is False, "what goes on is not begun beside itself, where no silence would reach it"
    talk = await talks.current(day.house.runtime, "a01")
    assert talk is not None
    assert talk["silenced_at"] is not None
    await talks.silence(day.house.runtime, me, False)
    paused = day.peer.had("POST", "/Recordings/Twilio.CURRENT.json")
    assert [fields["Status"] for fields in paused] == ["paused", "in-progress"]


@pytest.mark.parametrize("day", ["announce billing=never"], indirect=True)
async def test_v12_a_recording_that_began_earlier_in_the_call_is_silenced_in_a_queue_that_never_records(
    day: Night,
) -> None:
    call = await wants_a_person(day)
    day.peer.add_call(sid=call.sid, status="in-progress")
    day.peer.add_recording(recorded(CUSTOMER), call_sid=call.sid, status="in-progress")
    await answered(day, call)
    assert call.recorded is True
    (listed,) = await day.house.cases()
    await cut_off(day, call)
    body = {"as": "a01", "to": "billing", "reason": "Gäller en faktura."}
    assert (await day.house.api("POST", f"/cases/{listed['number']}/hand_over", body))[0] == 200
    await answered(day, call)
    assert call.recorded is False
    assert await consent.sweep(day.house.runtime, day.port) == 1
    paused = day.peer.had("POST", "/Recordings/Twilio.CURRENT.json")
    assert [fields["Status"] for fields in paused] == ["paused"]


@pytest.mark.parametrize("day", ["announce"], indirect=True)
async def test_v12_who_waits_although_nobody_is_at_work_is_told_of_the_recording_too(day: Night) -> None:
    await day.house.api("POST", "/agents/me/activity", {"as": "a01", "activity": "offline"})
    call = await wants_a_person(day)
    assert "spelas in" in await call.press("3")


@pytest.mark.parametrize(("day", "yes"), [("ask", False), ("announce", True)], indirect=["day"])
async def test_who_is_in_danger_is_asked_nothing_and_told_in_a_few_words(day: Night, yes: bool) -> None:
    call = await day.line.call("+46701740605")
    await call.press("1")
    told = await call.press("1")
    assert "Får vi" not in told
    assert ("spelas in" in told) is yes
    assert "uppringd i stället" in told
    await answered(day, call)
    assert call.recorded is yes


async def test_a_talk_becomes_text_with_speakers_and_times_and_without_card_numbers(
    day: Night, endpoint: Endpoint, scribe: Scribe
) -> None:
    call = await wants_a_person(day)
    await call.press("1")
    await answered(day, call)
    await call.talk()
    sid = day.peer.add_recording(recorded(CUSTOMER, AGENT), call_sid=call.sid)
    fields = {"AccountSid": fakes.ACCOUNT, "CallSid": call.sid, "RecordingSid": sid, "RecordingDuration": "11"}
    await day.line.post("/twilio/recording", {**fields, "RecordingStatus": "completed"})
    assert await recordings.sweep(day.house.runtime, day.port) == 1
    assert await transcribing.sweep(day.house.runtime, endpoint) == 1
    assert await transcribing.sweep(day.house.runtime, endpoint) == 0
    (listed,) = await day.house.cases()
    assert "transcribed" in [one["kind"] for one in (await day.house.case(listed["number"]))["timeline"]]
    row = await day.house.runtime.db.row("SELECT language, text, said FROM transcripts")
    assert row is not None
    assert [(one["speaker"], one["starts"]) for one in row["said"]] == [
        ("customer", 0.4),
        ("agent", 2.5),
        ("customer", 6.2),
        ("customer", 9.1),
    ]
    assert row["language"] == "sv"
    assert "1111" not in str(row)
    assert scribe.asked[0] == {
        "model": "large-v3",
        "response_format": "verbose_json",
        "timestamp_granularities[]": "segment",
        "language": "sv",
        "key": "Bearer a/key",
    }
    found = (await day.house.api("GET", "/cases?q=Vilken+laddare"))[1]["items"]
    assert [one["number"] for one in found] == [listed["number"]]
    await day.house.hire("a01", "correct horse battery")
    await day.house.log_in("agent01@support.example", "correct horse battery")
    page = await (await day.house.client.get(f"/console/cases/{listed['number']}")).text()
    assert f'src="/console/recordings/{sid}"' in page
    assert 'data-seek="2.5"' in page
    assert "Kabeln sitter fast" in page


async def test_danger_that_is_told_to_a_recording_raises_the_case_once_it_is_text(
    day: Night, endpoint: Endpoint, scribe: Scribe
) -> None:
    """Not what is said in a talk: a colleague hears that."""
    runtime, phrases = day.house.runtime, Phrases(read_catalogues())
    scribe.words[CUSTOMER] = [(0.0, 3.0, "Hej, nu brinner det i laddaren, det kommer rök ur den.")]
    talked = await wants_a_person(day)
    await talked.press("1")
    await answered(day, talked)
    await talked.talk()
    message = await day.line.call("+46701740606")
    for keys in ("1", "2", "0", "1", "2"):
        await message.press(keys)
    day.line.recorded = lambda call, _: day.peer.add_recording(recorded(CUSTOMER), call_sid=call)
    await message.record(9)
    sid = day.peer.add_recording(recorded(CUSTOMER), call_sid=talked.sid)
    fields = {"AccountSid": fakes.ACCOUNT, "CallSid": talked.sid, "RecordingSid": sid, "RecordingDuration": "9"}
    await day.line.post("/twilio/recording", {**fields, "RecordingStatus": "completed"})
    assert await recordings.sweep(runtime, day.port) == 2
    assert await heeding.sweep(runtime, phrases) == 0
    assert await transcribing.sweep(runtime, endpoint) == 2
    assert [await heeding.sweep(runtime, phrases) for _ in range(2)] == [1, 0]
    mine, theirs = sorted(await day.house.cases(), key=lambda one: one["priority"])
    assert [(one["priority"], one["category"]) for one in (mine, theirs)] == [("P1", "safety"), ("P4", "other")]
    told = (await day.house.case(mine["number"]))["reports"]
    rows = await runtime.db.rows("SELECT kind FROM messages WHERE report_id = %(last)s", {"last": told[-1]["id"]})
    assert (len(told), [row["kind"] for row in rows]) == (2, ["acknowledgement"])
    assert told[-1]["text"].startswith("Sagt i det inspelade meddelandet:\nHej, nu brinner det")


async def test_a_recording_of_which_the_provider_made_no_words_is_heard_by_our_own(
    day: Night, endpoint: Endpoint, scribe: Scribe
) -> None:
    """Nothing at all is no transcript, also when it comes twice; words that it brings are kept to the last."""
    call = await wants_a_person(day)
    await call.hang_up()
    long = f"{'Jag har provat allt. ' * 150}Ring mig på kontoret."
    for words in ("", long):
        sid = day.peer.add_recording(recorded(CUSTOMER), call_sid=call.sid)
        fields = {"AccountSid": fakes.ACCOUNT, "CallSid": call.sid, "RecordingSid": sid, "RecordingDuration": "11"}
        for text in ("", words):
            told = {**fields, "TranscriptionStatus": "completed", "TranscriptionText": text}
            await day.line.post("/twilio/transcription", told)
        await day.line.post("/twilio/recording", {**fields, "RecordingStatus": "completed"})
        assert await recordings.sweep(day.house.runtime, day.port) == 1
        assert await transcribing.sweep(day.house.runtime, endpoint) == (0 if words else 1)
    texts = await day.house.runtime.db.rows("SELECT text FROM transcripts ORDER BY text")
    assert [row["text"] == long for row in texts] == [True, False]
    assert "Kabeln" in texts[1]["text"]


async def test_a_transcriber_that_is_away_is_asked_again_and_not_for_ever(
    day: Night, endpoint: Endpoint, scribe: Scribe
) -> None:
    call = await wants_a_person(day)
    await call.hang_up()
    runtime = day.house.runtime
    sid = day.peer.add_recording(recorded(CUSTOMER), call_sid=call.sid)
    await RecordedCalls(runtime.db, day.clock).recorded(Sound(sid, call.sid, 9, day.clock.now()))
    await recordings.sweep(runtime, day.port)
    scribe.troubles = [500, "not JSON", "[]", '{"segments": [{"start": "x"}]}', *[503] * 40]
    for _ in range(40):
        assert await transcribing.sweep(runtime, endpoint) == 0
        day.clock.forward(timedelta(hours=5))
    assert len(scribe.asked) == 12
    signs = {one.kind: one.value for one in await alerts.signs(runtime, day.clock.now() - timedelta(days=7))}
    assert signs["transcripts_missing"] == 1
    scribe.troubles.clear()
    assert await transcribing.sweep(runtime, endpoint) == 0
    assert await runtime.db.rows("SELECT * FROM transcripts") == []


async def test_a_recording_is_shown_on_its_way_and_told_when_it_is_missing(day: Night) -> None:
    call = await wants_a_person(day)
    await call.press("1")
    await answered(day, call)
    await call.talk()
    runtime = day.house.runtime
    (listed,) = await day.house.cases()
    await day.house.hire("a01", "correct horse battery")
    await day.house.log_in("agent01@support.example", "correct horse battery")

    async def page() -> str:
        return await (await day.house.client.get(f"/console/cases/{listed['number']}")).text()

    async def missing() -> dict[str, float]:
        return {one.kind: one.value for one in await alerts.signs(runtime, day.clock.now())}

    fields = {"AccountSid": fakes.ACCOUNT, "CallSid": call.sid, "RecordingDuration": "9"}
    await day.line.post("/twilio/recording", {**fields, "RecordingSid": "RE1", "RecordingStatus": "completed"})
    assert "Inspelningen är på väg." in await page()
    assert "Inspelningen saknas." not in await page()
    for _ in range(2):
        await day.line.post("/twilio/recording", {**fields, "RecordingSid": "RE2", "RecordingStatus": "absent"})
    assert "Inspelningen saknas." in await page()
    told = [
        one["data"]
        for one in (await day.house.case(listed["number"]))["timeline"]
        if one["kind"] == "recording_missing"
    ]
    assert told == [{"recording": "RE2", "call": call.sid}]
    assert (await missing())["recordings_missing"] == 1
    assert (await missing())["transcripts_missing"] == 0


async def test_b10_a_message_of_nothing_is_a_case_and_shown_as_empty(day: Night) -> None:
    call = await wants_a_person(day)
    await call.press("2")
    fields = {"AccountSid": fakes.ACCOUNT, "CallSid": call.sid, "RecordingSid": "RE1", "RecordingDuration": "0"}
    for _ in range(2):
        assert (await day.line.post("/twilio/recording", {**fields, "RecordingStatus": "completed"}))[0] == 204
    await call.hang_up()
    (listed,) = await day.house.cases()
    assert await day.house.runtime.db.rows("SELECT state, seconds FROM recordings WHERE sid = 'RE1'") == [
        {"state": "empty", "seconds": 0}
    ]
    await day.house.hire("a01", "correct horse battery")
    await day.house.log_in("agent01@support.example", "correct horse battery")
    for language, words in (("sv", "Inspelningen är tom."), ("en", "The recording is empty.")):
        page = await day.house.client.get(f"/console/cases/{listed['number']}?language={language}")
        assert words in await page.text()


async def test_an_endpoint_that_cannot_be_reached_or_redirects_is_no_transcript() -> None:
    async def elsewhere(request: web.Request) -> web.Response:
        raise web.HTTPTemporaryRedirect("http://169.254.169.254/")

    app = web.Application()
    app.router.add_post("/v1/audio/transcriptions", elsewhere)
    async with ClientSession() as session, TestServer(app) as server:
        for url in ("http://127.0.0.1:1", str(server.make_url("/")).rstrip("/")):
            with pytest.raises(NotTranscribed):
                await Endpoint(session, url).transcribe(b"RIFF", "sv")


def test_two_voices_are_taken_apart_and_everything_else_is_left_whole() -> None:
    customer, agent = apart(recorded(CUSTOMER, AGENT))
    assert (customer, agent) == (recorded(CUSTOMER), recorded(AGENT))
    for whole in (recorded(CUSTOMER), recorded(1, 2, 3), b"RIFF", b"", b"ID3 an MP3"):
        assert apart(whole) == [whole]


def test_b14_a_card_number_is_masked_also_when_it_is_said_in_pieces() -> None:
    said = [Said(0, 1, "4111 1111"), Said(1, 2, "ett ögonblick"), Said(2, 3, "1111 1111"), Said(3, 4, "tack 5")]
    assert "1111" not in " ".join(one.text for one in transcribing.masked(said[:1] + said[2:3]))
    whole = [Said(0, 1, "mitt kort är 4111 1111 1111 1111", "customer"), Said(1, 2, "laddare 21007", "agent")]
    assert [one.text for one in transcribing.masked(whole)] == ["mitt kort är ••••", "laddare 21007"]


@pytest.mark.parametrize(
    "said",
    [
        "fyra" + " ett" * 15,
        "four one one one, one one one one, one one one one, one one one one",
        "fyrtioett" + " elva" * 7,
        "Forty-one" + " eleven" * 7,
        "fyra 111 1111 ett 111 1111 1",
    ],
)
def test_b14_a_card_number_is_masked_also_when_its_digits_are_spelt_out(said: str) -> None:
    for spoken in (f"mitt kort är {said} tack", f"mitt kort är {said}, tack"):
        (one,) = transcribing.masked([Said(0, 1, spoken)])
        assert re.fullmatch(r"mitt kort är ••••[ ,]+tack", one.text)
    words = said.split()
    pieces = [Said(0, 1, " ".join(words[:3]), "customer"), Said(2, 3, " ".join(words[3:]), "customer")]
    kept = [one.text for one in transcribing.masked([pieces[0], Said(1, 2, "vänta ett tag", "agent"), pieces[1]])]
    assert kept[1] == "vänta ett tag"
    assert not set(words) & {word.strip(",") for word in f"{kept[0]} {kept[2]}".split()}


@pytest.mark.parametrize(
    "said", ["laddare två ett noll noll sju", "en två tre fyra fem sex sju åtta nio tio elva tolv", "jag har en bil"]
)
def test_b14_numbers_in_words_that_are_no_card_stay(said: str) -> None:
    assert transcribing.masked([Said(0, 1, said)]) == [Said(0, 1, said)]
