"""The provider port: what costs money happens once, whatever becomes of the answer; nothing is fetched from others."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from channels.provider import Account, Deferred, Provider, Refused, Sent, Uncertain, open_provider
from channels.provider_http import ProviderAway
from gateway.config import load
from gateway.messages.post import account_of
from tests.fakes import provider as fakes

OURS = "+46313900100"
TO = "+46701740605"
SECRET = "the-secret-of-an-api-key-32-bytes"


@pytest.fixture
async def peer() -> fakes.Provider:
    return fakes.Provider(secrets={SECRET})


@pytest.fixture
async def port(peer: fakes.Provider) -> AsyncIterator[Provider]:
    async with TestServer(peer.app()) as server, ClientSession() as session:
        url = str(server.make_url("/")).rstrip("/")
        account = Account(
            fakes.ACCOUNT, "token", url, "https://support.example", key="SK1", secret=SECRET, app="AP1", own={OURS}
        )
        yield Provider(account, session, timeout=0.5)
        assert peer.violations == []


async def test_a_text_is_sent_once(port: Provider, peer: fakes.Provider) -> None:
    answer = await port.text(TO, OURS, "Hej & välkommen")
    assert isinstance(answer, Sent)
    assert peer.messages[answer.sid]["body"] == "Hej & välkommen"
    (sent,) = peer.had("POST", "Messages.json")
    assert set(sent) == {"To", "From", "Body", "StatusCallback"}


async def test_b105_f27_too_many_requests_mean_later_and_nothing_was_sent(port: Provider, peer: fakes.Provider) -> None:
    peer.troubles.extend([429] * 3)
    for _ in range(3):
        assert isinstance(await port.text(TO, OURS, "a"), Deferred)
    assert isinstance(await port.text(TO, OURS, "a"), Sent)
    assert len(peer.messages) == 1


@pytest.mark.parametrize("trouble", ["lost", 1.5, 500])
async def test_b105_f27_a_lost_answer_is_looked_up_before_any_repeat(
    port: Provider, peer: fakes.Provider, trouble: int | float | str
) -> None:
    began = datetime.now(UTC)
    peer.troubles.append(trouble)
    assert isinstance(await port.text(TO, OURS, "a"), Uncertain)
    again = await port.text(TO, OURS, "a", since=began)
    assert isinstance(again, Sent)
    assert len(peer.messages) == 1


@pytest.mark.parametrize(("status", "error"), [("undelivered", 30003), ("failed", 30005), ("undelivered", None)])
async def test_b105_a_text_that_is_looked_up_and_did_not_arrive_is_refused(
    port: Provider, peer: fakes.Provider, status: str, error: int | None
) -> None:
    began = datetime.now(UTC)
    peer.troubles.append("lost")
    assert isinstance(await port.text(TO, OURS, "a"), Uncertain)
    for row in peer.messages.values():
        row |= {"status": status, "error_code": error}
    answer = await port.text(TO, OURS, "a", since=began)
    assert answer == Refused(f"the provider could not deliver it ({error or status})")
    assert len(peer.messages) == 1


async def test_b105_an_uncertain_text_is_not_repeated_while_it_cannot_be_looked_up(
    port: Provider, peer: fakes.Provider
) -> None:
    began = datetime.now(UTC)
    peer.troubles.extend(["lost", "no lists"])
    assert isinstance(await port.text(TO, OURS, "a"), Uncertain)
    assert await port.text(TO, OURS, "a", since=began) == Deferred("not looked up: status 503")
    assert len(peer.messages) == 1


async def test_b105_f27_a_call_whose_answer_was_lost_rings_once(port: Provider, peer: fakes.Provider) -> None:
    began = datetime.now(UTC)
    peer.troubles.append("lost")
    assert isinstance(await port.call(TO, OURS, "https://support.example/twilio/voice"), Uncertain)
    assert isinstance(await port.call(TO, OURS, "https://support.example/twilio/voice", since=began), Sent)
    assert len(peer.calls) == 1
    (sent,) = peer.had("POST", "Calls.json")
    assert sent["StatusCallback"] == "https://support.example/twilio/status"


async def test_b105_a_number_that_does_not_exist_is_refused_for_good(port: Provider, peer: fakes.Provider) -> None:
    peer.refusals[TO] = 21211
    assert await port.text(TO, OURS, "a") == Refused("provider error 21211")


async def test_b105_f28_refused_credentials_stop_everything(port: Provider, peer: fakes.Provider) -> None:
    peer.secrets.clear()
    answer = await port.text(TO, OURS, "a")
    assert isinstance(answer, Deferred)
    assert answer.halted
    assert await port.text(TO, OURS, "a", since=datetime.now(UTC)) == answer
    assert await port.call(TO, OURS, "https://support.example/twilio/voice", since=datetime.now(UTC)) == answer


@pytest.mark.parametrize("promoted", [False, True], ids=["before", "after"])
async def test_f28_everything_goes_on_while_a_token_is_rotated(promoted: bool) -> None:
    """The next one becomes the account's at a moment that we are not told."""
    peer = fakes.Provider(secrets={"next" if promoted else "token"})
    environ = {
        "DATABASE_URL": "postgresql://",
        "SECRET_KEYS": "a key that is long enough for it",
        "ADMIN_TOKEN": "a" * 32,
    }
    async with TestServer(peer.app()) as server:
        config = load({**environ, **fakes.variables(server, OURS), "TWILIO_AUTH_TOKEN_NEXT": "next"})
        account = account_of(config)
        assert account is not None
        async with open_provider(account) as port:
            assert isinstance(await port.text(TO, OURS, "a"), Sent)
            assert isinstance(await port.call(TO, OURS, "https://support.example/twilio/ring/1"), Sent)
            sid = peer.add_recording(b"RIFF", call_sid="CA1")
            assert await port.recording(sid) == b"RIFF"
            assert [found.sid async for found in port.recordings(datetime.now(UTC) - timedelta(hours=1))] == [sid]
            await port.delete_recording(sid)
            assert peer.recordings == {}
            peer.secrets.clear()
            answer = await port.text(TO, OURS, "b")
            assert isinstance(answer, Deferred)
            assert answer.halted
            with pytest.raises(ProviderAway):
                await port.recording(sid)
    assert (len(peer.messages), len(peer.calls)) == (1, 1)


