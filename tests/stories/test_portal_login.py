"""The portal's other way in: a password and a one-time code; and the papers of the work, for their owner alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pyotp
import pytest

from gateway.clock import SetClock
from gateway.config import Config
from tests.fakes.house import House, open_house
from tests.stories.test_portal import FATIMA, MEI, NOW, THERESE, Visitor, browser, visiting

PASSWORD = "en lugn kväll vid laddaren"


@pytest.fixture
async def house(config: Config) -> AsyncIterator[House]:
    async with open_house(config, clock=SetClock(NOW)) as opened:
        yield opened


async def log_in(visitor: Visitor, **fields: str) -> int:
    return (await visitor.post("/portal/login", {"email": MEI, **fields}, "/portal/login")).status


async def test_a_password_and_a_one_time_code_let_in_beside_the_link(house: House) -> None:
    clock: Any = house.runtime.clock
    async with visiting(house, MEI) as mei, visiting(house, MEI) as elsewhere:
        me = "/portal/me"
        assert "totp" not in await mei.get(me)
        assert (await mei.post("/portal/me/totp/begin", {}, me)).status == 403
        for fields in ({"new": "short", "again": "short"}, {"new": PASSWORD, "again": "another one here"}):
            assert (await mei.post("/portal/me/password", fields, me)).status == 422
        clock.forward(timedelta(seconds=5))
        assert (await mei.post("/portal/me/password", {"new": PASSWORD, "again": PASSWORD}, me)).status == 303
        await mei.get("/portal")
        await elsewhere.get("/portal", 303)  # logged out everywhere else
        assert (await mei.post("/portal/me/password", {"new": "x" * 20, "again": "x" * 20}, me)).status == 422
        async with browser(house) as client:
            visitor = Visitor(client)
            assert await log_in(visitor, password="wrong") == 403
            assert await log_in(visitor, password=PASSWORD) == 303
            assert "BRF Solrosen" in await visitor.get("/portal")
        assert (await mei.post("/portal/me/totp/begin", {"old": "wrong"}, me)).status == 422
        assert (await mei.post("/portal/me/totp/begin", {"old": PASSWORD}, me)).status == 303
        row = await house.runtime.db.row("SELECT totp_pending FROM owner_users WHERE email = %(e)s", {"e": MEI})
        assert row
        totp = pyotp.TOTP(row["totp_pending"])
        assert (await mei.post("/portal/me/totp/confirm", {"code": "000000"}, me)).status == 422
        assert (await mei.post("/portal/me/totp/confirm", {"code": totp.at(clock.now())}, me)).status == 303
        assert "Den andra faktorn gäller" in await mei.get("/portal/me?done=totp_set")
        clock.forward(timedelta(seconds=60))
        async with browser(house) as client:
            visitor = Visitor(client)
            assert await log_in(visitor, password=PASSWORD) == 403
            code = totp.at(clock.now())
            assert await log_in(visitor, password="wrong", code=code) == 403
            assert await log_in(visitor, password=PASSWORD, code=code) == 303
            assert await log_in(visitor, password=PASSWORD, code=code) == 403  # good once
        assert (await mei.post("/portal/me/totp/end", {"old": PASSWORD}, me)).status == 303
        async with browser(house) as client:
            assert await log_in(Visitor(client), password=PASSWORD) == 303


async def test_nobody_learns_from_a_password_who_is_registered(house: House) -> None:
    async with browser(house) as client:
        visitor = Visitor(client)
        told = set()
        for email in (MEI, "stranger@example.net"):
            answer = await visitor.post("/portal/login", {"email": email, "password": PASSWORD}, "/portal/login")
            told.add(
                (answer.status, (await answer.text()).replace(email, "").partition("<h1>")[2].partition("<form")[0])
            )
        assert len(told) == 1


async def test_b83_the_papers_of_the_work_are_read_by_their_owner_and_no_other(house: House) -> None:
    number = (await house.report("Laddaren startar inte", charger="21007", **{"from": THERESE}))["case"]
    headers = {"Authorization": f"Bearer {house.admin}", "Content-Type": "application/pdf"}
    path = f"/api/v1/cases/{number}/documents?name=protokoll.pdf&as=a01"
    async with house.client.post(path, data=b"%PDF-1.7 provat", headers=headers) as answer:
        assert answer.status == 201
        document = (await answer.json())["id"]
    done = {"as": "a01", "disposition": "solved_on_site", "text": "Ny kontaktor."}
    assert (await house.api("POST", f"/cases/{number}/conclude", done))[0] == 200
    async with visiting(house, MEI) as mei, visiting(house, FATIMA) as fatima:
        card = await mei.get("/portal/sites/s001")
        assert "Ny kontaktor." in card
        assert f"/portal/documents/{document}" in card
        assert f"/portal/documents/{document}" in await mei.get(f"/portal/cases/{number}")
        taken = await mei.client.get(f"/portal/documents/{document}")
        assert (taken.status, await taken.read()) == (200, b"%PDF-1.7 provat")
        assert taken.headers["Content-Disposition"].startswith("attachment")
        await fatima.get(f"/portal/documents/{document}", 404)
        await mei.get("/portal/documents/999999", 404)
