"""Administrators make, see and revoke the keys of other systems by a page."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest

from gateway.config import Config
from gateway.record import staff
from tests.fakes.house import House, open_house

EMAIL, PASSWORD, PAGE = "agent01@support.example", "correct horse battery", "/managers/keys"
SECRET = re.compile(r'<code class="secret">(swy_[\w-]+)</code>')


@pytest.fixture
async def house(config: Config) -> AsyncIterator[House]:
    async with open_house(config) as opened:
        await opened.hire("a01", PASSWORD, "admin")
        await opened.log_in(EMAIL, PASSWORD)
        yield opened


async def test_a_key_is_shown_once_opens_the_api_and_is_worth_nothing_once_revoked(house: House) -> None:
    fields = {"csrf": await house.csrf(PAGE), "name": "CRM", "role": "lead", "for": "a02"}
    made = await house.client.post(PAGE, data=fields)
    found = SECRET.search(await made.text())
    assert found, await made.text()
    assert made.headers["Cache-Control"] == "no-store"
    assert (await house.api("GET", "/cases", token=found[1]))[0] == 200
    shown = await (await house.client.get(PAGE)).text()
    assert found[1] not in shown
    assert "CRM" in shown
    revoke = re.search(rf'action="({PAGE}/\d+/revoke)"', shown)
    assert revoke
    csrf = {"csrf": await house.csrf(PAGE)}
    assert (await house.client.post(revoke[1], data=csrf)).status == 200
    assert (await house.api("GET", "/cases", token=found[1]))[0] == 401
    assert (await house.client.post(revoke[1], data=csrf)).status == 404
    done = await staff.acts(house.runtime.db)
    assert [(one["act"], one["actor_id"]) for one in done[:2]] == [("token_revoked", "a01"), ("token_created", "a01")]


@pytest.mark.parametrize("given", [("owner", ""), ("owner", "nobody"), ("agent", "nobody"), ("emperor", "")])
async def test_a_key_for_nobody_is_refused_beside_the_field(house: House, given: tuple[str, str]) -> None:
    fields = {"csrf": await house.csrf(PAGE), "name": "CRM", "role": given[0], "for": given[1]}
    answer = await house.client.post(PAGE, data=fields)
    page = await answer.text()
    assert answer.status == 422
    assert 'id="key-for-error"' in page
    assert 'value="CRM"' in page


async def test_managers_make_no_keys(house: House) -> None:
    await house.hire("a01", role="manager")
    await house.log_in(EMAIL, PASSWORD)
    assert (await house.client.get(PAGE)).status == 403
    assert f'href="{PAGE}"' not in await (await house.client.get("/managers")).text()
