"""The verbs by API: who was first wins, what is missing is named, and what one may not see does not exist."""

from __future__ import annotations

import asyncio

import pytest

from gateway.config import Config
from gateway.people.tokens import UnknownRole, create, everyone, hashed, revoke
from gateway.record import agents
from gateway.web.api.desk import VERBS
from tests.fakes.house import House

SENDER = {"name": "Therese Wik", "email": "therese@example.net"}
BODIES = {
    "claim": {},
    "release": {},
    "reply": {"text": "Hej"},
    "note": {"text": "Ringde"},
    "hand_over": {"to": "billing", "reason": "Faktura"},
    "escalate": {"reason": "Behöver loggar"},
    "wait": {"until": "2099-01-01T00:00:00Z", "reason": "Väntar på svar"},
    "call": {},
    "correct": {"category": "slow", "reason": "Hörde fel"},
    "plan_visit": {"from": "2099-01-01T08:00:00Z", "until": "2099-01-01T10:00:00Z", "agent": "a20"},
    "analyse": {"component": "lock", "cause": "Sliten", "evidence": "Tio försök", "reproduced": True},
    "refer": {"title": "Manual", "url": "https://maker.example/manual"},
    "unrefer": {"reference": 1},
    "propose": dict.fromkeys(("fault", "parts", "tools", "access", "safety"), "beskrivet"),
    "send_back": {"reason": "Saknar loggar"},
    "book_visit": {"time": 1},
    "cancel_visit": {"reason": "Delen kom inte"},
    "perform_visit": {"work": "Bytte kontaktor", "verified": True},
    "conclude": {"disposition": "explained", "text": "Klart"},
    "confirm": {"solved": True},
    "reopen": {"reason": "Kom tillbaka"},
    "attach": {"report": 1},
    "detach": {"report": 1},
    "split": {"reports": [1]},
    "part": {"address": "anna@example.com"},
}


@pytest.fixture
async def number(house: House) -> str:
    receipt = await house.report("Laddaren startar inte alls", charger="21007", **{"from": SENDER})
    return str(receipt["case"])


async def test_b92_of_many_who_claim_at_once_exactly_one_wins(house: House, number: str) -> None:
    everyone = [agent.id for agent in await agents.everyone(house.runtime.db)][:20]
    answers = await asyncio.gather(*(house.api("POST", f"/cases/{number}/claim", {"as": agent}) for agent in everyone))
    won = [body for status, body in answers if status == 200]
    lost = [body for status, body in answers if status == 409]
    assert (len(won), len(lost)) == (1, len(everyone) - 1)
    assert won[0]["assignee"] in everyone
    assert {problem["assignee"] for problem in lost} == {won[0]["assignee"]}
    assert all(problem["since"] for problem in lost)
    case = await house.case(number)
    assert [entry["kind"] for entry in case["timeline"]].count("claimed") == 1


async def test_a_case_goes_from_claim_to_closed(house: House, number: str) -> None:
    me = {"as": "a01"}
    for verb, body, status in (
        ("claim", {}, "assigned"),
        ("note", {"text": "Ringde, inget svar"}, "assigned"),
        ("reply", {"text": "Vi startar om laddaren nu."}, "assigned"),
        ("wait", {"until": "2099-01-01T00:00:00+01:00", "reason": "Kunden provar i kväll"}, "waiting"),
        ("conclude", {"disposition": "solved_remotely", "text": "Omstarten hjälpte."}, "concluded"),
        ("confirm", {"solved": True}, "closed"),
        ("reopen", {"reason": "Felet kom tillbaka"}, "open"),
    ):
        code, case = await house.api("POST", f"/cases/{number}/{verb}", {**me, **body})
        assert (code, case["status"]) == (200, status), (verb, case)
    kinds = [entry["kind"] for entry in case["timeline"]]
    assert kinds.count("first_response") == 1
    assert case["timeline"][0]["text"]
    noted = next(entry for entry in case["timeline"] if entry["kind"] == "note")
    assert "Ringde, inget svar" in noted["text"]
    assert "Ringde" not in str(noted["data"])


