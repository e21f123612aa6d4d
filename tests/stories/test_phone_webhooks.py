"""Whoever asks at the provider's doors: only the provider is let in, whatever it repeats is done once, and what it
brings that must not be kept is kept nowhere."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from structlog.testing import capture_logs

from gateway.clock import SetClock, SystemClock
from gateway.config import Config
from gateway.people.privacy import retain
from gateway.web.phone import voice
from tests.fakes.house import House, count, open_house
from tests.fakes.phone import Line, signature
from tests.stories.test_phone_house import CALLER, OURS, PASSWORD, config, described, line, line_to  # noqa: F401

MONTH = timedelta(days=30)
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
CARD = "4111111111111111"
TABLES = "SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"


@pytest.fixture
def clock() -> SetClock:
    return SetClock(SystemClock().now())


@pytest.fixture
async def house(config: Config, clock: SetClock) -> AsyncIterator[House]:  # noqa: F811
    async with open_house(config, clock=clock) as opened:
        yield opened


def asked(line: Line, sid: str = "CA1", **more: str) -> dict[str, str]:  # noqa: F811
    return {"CallSid": sid, "AccountSid": line.account, "To": OURS, "From": CALLER, **more}


def text(line: Line, sid: str, body: str, **more: str) -> dict[str, str]:  # noqa: F811
    return {"MessageSid": sid, "AccountSid": line.account, "From": CALLER, "To": OURS, "Body": body, **more}


async def test_b01_b02_no_door_of_the_provider_opens_without_its_signature(house: House, line: Line) -> None:  # noqa: F811
    routes = [route for route in house.app.router.routes() if route.method == "POST" and route.resource is not None]
    doors = [route.resource.canonical for route in routes if route.handler.__module__ == voice.__module__]  # type: ignore[union-attr]
    assert len(doors) == 9
    fields = asked(
        line,
        RecordingSid="RE1",
        RecordingDuration="9",
        CallStatus="completed",
        TranscriptionSid="TR1",
        TranscriptionStatus="completed",
        TranscriptionText="hej",
    )
    for path in (door.replace("{turn}", "1").replace("{ring}", "1") for door in doors):
        given = text(line, "SM1", "hej") if path.endswith("/sms") else fields
        url = f"{line.public_url}{path}"
        bad = [
            "",
            "x",
            signature(line.token, url.replace("http:", "https:"), given),
            signature(line.token, f"{url}/2", given),
            signature(line.token, url, {**given, "From": "+46701740606"}),
            signature("another", url, given),
        ]
        for headers in ({}, *({"X-Twilio-Signature": one} for one in bad)):
            assert await line.post(path, given, sign=False, headers=headers) == (403, ""), (path, headers)
    for table in ("calls", "reports", "recordings", "transcripts", "captions"):
        assert await count(house.runtime.db, table) == 0


async def test_b05_during_a_rotation_both_tokens_are_good_and_afterwards_the_new_one_alone(config: Config) -> None:  # noqa: F811
    old, new = config.twilio_auth_token, "token-of-tomorrow"
    for given, answers in (
        ({"twilio_auth_token_next": new}, {old: 200, new: 200, "other": 403}),
        ({"twilio_auth_token": new}, {old: 403, new: 200}),
    ):
        async with open_house(config.model_copy(update=given)) as house, line_to(house) as line:  # noqa: F811
            for token, status in answers.items():
                line.token = str(token)
                assert (await line.post("/twilio/voice", asked(line)))[0] == status, (given, token)


async def test_b06_whatever_was_captured_and_is_replayed_a_month_or_two_years_later_changes_nothing(
    house: House,
    line: Line,  # noqa: F811
    clock: SetClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    captured: list[tuple[str, dict[str, str]]] = []
    post = line.post

    async def noted(url: str, fields: Mapping[str, str], **more: Any) -> tuple[int, str]:
        captured.append((url, dict(fields)))
        return await post(url, fields, **more)

    monkeypatch.setattr(line, "post", noted)
    call = await described(line)
    await call.press("2")
    assert "ringer upp dig" in call.now_hears
    await line.post("/twilio/recording", asked(line, call.sid, RecordingSid="RE1", RecordingDuration="9"))
    await line.post("/twilio/sms", text(line, "SM1", "21052 startar inte"))
    runtime = house.runtime
    tables = ("reports", "cases", "calls", "call_contents", "work_items", "recordings", "messages")
    before = [await count(runtime.db, table) for table in tables[:3]]
    for age in (MONTH, 25 * MONTH):
        clock.forward(age)
        await runtime.db.run("UPDATE cases SET status = 'closed', concluded_at = opened_at, closed_at = opened_at")
        await retain(runtime.db, runtime.blobs, clock.now())
        stands = [await count(runtime.db, table) for table in tables]
        assert stands[:3] == before
        for url, fields in captured:
            status, document = await post(url, fields)
            assert status in (200, 204)
            assert "/voice" not in url or "redan avslutat" in document, url
        assert [await count(runtime.db, table) for table in tables] == stands
    row = await runtime.db.row("SELECT count(*) AS n FROM report_contents WHERE text <> ''")
    assert row == {"n": 0}, "and nothing that was erased is told again"


async def test_b14_a_card_number_is_kept_in_no_table_and_told_to_no_log(house: House, line: Line) -> None:  # noqa: F811
    with capture_logs() as logs:
        call = await line.call(CALLER)
        for keys in ("2", "2", "1"):
            await call.press(keys)
        assert call.waits is not None
        answer = await line.post(call.waits.get("action", ""), {**call._fields("in-progress"), "Digits": CARD})
        assert "do not enter card numbers" in answer[1]
        here = f"/twilio/voice/{len(call.urls) + 1}"
        await line.post(here, {**call._fields("in-progress"), "SpeechResult": f"nowhere {CARD[:4]} {CARD[4:]} okay"})
        await call.hang_up()
        transcript = {"RecordingSid": "RE1", "TranscriptionStatus": "completed", "TranscriptionText": f"kortet {CARD}"}
        assert (await line.post("/twilio/transcription", {**call._fields("completed"), **transcript}))[0] == 204
        await line.post("/twilio/sms", text(line, "SM1", f"mitt kort {CARD} drogs två gånger"))
    assert await count(house.runtime.db, "reports") == 2
    assert CARD[4:] not in repr(logs)
    for table in await house.runtime.db.rows(TABLES):
        found = await house.runtime.db.rows(f"SELECT t::text AS row FROM {table['name']} AS t")  # type: ignore[arg-type]
        kept = "".join(one["row"] for one in found)
        for trace in (CARD[4:], CARD.encode().hex()[8:]):
            assert trace not in kept, table["name"]


async def test_b17_pictures_under_one_name_are_several(house: House, line: Line) -> None:  # noqa: F811
    media = [f"https://api.twilio.com/2010-04-01/Accounts/{line.account}/Messages/SM1/Media/ME{at}" for at in (1, 2)]
    pairs = [*text(line, "SM1", "21007 är trasig", NumMedia="2").items(), *(("MediaUrl0", url) for url in media)]
    signed = signature(
        line.token, f"{line.public_url}/twilio/sms", {**dict(pairs), "MediaUrl0": f"{media[0]}MediaUrl0{media[1]}"}
    )
    headers = {**FORM, "X-Twilio-Signature": signed}
    async with line.session.post(f"{line.url}/twilio/sms", data=urlencode(pairs), headers=headers) as answer:
        assert answer.status == 200
    row = await house.runtime.db.row("SELECT flags FROM reports")
    assert row == {"flags": ["media_missing:ME1", "media_missing:ME2"]}
