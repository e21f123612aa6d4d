"""Log-in, sessions and rooms: who may enter, and that nobody posts what they did not mean."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from ipaddress import ip_network

import pyotp
import pytest
import redis

from gateway.clock import SetClock, SystemClock
from gateway.config import Config
from gateway.web.access import ROOMS, room_of
from gateway.web.login import Patience, onward
from tests.fakes.house import House, count, open_house

EMAIL, PASSWORD = "agent01@support.example", "correct horse battery"


@pytest.fixture
async def house(config: Config) -> AsyncIterator[House]:
    async with open_house(config) as opened:
        await opened.hire("a01", PASSWORD)
        yield opened


def cookie(house: House) -> str | None:
    found = [c.value for c in house.client.session.cookie_jar if c.key == "switchyard"]
    return found[0] if found else None


def plant(house: House, value: str) -> None:
    house.client.session.cookie_jar.update_cookies({"switchyard": value}, house.client.make_url("/"))


async def test_a_log_in_opens_the_console_and_a_log_out_closes_it(house: House) -> None:
    closed = await house.client.get("/console", allow_redirects=False)
    assert (closed.status, closed.headers["Location"]) == (303, "/login?next=/console")
    answer = await house.log_in(EMAIL, PASSWORD, next="/console")
    assert (answer.status, answer.headers["Location"]) == (303, "/console")
    assert cookie(house)
    assert await access_of(house) == 200
    csrf = await house.csrf("/login")
    await house.client.post("/logout", data={"csrf": csrf}, allow_redirects=False)
    assert await access_of(house) == 303
    assert await count(house.runtime.db, "sessions") == 0


async def access_of(house: House) -> int:
    return (await house.client.get("/console", allow_redirects=False)).status


async def test_b94_the_cookie_from_before_the_log_in_is_dead_after_it(house: House) -> None:
    await house.log_in(EMAIL, PASSWORD)
    first = cookie(house)
    await house.log_in(EMAIL, PASSWORD)
    second = cookie(house)
    assert first != second
    assert await count(house.runtime.db, "sessions") == 1
    house.client.session.cookie_jar.clear()
    plant(house, first or "")
    assert await access_of(house) == 303
    plant(house, "chosen-by-an-attacker")
    await house.log_in(EMAIL, PASSWORD)
    assert cookie(house) != "chosen-by-an-attacker"


async def test_the_record_knows_a_session_by_its_hash_alone(house: House) -> None:
    await house.log_in(EMAIL, PASSWORD)
    row = await house.runtime.db.row("SELECT id, data FROM sessions")
    assert row is not None
    assert bytes(row["id"]) == hashlib.sha256((cookie(house) or "").encode()).digest()
    assert (cookie(house) or "") not in str(row["data"])


async def test_a_session_survives_an_emptied_redis_and_ends_with_its_age(config: Config, redis_url: str) -> None:
    clock = SetClock(SystemClock().now())
    async with open_house(config, clock=clock) as house:
        await house.hire("a01", PASSWORD)
        await house.log_in(EMAIL, PASSWORD)
        with redis.Redis.from_url(redis_url) as store:
            store.flushdb()
        assert await access_of(house) == 200
        clock.forward(timedelta(hours=15))
        assert await access_of(house) == 200
        clock.forward(timedelta(hours=2))
        assert await access_of(house) == 303


async def test_a_wrong_log_in_says_the_same_whatever_was_wrong(house: House) -> None:
    for email, password in ((EMAIL, "wrong"), ("nobody@support.example", PASSWORD), ("", "")):
        answer = await house.log_in(email, password)
        assert answer.status == 403
        assert 'name="password"' in await answer.text()
    assert await count(house.runtime.db, "sessions") == 0


async def test_b99_many_wrong_passwords_lock_nobody_out(config: Config) -> None:
    async with open_house(config, patience=Patience(tries=5, delay=0.05, waiting=3)) as house:
        await house.hire("a01", PASSWORD)
        csrf = await house.csrf()
        wrong = {"email": EMAIL, "password": "wrong", "csrf": csrf}

        async def guess() -> int:
            return (await house.client.post("/login", data=wrong, allow_redirects=False)).status

        statuses = [await guess() for _ in range(8)]
        assert set(statuses) == {403}
        many = await asyncio.gather(*(guess() for _ in range(12)))
        assert 429 in many
        assert (await house.log_in(EMAIL, PASSWORD)).status == 303


async def test_a_second_factor_is_asked_for_where_there_is_one(house: House) -> None:
    secret = pyotp.random_base32()
    async with house.runtime.db.connection() as connection:
        await connection.execute("UPDATE agents SET totp_secret = %(s)s WHERE id = 'a01'", {"s": secret})
    assert (await house.log_in(EMAIL, PASSWORD)).status == 403
    assert (await house.log_in(EMAIL, PASSWORD, code="000000")).status == 403
    assert (await house.log_in(EMAIL, PASSWORD, code=pyotp.TOTP(secret).now())).status == 303


async def test_b98_a_post_from_elsewhere_is_403(house: House) -> None:
    fields = {"email": EMAIL, "password": PASSWORD, "csrf": await house.csrf()}
    for headers in (
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        answer = await house.client.post("/login", data=fields, headers=headers, allow_redirects=False)
        assert answer.status == 403, headers
    assert await count(house.runtime.db, "sessions") == 0


async def test_b98_a_post_without_the_pages_token_is_403(house: House) -> None:
    await house.csrf()
    for csrf in (None, "", "forged", "å"):
        fields = {"email": EMAIL, "password": PASSWORD} | ({"csrf": csrf} if csrf is not None else {})
        assert (await house.client.post("/login", data=fields, allow_redirects=False)).status == 403, csrf


async def test_b98_a_token_of_another_visitor_is_worth_nothing(house: House) -> None:
    theirs = await house.csrf()
    house.client.session.cookie_jar.clear()
    await house.csrf()
    fields = {"email": EMAIL, "password": PASSWORD, "csrf": theirs}
    assert (await house.client.post("/login", data=fields, allow_redirects=False)).status == 403


async def test_b98_no_page_may_be_framed_and_cookies_are_kept_from_scripts(house: House) -> None:
    answer = await house.client.get("/login")
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    entered = await house.log_in(EMAIL, PASSWORD)
    written = next(value for value in entered.headers.getall("Set-Cookie") if value.startswith("switchyard="))
    assert "HttpOnly" in written
    assert "SameSite=Lax" in written
    assert "Path=/" in written


async def test_b95_who_is_dismissed_is_out_at_the_next_request(house: House) -> None:
    await house.log_in(EMAIL, PASSWORD)
    assert await access_of(house) == 200
    async with house.runtime.db.connection() as connection:
        await connection.execute("UPDATE agents SET disabled_at = %(at)s WHERE id = 'a01'", {"at": SystemClock().now()})
    assert (await house.client.get("/console", headers={"HX-Request": "true"})).status == 403
    assert await access_of(house) == 303


async def test_behind_a_proxy_only_the_proxy_is_believed(config: Config) -> None:
    behind = config.model_copy(update={"trusted_proxies": (ip_network("127.0.0.1/32"),)})
    async with open_house(behind) as house:
        assert (await house.client.get("/login")).status == 400
        told = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"}
        answer = await house.client.get("/login?theme=dark", headers=told)
        assert answer.status == 200
        assert "Secure" in answer.headers.getall("Set-Cookie")[0]
        forged = {"X-Forwarded-For": "198.51.100.1, 203.0.113.7"}
        assert (await house.client.get("/login", headers=forged)).status == 400
        assert (await house.client.get("/readyz")).status == 200


async def test_a_room_of_others_is_403(house: House) -> None:
    await house.log_in(EMAIL, PASSWORD)
    assert (await house.client.get("/managers")).status == 403
    await house.hire("a01", role="manager")
    assert (await house.client.get("/managers")).status != 403


async def test_every_route_lies_in_a_room_and_every_closed_one_asks_for_a_log_in(house: House) -> None:
    for resource in house.app.router.resources():
        path = resource.canonical.replace("{", "").replace("}", "")
        room = room_of(path)
        assert room is not None, path
        if room.roles is not None:
            answer = await house.client.get(path, allow_redirects=False)
            assert answer.status in (303, 405), path


def test_what_no_room_covers_does_not_exist() -> None:
    assert room_of("/admin") is None
    assert room_of("/console2") is None
    assert room_of("/api/v2/cases") is None
    assert {room.path for room in ROOMS if room.roles} >= {"/console", "/managers"}


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("/console/cases/1042-9?x=1", "/console/cases/1042-9?x=1"),
        (None, "/console"),
        ("//evil.example", "/console"),
        ("/\\evil.example", "/console"),
        ("https://evil.example", "/console"),
        ("/a\r\nSet-Cookie: x=1", "/console"),
        ("javascript:alert(1)", "/console"),
    ],
)
def test_after_the_log_in_one_stays_in_the_house(asked: str | None, given: str) -> None:
    assert onward(asked) == given


async def test_whoever_may_not_enter_reads_so_and_finds_the_way_back(house: House) -> None:
    await house.hire("a01", PASSWORD)
    await house.log_in(EMAIL, PASSWORD)
    shown = await (await house.client.get("/managers")).text()
    assert "Den här sidan är inte för dig." in shown
    assert 'href="/console"' in shown
    assert "öppen för länge" not in shown
    shown = await (await house.client.post("/console/activity", data={"csrf": "stale"})).text()
    assert "Sidan var öppen för länge" in shown
    assert "inte för dig" not in shown
    assert 'href="/console"' in shown