LACKING: list[tuple[str, dict[str, object], str]] = [
    ("note", {}, "text"),
    ("note", {"text": " \n "}, "text"),
    ("conclude", {"text": "Klart"}, "disposition"),
    ("conclude", {"disposition": "magic", "text": "Klart"}, "disposition"),
    ("hand_over", {"to": "nowhere", "reason": "x"}, "to"),
    ("wait", {"until": "2001-01-01T00:00:00Z", "reason": "x"}, "until"),
    ("wait", {"until": "2099-01-01T00:00:00", "reason": "x"}, "until"),
    ("correct", {"category": "unheard", "reason": "x"}, "category"),
    ("correct", {"charger": "99999", "reason": "x"}, "charger"),
    ("attach", {}, "case"),
    ("attach", {"case": "1042-1"}, "case"),
    ("note", {"text": "x", "role": "admin"}, "role"),
    ("claim", {"assignee": "a02"}, "assignee"),
]


async def test_what_is_missing_or_unknown_is_named(house: House, number: str) -> None:
    for verb, body, missing in LACKING:
        status, problem = await house.api("POST", f"/cases/{number}/{verb}", {"as": "a01", **body})
        assert status == 422, (verb, body, problem)
        assert missing in problem["fields"], (verb, body, problem)


async def test_the_third_line_gets_a_case_with_a_whole_proposal_alone(house: House, number: str) -> None:
    await house.api("POST", f"/cases/{number}/escalate", {"as": "a01", "reason": "Loggarna säger inget"})
    thin = {"as": "a01", "reason": "Byt kontaktor", "proposal": {"fault": "Kontaktor K1"}}
    status, problem = await house.api("POST", f"/cases/{number}/escalate", thin)
    assert (status, sorted(problem["fields"])) == (
        422,
        ["proposal.access", "proposal.parts", "proposal.safety", "proposal.tools"],
    )
    whole = dict.fromkeys(("fault", "parts", "tools", "access", "safety"), "beskrivet")
    status, case = await house.api("POST", f"/cases/{number}/escalate", {**thin, "proposal": whole})
    assert (status, case["line"], case["queue"]) == (200, 3, "field")


async def test_a_fault_analysis_stands_beside_the_case_and_is_the_fault_of_a_proposal_without_one(
    house: House, number: str
) -> None:
    await house.api("POST", f"/cases/{number}/escalate", {"as": "a01", "reason": "Loggarna säger inget"})
    found = {"as": "a01", "component": "contactor", "fault_code": "CX017", "cause": "Kontaktor K1 är svetsad"}
    for lacking in ({}, {"evidence": "Logg", "reproduced": True, "component": "flux"}):
        assert (await house.api("POST", f"/cases/{number}/analyse", {**found, **lacking}))[0] == 422
    proposal = dict.fromkeys(("parts", "tools", "access", "safety"), "beskrivet")
    onward = {"as": "a01", "reason": "Byt kontaktor", "proposal": proposal}
    status, problem = await house.api("POST", f"/cases/{number}/escalate", onward)
    assert (status, list(problem["fields"])) == (422, ["proposal.fault"])
    for reproduced in (False, True):
        given = {**found, "evidence": "Loggen visar fast läge", "reproduced": reproduced}
        status, case = await house.api("POST", f"/cases/{number}/analyse", given)
        assert (status, case["analysis"]["reproduced"], case["analysis"]["agent_id"]) == (200, reproduced, "a01")
    told = [entry["data"] for entry in case["timeline"] if entry["kind"] == "analysed"]
    assert len(told) == 2
    assert {"component": "contactor", "fault_code": "CX017", "reproduced": True}.items() <= told[-1].items()
    assert "svetsad" not in str(told), "words stand in a table of their own"
    status, case = await house.api("POST", f"/cases/{number}/escalate", onward)
    assert (status, case["line"], case["proposal"]["fault"]) == (200, 3, "Kontaktor K1 är svetsad")
    assert case["analysis"]["evidence"] == "Loggen visar fast läge", "and the 3rd line reads it"