async def test_f27_a_provider_that_cannot_be_reached_means_later() -> None:
    async with ClientSession() as session:
        account = Account(fakes.ACCOUNT, "token", "http://127.0.0.1:1", "https://support.example")
        assert isinstance(await Provider(account, session).text(TO, OURS, "a"), Deferred)


@pytest.mark.parametrize(
    "number", ["112", "+46112", "+4690000", "+469001234567", OURS, "+882161234567", "+15005550006", "x"]
)
async def test_b106_numbers_that_cost_or_loop_are_never_dialled(
    port: Provider, peer: fakes.Provider, number: str
) -> None:
    assert isinstance(await port.call(number, OURS, "https://support.example/twilio/voice"), Refused)
    assert isinstance(await port.text(number, OURS, "a"), Refused)
    assert peer.requests == []


async def test_a_live_call_can_be_led_elsewhere_and_hung_up(port: Provider, peer: fakes.Provider) -> None:
    sid = peer.add_call(status="in-progress")
    assert await port.redirect(sid, "https://support.example/twilio/voice/7")
    assert peer.calls[sid]["updated"] == {"Url": "https://support.example/twilio/voice/7", "Method": "POST"}
    assert await port.hang_up(sid)
    assert not await port.hang_up("CAunknown")


async def test_lists_are_read_to_their_end(port: Provider, peer: fakes.Provider) -> None:
    sids = [peer.add_call(**{"from": TO, "to": OURS}) for _ in range(230)]
    since = datetime.now(UTC) - timedelta(hours=1)
    found = [row async for row in port.calls(since)]
    assert [row.sid for row in reversed(found)] == sids
    assert found[0].sender == TO
    peer.add_message(**{"from": TO, "to": OURS, "body": "hej"})
    assert [row.text async for row in port.messages(since)] == ["hej"]


async def test_a_recording_is_fetched_with_our_credentials_and_deleted(port: Provider, peer: fakes.Provider) -> None:
    sid = peer.add_recording(b"RIFF", call_sid="CA1")
    assert await port.recording(sid) == b"RIFF"
    await port.delete_recording(sid)
    await port.delete_recording(sid)
    assert peer.recordings == {}
    with pytest.raises(ProviderAway):
        await port.recording("RE404")


async def test_b21_media_come_from_the_provider_only_and_are_measured(port: Provider, peer: fakes.Provider) -> None:
    peer.media.update(
        {
            "ME1": b"jpeg",
            "ME2": "http://169.254.169.254/latest",
            "ME3": b"x" * (17 << 20),
            "ME5": "https://evil.example/x",
        }
    )
    assert await port.media("MM1", "ME1") == b"jpeg"
    for bad in ("ME2", "ME3", "ME4", "ME5"):
        with pytest.raises(ProviderAway):
            await port.media("MM1", bad)


async def test_b21_where_a_picture_is_said_to_lie_nobody_is_asked_unless_it_is_the_providers(
    port: Provider, peer: fakes.Provider
) -> None:
    asked: list[str] = []

    async def inside(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(body=b"of our own network")

    app = web.Application()
    app.router.add_get("/latest", inside)
    async with TestServer(app) as server:
        peer.media["ME1"] = str(server.make_url("/latest"))
        with pytest.raises(ProviderAway, match="not the provider's"):
            await port.media("MM1", "ME1")
    assert asked == []


async def test_a_browser_token_names_its_agent(port: Provider) -> None:
    import jwt

    claims = jwt.decode(port.browser_token("a01"), options={"verify_signature": False})
    assert claims["grants"]["identity"] == "a01"
    assert claims["grants"]["voice"]["outgoing"]["application_sid"] == "AP1"
