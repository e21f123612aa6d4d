"""Remote help by API and on the timeline; the readable page about the API; addresses in bodies that nobody follows."""

from __future__ import annotations

import re
from html import unescape

import pytest

from channels.report import RemoteAct, RemoteAnswer
from gateway.chargers import CarefulChargers
from gateway.config import Config
from gateway.people.tokens import create
from gateway.web.api.table import ENDPOINTS
from tests.fakes.house import House, count
from tests.stories.test_following import Obedient, fleet


async def test_an_agent_s_system_asks_the_charger_and_the_timeline_tells_who_why_and_what_came_of_it(
    house: House, config: Config
) -> None:
    token = await create(config, "agent", "a01")
    number = (await house.report("Laddaren startar inte", charger="21007"))["case"]
    status, now = await house.api("GET", f"/cases/{number}/charger", token=token)
    assert (status, now["charger"]) == (200, "21007")
    assert set(now["acts"]) == {act.value for act in RemoteAct}
    told = {}
    for act in RemoteAct:
        body = {"act": act.value} | ({"connector": 1} if act is RemoteAct.UNLOCK else {})
        status, answered = await house.api("POST", f"/cases/{number}/remote", body, token=token)
        assert status == 200, answered
        told[act.value] = answered["answer"]
    case = await house.case(number)
    entries = [entry for entry in case["timeline"] if entry["kind"] == "remote_action"]
    assert {entry["data"]["act"]: entry["data"]["answer"] for entry in entries} == told
    for entry in entries:
        assert entry["actor"] == {"kind": "agent", "id": "a01"}
        assert entry["data"]["why"] == "no_start"
        assert entry["data"]["before"]
        assert entry["text"]


async def test_what_cannot_be_asked_is_refused_with_a_reason(house: House, config: Config) -> None:
    token = await create(config, "agent", "a01")
    number = (await house.report("Laddaren startar inte", charger="21007"))["case"]
    placeless = (await house.report("Min faktura är fel", **{"from": {"email": "a@example.net"}}))["case"]
    for body in (
        {"act": "unlock"},
        {"act": "explode"},
        {},
        {"act": "restart", "x": 1},
        {"act": "unlock", "connector": 0},
    ):
        assert (await house.api("POST", f"/cases/{number}/remote", body, token=token))[0] == 422, body
    assert (await house.api("GET", f"/cases/{placeless}/charger", token=token))[0] == 404
    assert (await house.api("POST", f"/cases/{placeless}/remote", {"act": "restart"}, token=token))[0] == 422
    owner = await create(config, "owner", "o001")
    assert (await house.api("POST", f"/cases/{number}/remote", {"act": "restart"}, token=owner))[0] == 403


async def test_danger_forbids_every_act_to_agents_and_callers(house: House, config: Config) -> None:
    token = await create(config, "agent", "a01")
    number = (await house.report("Laddaren startar inte", charger="21007"))["case"]
    back_end = Obedient()
    fleet(house, back_end)

    class Simple(Obedient):
        async def restart(self, charger: str) -> RemoteAnswer:
            return await self.act(charger, RemoteAct.RESTART)

        async def unlock(self, charger: str, connector: int) -> RemoteAnswer:
            return await self.act(charger, RemoteAct.UNLOCK, connector)

    called = Simple()
    careful = CarefulChargers(called, house.runtime.db)
    assert await careful.unlock("21007", 1) is RemoteAnswer.UNLOCKED
    await house.report("Det ryker ur en laddare, jag ser lågor", site="s001")
    assert await careful.unlock("21007", 1) is RemoteAnswer.REJECTED
    assert await careful.restart("21007") is RemoteAnswer.REJECTED
    assert len(called.asked) == 1
    for act in RemoteAct:
        body = {"act": act.value, "connector": 1}
        assert (await house.api("POST", f"/cases/{number}/remote", body, token=token))[0] == 422, act
    assert back_end.asked == []


async def test_the_readable_page_tells_every_endpoint_and_field(house: House) -> None:
    for language in ("sv", "en"):
        answer = await house.client.get(f"/api?language={language}")
        page = await answer.text()
        assert answer.status == 200
        for endpoint in ENDPOINTS:
            assert f"<b>{endpoint.method}</b> /api/v1{endpoint.path}" in page, endpoint.path
        assert "Idempotency-Key" in page
        assert "<code>from.phone</code>" in page
        assert "<code>items[].reasons.place[].code</code>" in page or "<code>items[].reasons" in page


async def test_the_readable_page_says_which_of_its_words_are_english(house: House) -> None:
    page = await (await house.client.get("/api?language=sv")).text()
    english = re.findall(r'<(p|span)[^>]* lang="en">(.*?)</\1>', page, re.DOTALL)
    other = unescape(re.sub(r'<(p|span)[^>]* lang="en">.*?</\1>', "", page, flags=re.DOTALL))
    assert page.count('lang="en"') - page.count('hreflang="en"') == len(english), "of nothing that holds both"
    for endpoint in ENDPOINTS:
        assert endpoint.summary in unescape(str(english))
        assert endpoint.summary not in other


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:1/x",
        "http://[::1]/x",
        "http://169.254.169.254/latest/meta-data",
        "http://localtest.me/x",
        "file:///etc/passwd",
        "gopher://x",
    ],
)
async def test_b88_an_address_in_a_body_is_refused_as_a_field_and_never_followed_as_words(
    house: House, address: str
) -> None:
    headers = {"Idempotency-Key": "one"}
    for field in ("attachments", "attachment_url", "webhook", "callback_url", "photo"):
        status, problem = await house.api("POST", "/reports", {"text": "hej", field: address}, headers=headers)
        assert (status, field in problem["fields"]) == (422, True)
    alarm = {"id": "a", "charger": "21007", "status": "Faulted", "callback_url": address}
    assert (await house.api("POST", "/alarms", alarm))[0] == 422
    assert await count(house.runtime.db, "reports") == 0
    receipt = await house.report(f"Se {address} för en bild av laddaren")
    case = await house.case(receipt["case"])
    assert case["reports"][0]["attachments"] == []