async def test_what_the_maker_tells_is_kept_for_every_case_of_the_model(house: House, number: str) -> None:
    await house.api("POST", f"/cases/{number}/correct", {"as": "a01", "charger": "21007", "reason": "hon ringde"})
    for wrong in ("http://maker.example/a", "https://user:secret@maker.example/a", "javascript:alert(1)", "https:// x"):
        given = {"as": "a01", "title": "Felkoder", "url": wrong}
        status, problem = await house.api("POST", f"/cases/{number}/refer", given)
        assert (status, list(problem["fields"])) == (422, ["url"]), wrong
    for title in ("Felkoder", "Felkoder, utgåva 2"):
        given = {"as": "a01", "title": title, "url": "https://maker.example/codes"}
        assert (await house.api("POST", f"/cases/{number}/refer", given))[0] == 200
    directory = house.runtime.directory()
    own = directory.chargers["21007"]
    alike = [one.id for one in directory.chargers.values() if (one.vendor, one.model) == (own.vendor, own.model)]
    strange = next(one.id for one in directory.chargers.values() if one.model != own.model)
    linked, elsewhere = [
        (await house.case((await house.report(f"Laddare {one} startar inte", charger=one))["case"]))
        for one in (alike[-1], strange)
    ]
    (reference,) = linked["references"]
    assert (reference["title"], reference["agent_id"]) == ("Felkoder, utgåva 2", "a01")
    assert elsewhere["references"] == []
    gone = {"as": "a01", "reference": reference["id"]}
    for other, answer in ((elsewhere, 422), (linked, 200), (linked, 422)):
        assert (await house.api("POST", f"/cases/{other['number']}/unrefer", gone))[0] == answer
    assert (await house.case(number))["references"] == []


async def test_a_token_acts_for_its_own_agent_and_others_name_one(house: House, number: str, config: Config) -> None:
    mine = await create(config, "agent", "a02")
    status, case = await house.api("POST", f"/cases/{number}/claim", {}, token=mine)
    assert (status, case["assignee"]) == (200, "a02")
    assert (await house.api("POST", f"/cases/{number}/note", {"text": "x", "as": "a01"}, token=mine))[0] == 403
    status, problem = await house.api("POST", f"/cases/{number}/note", {"text": "x"})
    assert (status, list(problem["fields"])) == (422, ["as"])
    status, problem = await house.api("POST", f"/cases/{number}/note", {"text": "x", "as": "a99"})
    assert (status, list(problem["fields"])) == (422, ["as"])


async def test_an_agent_opens_a_case_of_its_own_for_what_they_were_told(house: House, number: str) -> None:
    body = {"as": "a01", "text": "Laddaren startar inte alls", "charger": "21007", "from": SENDER}
    status, case = await house.api("POST", "/cases", body)
    assert (status, case["channels"], case["charger"]) == (201, ["phone"], "21007")
    assert case["number"] != number
    status, case = await house.api("POST", "/cases", {**body, "channel": "sms", "text": "En fråga om fakturan"})
    assert (status, case["channels"]) == (201, ["sms"])
    assert (await house.api("POST", "/cases", {**body, "channel": "telepathy"}))[0] == 422
    assert (await house.api("POST", "/cases", {"text": "x"}))[0] == 422


async def test_b83_without_a_good_token_everything_is_401(house: House, number: str) -> None:
    for given in (None, "Basic YTpi", "Bearer ", "Bearer wrong", "Bearer \udcff"):
        headers = {"Authorization": given} if given else {}
        for method, path in (("GET", "/cases"), ("GET", f"/cases/{number}"), ("POST", f"/cases/{number}/claim")):
            answer = await house.client.request(method, f"/api/v1{path}", headers=headers)
            assert answer.status == 401, (given, path)
            assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_a_token_is_made_for_somebody_who_exists(house: House, config: Config) -> None:
    for role, whom in (("boss", None), ("owner", None), ("owner", "o999"), ("agent", "a99")):
        with pytest.raises(UnknownRole):
            await create(config, role, whom)


async def test_b83_a_revoked_token_is_401_at_once(house: House, config: Config) -> None:
    token = await create(config, "agent", "a01")
    assert (await house.api("GET", "/cases", token=token))[0] == 200
    known = await agents.token(house.runtime.db, hashed(token))
    assert known is not None
    assert any(line.startswith(f"{known.id}  agent  a01") for line in await everyone(config))
    assert await revoke(config, known.id)
    assert (await house.api("GET", "/cases", token=token))[0] == 401
    assert not await revoke(config, known.id)
    assert not any(line.startswith(f"{known.id}  ") for line in await everyone(config))
    leaving = await create(config, "agent", "a02")
    async with house.runtime.db.connection() as connection:
        now = house.runtime.clock.now()
        await connection.execute("UPDATE agents SET disabled_at = %(now)s WHERE id = 'a02'", {"now": now})
    assert (await house.api("GET", "/cases", token=leaving))[0] == 401


