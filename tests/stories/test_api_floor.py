"""Queues, agents, offers, figures and live news by API, and the description of it all."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import get_args

import pytest
from aiohttp import ClientResponse

from gateway import dispatch
from gateway.config import Config
from gateway.figures import measures
from gateway.people.tokens import create
from gateway.web.api.floor import DIMENSIONS
from gateway.web.api.table import ENDPOINTS, Rates
from tests.fakes.house import House, open_house


async def test_every_queue_is_listed_with_what_waits_in_it(house: House) -> None:
    await house.report("Fakturan stämmer inte, jag har betalat två gånger")
    status, page = await house.api("GET", "/queues")
    assert (status, page["next"]) == (200, None)
    queues = {queue["name"]: queue for queue in page["items"]}
    assert set(queues) == {"emergency", "helpdesk", "billing", "operations", "field", "review"}
    assert (queues["billing"]["open"], queues["billing"]["waiting"]) == (1, 1)
    assert queues["billing"]["by_priority"] == {"P4": 1}
    assert queues["billing"]["waiting_since"]
    assert (queues["field"]["open"], queues["field"]["waiting_since"]) == (0, None)


async def test_an_agent_says_what_they_do_and_is_offered_work(house: House, config: Config) -> None:
    token = await create(config, "agent", "a01")
    receipt = await house.report("Laddaren startar inte", charger="21007", language="sv")
    status, agent = await house.api("POST", "/agents/me/activity", {"activity": "available"}, token=token)
    assert (status, agent["id"], agent["activity"]) == (200, "a01", "available")
    assert await dispatch.sweep(house.runtime) == 1
    status, page = await house.api("GET", "/offers", token=token)
    (offer,) = page["items"]
    assert (status, offer["case"], offer["agent"]) == (200, receipt["case"], "a01")
    assert offer["expires_at"] > offer["offered_at"]
    status, answered = await house.api("POST", f"/offers/{offer['id']}/accept", {}, token=token)
    assert (status, answered) == (200, {"status": "accepted", "case": receipt["case"]})
    assert (await house.case(receipt["case"]))["assignee"] == "a01"
    assert (await house.api("GET", "/offers", token=token))[1]["items"] == []


async def test_an_offer_of_others_does_not_exist(house: House, config: Config) -> None:
    mine, theirs = await create(config, "agent", "a01"), await create(config, "agent", "a02")
    await house.report("Laddaren startar inte", charger="21007", language="sv")
    await house.api("POST", "/agents/me/activity", {"activity": "available"}, token=mine)
    assert await dispatch.sweep(house.runtime) == 1
    (offer,) = (await house.api("GET", "/offers", token=mine))[1]["items"]
    for verb in ("accept", "decline"):
        assert (await house.api("POST", f"/offers/{offer['id']}/{verb}", {}, token=theirs))[0] == 404
        assert (await house.api("POST", f"/offers/99999/{verb}", {}, token=mine))[0] == 404
        assert (await house.api("POST", f"/offers/x/{verb}", {}, token=mine))[0] == 404
    assert (await house.api("POST", f"/offers/{offer['id']}/decline", {}, token=mine))[0] == 200
    assert (await house.api("POST", f"/offers/{offer['id']}/accept", {}, token=mine))[0] == 422


async def test_agents_are_listed_without_their_secrets(house: House) -> None:
    status, page = await house.api("GET", "/agents")
    assert (status, len(page["items"])) == (200, 24)
    assert set(page["items"][0]) == {
        "id",
        "name",
        "role",
        "line",
        "languages",
        "skills",
        "queues",
        "region",
        "activity",
        "activity_at",
    }


async def test_an_unknown_activity_is_refused(house: House) -> None:
    for body in ({"activity": "asleep"}, {}, {"activity": "away", "x": 1}):
        assert (await house.api("POST", "/agents/me/activity", {"as": "a01", **body}))[0] == 422, body


async def test_measures_tell_value_formula_and_denominator(house: House) -> None:
    sender = {"email": "therese@example.net"}
    receipt = await house.report("Laddaren startar inte", charger="21007", **{"from": sender})
    await house.api("POST", f"/cases/{receipt['case']}/reply", {"as": "a01", "text": "Vi tittar på det."})
    assert get_args(DIMENSIONS) == measures.DIMENSIONS
    for by in measures.DIMENSIONS:
        status, page = await house.api("GET", f"/measures?by={by}")
        assert status == 200, page
        assert page["items"], by
        assert all(item["formula"] for item in page["items"])
    assert any(item["denominator"] == 1 for item in page["items"])


async def test_measures_of_an_impossible_period_are_400(house: House) -> None:
    backwards = "from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z"
    for query in ("by=mood", "from=yesterday", backwards, "from=2026-01-01"):
        assert (await house.api("GET", f"/measures?{query}"))[0] == 400, query


async def test_an_agents_token_reads_no_managers_figures(house: House, config: Config) -> None:
    token = await create(config, "agent", "a01")
    assert (await house.api("GET", "/measures", token=token))[0] == 403
    assert (await house.api("POST", "/alarms", {"id": "a", "charger": "21007"}, token=token))[0] == 403


async def test_news_of_a_case_arrive_live_and_hold_no_words(house: House) -> None:
    headers = {"Authorization": f"Bearer {house.admin}"}
    async with house.client.get("/api/v1/events", headers=headers) as stream:
        assert stream.content_type == "text/event-stream"
        assert (await heard(stream))["event"] == "hello"
        receipt = await house.report("Hemlig text om laddaren", charger="21007")
        news = await heard(stream)
        assert (news["event"], json.loads(news["data"])) == ("case", {"case": receipt["case"]})


async def test_b95_a_stream_ends_when_its_token_does(house: House, config: Config) -> None:
    token = await create(config, "agent", "a01")
    async with house.client.get("/api/v1/events", headers={"Authorization": f"Bearer {token}"}) as stream:
        await heard(stream)
        async with house.runtime.db.connection() as connection:
            now = house.runtime.clock.now()
            await connection.execute("UPDATE tokens SET revoked_at = %(now)s", {"now": now})
        async with asyncio.timeout(10):
            await stream.content.read()


async def heard(stream: ClientResponse) -> dict[str, str]:
    """The next event of a stream."""
    event: dict[str, str] = {}
    async with asyncio.timeout(10):
        async for line in stream.content:
            text = line.decode().rstrip("\r\n")
            if not text and event:
                return event
            name, _, value = text.partition(": ")
            if name:
                event[name] = value
    raise AssertionError("the stream ended")


async def test_the_description_names_every_endpoint_and_answers_everybody(house: House) -> None:
    answer = await house.client.get("/api/v1/openapi.json")
    document = await answer.json()
    assert document["openapi"].startswith("3.1")
    described = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    assert described == {(endpoint.method, f"/api/v1{endpoint.path}") for endpoint in ENDPOINTS}


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(("--exclude-path", "/api/v1/events"), marks=pytest.mark.long, id="all"),
        pytest.param(("--include-path", "/api/v1/alarms"), id="alarms"),
    ],
)
async def test_the_api_keeps_to_its_description_whatever_it_is_sent(
    config: Config, tmp_path: Path, part: tuple[str, str]
) -> None:
    """All but the stream, which does not end, as a manager; alarms, which are not a manager's, as their platform.
    Nobody is told to wait, which would hide all other answers."""
    role = ("platform",) if "alarms" in part[1] else ("manager", "a01")
    async with open_house(config, rates=Rates(reports=100_000, others=100_000)) as house:
        token = await create(config, *role)
        await house.report("Laddaren startar inte", charger="21007", **{"from": {"email": "therese@example.net"}})
        url = str(house.client.make_url("/api/v1/openapi.json"))
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "schemathesis.cli",
            "run",
            url,
            "--header",
            f"Authorization: Bearer {token}",
            *part,
            "--checks",
            "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
            "--max-examples",
            "3" if "events" in part[1] else "30",
            "--generation-deterministic",
            "--phases",
            "coverage,fuzzing",
            "--suppress-health-check",
            "all",
            "--no-color",
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()[-6000:]
