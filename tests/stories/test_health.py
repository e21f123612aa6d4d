"""Whether a process lives and can work: told to whoever asks, and degraded is not down."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.clock import SetClock
from gateway.config import Config
from gateway.settings import Mailbox
from gateway.web import neighbours
from gateway.web.keys import STOPPING
from tests.fakes.house import House, open_house
from tests.fakes.s3 import BUCKET, Bucket
from tests.fakes.wire import wire

TLS = Path(__file__).parents[1] / "data" / "tls"


async def test_a_healthy_process_is_alive_and_ready(house: House) -> None:
    assert (await house.client.get("/healthz")).status == 200
    answer = await house.client.get("/readyz")
    body = await answer.json()
    assert (answer.status, body["status"]) == (200, "ok")
    assert {"postgresql", "redis", "spool"} <= set(body["checks"])
    for check in body["checks"].values():
        assert set(check) == {"ok", "detail", "ms"}
        assert check["ok"] is True


async def test_without_postgresql_a_process_is_starting_until_it_answered_once_and_degraded_afterwards(
    config: Config, database_url: str
) -> None:
    async with wire(database_url) as line:
        await line.cut()
        async with open_house(config, database_url=line.url) as house:
            answer = await house.client.get("/readyz")
            assert (answer.status, (await answer.json())["status"]) == (503, "starting")
            assert (await house.client.get("/healthz")).status == 200
            await line.mend()
            while (await house.client.get("/readyz")).status != 200:
                pass
            await line.cut()
            answer = await house.client.get("/readyz")
            body = await answer.json()
            assert (answer.status, body["status"]) == (200, "degraded")
            assert body["checks"]["postgresql"]["ok"] is False


async def test_without_redis_a_process_is_degraded(config: Config) -> None:
    lost = config.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"})
    async with open_house(lost) as house:
        answer = await house.client.get("/readyz")
        assert (answer.status, (await answer.json())["status"]) == (200, "degraded")
        receipt = await house.report("Laddaren startar inte", charger="21007")
        assert receipt["outcome"] == "opened"


async def test_a_provider_or_mailbox_that_is_away_is_named_and_no_reason_to_be_down(config: Config) -> None:
    away = {
        "twilio_account_sid": "AC" + "0" * 32,
        "twilio_api_url": "http://127.0.0.1:1",
        "outbound_smtp_url": "smtp://127.0.0.1:1",
        "imap_urls": (Mailbox(host="127.0.0.1", port=1, tls=False, user="u", password="p"),),
    }
    async with open_house(config.model_copy(update=away)) as house:
        answer = await house.client.get("/readyz")
        body = await answer.json()
        assert (answer.status, body["status"]) == (200, "degraded")
        wrong = {name for name, check in body["checks"].items() if not check["ok"]}
        assert wrong == {"provider", "on_call", "mail_relay", "mailbox_1"}


async def test_a_store_of_files_that_is_away_is_named_and_what_has_none_is_taken_in(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = Bucket()
    await bucket.server.start_server()
    for name, value in bucket.environ().items():
        monkeypatch.setenv(name, value)
    try:
        async with open_house(config.model_copy(update={"blob_url": f"s3://{BUCKET}"})) as house:
            for _ in range(3):
                assert (await (await house.client.get("/readyz")).json())["checks"]["files"]["ok"]
            assert bucket.asked == 1, "whoever asks us does not make us ask others"
            monkeypatch.setattr(neighbours, "LASTING", 0.0)
            bucket.mood = "hangs"
            body = await (await house.client.get("/readyz")).json()
            assert (body["status"], body["checks"]["files"]["ok"]) == ("degraded", False)
            assert (await house.report("Laddaren startar inte", charger="21007"))["outcome"] == "opened"
            bucket.mood = "well"
    finally:
        await bucket.server.close()


@pytest.mark.parametrize("days", [15, 13])
async def test_f33_a_certificate_that_ends_within_14_days_is_a_fault_ours_too(
    config: Config, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(TLS / "cert.pem"))
    shown = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    shown.load_cert_chain(TLS / "cert.pem", TLS / "key.pem")
    async with await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=shown) as server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        given = {"twilio_account_sid": "AC" + "a" * 32, "twilio_api_url": url, "public_url": url}
        clock = SetClock(datetime(2126, 10, 29, 16, 0, tzinfo=UTC) - timedelta(days=days))
        async with open_house(config.model_copy(update=given), clock=clock) as house:
            checks = (await (await house.client.get("/readyz")).json())["checks"]
    found = {name: (checks[name]["ok"], checks[name]["detail"]) for name in ("provider", "public_url")}
    assert found == dict.fromkeys(found, (True, "answers") if days > 14 else (False, "its certificate ends 2126-10-29"))


async def test_f33_our_own_door_that_is_not_seen_from_inside_is_no_fault_and_a_bad_certificate_is(
    config: Config,
) -> None:
    shown = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    shown.load_cert_chain(TLS / "cert.pem", TLS / "key.pem")
    async with await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=shown) as server:
        port = server.sockets[0].getsockname()[1]
        for url, ok in (("https://127.0.0.1:1", True), (f"https://127.0.0.1:{port}", False)):
            async with open_house(config.model_copy(update={"public_url": url})) as house:
                checks = (await (await house.client.get("/readyz")).json())["checks"]
            assert checks["public_url"]["ok"] is ok, checks["public_url"]


async def test_a_stopping_process_is_draining(house: House) -> None:
    house.app[STOPPING].set()
    answer = await house.client.get("/readyz")
    assert (answer.status, (await answer.json())["status"]) == (503, "draining")


async def test_the_figures_count_answers_by_route_and_never_by_what_was_asked(house: House) -> None:
    await house.client.get("/s/secret-token-of-somebody")
    text = await (await house.client.get("/metrics")).text()
    assert 'route="/s/{token}",status="404"' in text
    assert "secret-token" not in text


async def test_probes_answer_whoever_asks_by_whatever_name(house: House) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        assert (await house.client.get(path, headers={"Host": "10.1.2.3:8080"})).status == 200


async def test_what_does_not_exist_is_404_in_the_way_of_its_door(house: House) -> None:
    for path in ("/nothing", "/api/v1/nothing", "/console2", "/.env", "/twilio/nothing"):
        answer = await house.client.get(path)
        assert answer.status == 404, path
        if path.startswith("/api/"):
            assert answer.content_type == "application/problem+json"
            assert (await answer.json())["status"] == 404


async def test_a_method_that_is_not_offered_is_405(house: House) -> None:
    answer = await house.client.delete("/api/v1/cases")
    assert answer.status == 405
    assert "GET" in answer.headers["Allow"]
    assert (await house.client.put("/report")).status == 405