async def test_b83_b96_a_foreign_owners_case_does_not_exist_on_any_verb(house: House, config: Config) -> None:
    receipt = await house.report("Laddaren är död", charger="21007", **{"from": SENDER})
    mine, theirs = await create(config, "owner", "o001"), await create(config, "owner", "o002")
    status, case = await house.api("GET", f"/cases/{receipt['case']}", token=mine)
    assert (status, case["number"], case["reports"]) == (200, receipt["case"], [])
    assert "therese" not in str(case).lower()
    assert [one["number"] for one in (await house.api("GET", "/cases", token=mine))[1]["items"]] == [receipt["case"]]
    assert (await house.api("GET", "/cases", token=theirs))[1]["items"] == []
    assert (await house.api("GET", f"/cases/{receipt['case']}", token=theirs))[0] == 404
    for verb in VERBS:
        for token in (mine, theirs):
            status, _ = await house.api("POST", f"/cases/{receipt['case']}/{verb.name}", BODIES[verb.name], token=token)
            assert status == 403


async def test_an_unknown_case_is_404_on_every_verb(house: House) -> None:
    for number in ("1042-1", "0", "abc", "99999999999999999999", "%00", "1000-0%27"):
        assert (await house.api("GET", f"/cases/{number}"))[0] == 404
        for verb in VERBS:
            status, _ = await house.api("POST", f"/cases/{number}/{verb.name}", {"as": "a01", **BODIES[verb.name]})
            assert status == 404, (number, verb.name)


WRONG_QUERIES = [
    "limit=-1",
    "limit=0",
    "limit=201",
    "limit=x",
    "cursor=forged",
    "cursor=2026-01-01T00:00:00|1.AAAAAAAAAAAAAAAAAAAAAA",
    "status=broken",
    "priority=P9",
    "line=4",
    "sort=id%3BDROP",
    "limit=1&limit=2",
    "q=%00",
]


async def test_b87_a_query_that_is_not_as_it_must_be_is_400(house: House) -> None:
    for query in WRONG_QUERIES:
        status, problem = await house.api("GET", f"/cases?{query}")
        assert status == 400, (query, problem)


async def test_cases_are_listed_by_pages_and_found_by_filters(house: House) -> None:
    texts = ["Det brinner i laddaren, jag ser lågor", "Fakturan stämmer inte", "Kabeln sitter fast i bilen"]
    chargers = ["21007", None, "21052"]
    made = [
        (await house.report(text, **({"charger": charger} if charger else {})))["case"]
        for text, charger in zip(texts, chargers, strict=True)
    ]
    seen: list[str] = []
    cursor = ""
    while True:
        status, page = await house.api("GET", f"/cases?limit=1{cursor}")
        assert status == 200
        seen += [case["number"] for case in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert sorted(seen) == sorted(made)
    for query, wanted in (
        ("priority=P1", made[0]),
        ("charger=21052", made[2]),
        ("site=s001", made[0]),
        ("queue=billing", made[1]),
        ("q=fakturan", made[1]),
        (f"q={made[2]}", made[2]),
    ):
        status, page = await house.api("GET", f"/cases?{query}")
        assert (status, [case["number"] for case in page["items"]]) == (200, [wanted]), query
    assert (await house.api("GET", "/cases?status=closed,concluded"))[1]["items"] == []
    assert len((await house.api("GET", "/cases?status=open,assigned&line=1"))[1]["items"]) == 3
    assert (await house.api("GET", "/cases?q=%27%20OR%201=1%20--"))[1]["items"] == []


async def test_n13_whoever_leads_tells_apart_who_was_taken_for_one_person(house: House) -> None:
    both = {"phone": "+46701740301", "email": "anna@example.com"}
    first = (await house.report("Laddaren 21007 startar inte alls", **{"from": both}))["case"]
    second = (await house.report("Mitt kvitto för mars saknas", **{"from": {"email": "anna@example.com"}}))["case"]
    part = f"/cases/{first}/part", {"address": "Anna@example.com"}
    status, problem = await house.api("POST", part[0], {**part[1], "as": "a01"})
    assert (status, list(problem["fields"])) == (422, ["address"])
    await house.hire("a02", role="lead")
    for address in ("nobody@example.com", "+46701740399"):
        assert (await house.api("POST", part[0], {"address": address, "as": "a02"}))[0] == 422
    status, case = await house.api("POST", part[0], {**part[1], "as": "a02"})
    assert status == 200
    for told in (case, await house.case(second)):
        entry = told["timeline"][-1]
        assert (entry["kind"], entry["actor"]["id"]) == ("parted", "a02")
    assert (await house.api("POST", part[0], {**part[1], "as": "a02"}))[0] == 422, "it is apart already"
    rows = await house.runtime.db.rows("SELECT person_id FROM reports ORDER BY id")
    assert rows[0] != rows[1]
