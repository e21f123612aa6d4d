"""The owners' portal: in by a link to the registered address, among one's own cases, and never among another's."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import ClientResponse, ClientSession, CookieJar, FormData

from gateway.clock import SetClock
from gateway.config import Config
from gateway.record.db import statements
from tests.fakes.house import CSRF, FORM_TOKEN, House, open_house

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
MEI, FATIMA = "mei.bjork@brfsolrosen.example", "fatima.strand@brfkastanjen.example"
LINK = re.compile(r"https?://\S+/portal/enter/(\S+)")
THERESE = {"name": "Therese Wik", "email": "therese@example.net", "phone": "+46701740699"}


class Visitor:
    """Somebody of an owner's organisation with a browser of their own."""

    def __init__(self, client: ClientSession) -> None:
        self.client = client

    async def get(self, path: str, status: int = 200) -> str:
        answer = await self.client.get(path, allow_redirects=False)
        assert answer.status == status, (path, answer.status)
        return await answer.text()

    async def post(self, path: str, fields: dict[str, Any], page: str = "/portal/people") -> ClientResponse:
        """Post a form as its page would: with the page's own tokens."""
        shown = await (await self.client.get(page)).text()
        found, form_token = CSRF.search(shown), FORM_TOKEN.search(shown)
        assert found, shown
        tokens = {"csrf": found.group(1)} | ({"form_token": form_token.group(1)} if form_token else {})
        return await self.client.post(path, data=tokens | fields, allow_redirects=False)


async def send(visitor: Visitor, path: str, fields: dict[str, str]) -> ClientResponse:
    form = FormData(default_to_multipart=True)
    for name, value in fields.items():
        form.add_field(name, value)
    return await visitor.client.post(path, data=form, allow_redirects=False)


def browser(house: House) -> ClientSession:
    return ClientSession(base_url=house.client.make_url("/"), cookie_jar=CookieJar(unsafe=True))


async def letters(house: House) -> list[str]:
    rows = await house.runtime.db.rows(
        "SELECT c.text FROM messages m JOIN message_contents c ON c.message_id = m.id"
        " WHERE m.kind = 'portal_link' ORDER BY m.id"
    )
    return [row["text"] for row in rows]


@asynccontextmanager
async def visiting(house: House, email: str) -> AsyncIterator[Visitor]:
    async with browser(house) as client:
        visitor = Visitor(client)
        before = len(await letters(house))
        asked = await visitor.post("/portal/login", {"email": email}, "/portal/login")
        assert asked.status == 200
        (letter,) = (await letters(house))[before:]
        found = LINK.search(letter)
        assert found
        path = f"/portal/enter/{found.group(1)}"
        entered = await visitor.post(path, {}, path)
        assert (entered.status, entered.headers["Location"]) == (303, "/portal")
        yield visitor


@pytest.fixture
async def house(config: Config) -> AsyncIterator[House]:
    async with open_house(config, clock=SetClock(NOW)) as opened:
        yield opened


async def test_a_link_lets_in_once_by_its_button_and_nobody_learns_who_is_registered(house: House) -> None:
    async with browser(house) as client:
        visitor = Visitor(client)
        assert "/portal/login" in (await client.get("/portal", allow_redirects=False)).headers["Location"]
        answers = []
        for email in (f" {MEI.upper()} ", "stranger@example.net", "not an address"):
            answer = await visitor.post("/portal/login", {"email": email}, "/portal/login")
            answers.append((answer.status, CSRF.sub("", await answer.text())))
        assert len(set(answers)) == 1
        (letter,) = await letters(house)
        found = LINK.search(letter)
        assert found
        assert "BRF Solrosen" in letter
        path = f"/portal/enter/{found.group(1)}"
        for _ in range(3):
            assert "BRF Solrosen" in await visitor.get(path)
        await visitor.get("/portal", 303)
        assert (await client.post(path, data={}, allow_redirects=False)).status == 403
        assert (await visitor.post(path, {}, path)).status == 303
        assert "BRF Solrosen" in await visitor.get("/portal")
        async with browser(house) as thief:
            assert (await thief.get(path)).status == 404
            assert (await Visitor(thief).post(path, {}, "/portal/login")).status == 404
        left = await visitor.post("/portal/logout", {})
        assert left.status == 303
        await visitor.get("/portal", 303)
        for _ in range(8):
            await visitor.post("/portal/login", {"email": MEI}, "/portal/login")
        assert len(await letters(house)) == 5
        house.runtime.clock.forward(timedelta(minutes=31))  # type: ignore[attr-defined]
        newest = LINK.search((await letters(house))[-1])
        assert newest
        assert (await client.get(f"/portal/enter/{newest.group(1)}")).status == 404


async def test_an_owner_follows_a_case_from_the_report_to_the_service_card_and_the_sla_report(house: House) -> None:
    clock: Any = house.runtime.clock
    seen = (await house.report("Laddaren startar inte", charger="21007", **{"from": THERESE}))["case"]
    foreign = (await house.report("Laddaren startar inte", charger="21052", **{"from": THERESE}))["case"]
    async with visiting(house, MEI) as mei:
        listed = await mei.get("/portal")
        assert seen in listed
        assert foreign not in listed
        assert "data-due" in listed
        page = await mei.get(f"/portal/cases/{seen}")
        assert not any(told in page for told in ("Therese", "Laddaren startar inte", "174 06"))
        for q, found in ((seen, True), ("21007", True), (foreign, False), ("21052", False), ("Therese", False)):
            assert (f"/portal/cases/{seen}" in await mei.get(f"/portal?q={q}")) is found, q
        form = "/portal/report?site=s001"
        fields = {"site": "s001", "charger": "21012", "category": "damage", "text": "=cmd kabeln är skadad"}
        shown = await mei.get(form)
        assert "21052" not in shown
        token, csrf = FORM_TOKEN.search(shown), CSRF.search(await mei.get("/portal/people"))
        assert token
        assert csrf
        fields = {"csrf": csrf.group(1), **fields, "form_token": token.group(1)}
        posted = [await send(mei, "/portal/report", fields) for _ in range(2)]
        assert [one.status for one in posted] == [303, 303]
        assert posted[0].headers["Location"] == posted[1].headers["Location"]
        where = posted[0].headers["Location"].partition("?")[0]
        mine = where.rpartition("/")[2]
        case = await house.case(mine)
        assert (case["channels"], case["charger"], case["category"]) == (["portal"], "21012", "damage")
        assert case["reports"][0]["from"]["email"] == MEI
        clock.forward(timedelta(minutes=20))
        refused = await mei.post(f"{where}/write", {"text": " "}, where)
        assert refused.status == 422
        assert "Skriv något först." in await refused.text()
        assert (await mei.post(f"{where}/write", {"text": "Den blockerar uppfarten"}, where)).status == 303
        assert [report["text"] for report in (await house.case(mine))["reports"]][1] == "Den blockerar uppfarten"
        await house.api("POST", f"/cases/{mine}/claim", {"as": "a01"})
        await house.api("POST", f"/cases/{mine}/reply", {"as": "a01", "text": "Vi byter kabeln i dag."})
        await house.api("POST", f"/cases/{mine}/note", {"as": "a01", "text": "Intern anteckning"})
        page = await mei.get(where)
        assert "Vi byter kabeln i dag." in page
        assert "Den blockerar uppfarten" in page
        assert "Intern anteckning" not in page
        clock.forward(timedelta(hours=2))
        done = {"as": "a01", "disposition": "solved_on_site", "text": "Ny kabel."}
        assert (await house.api("POST", f"/cases/{mine}/conclude", done))[0] == 200
        assert (await mei.post(f"{where}/confirm", {"solved": "yes"}, where)).status == 303
        assert (await house.case(mine))["status"] == "closed"
        assert mine in await mei.get("/portal/sites/s001")
        report = await mei.get("/portal/sla")
        assert "1 / 1" in report
        answer = await mei.client.get("/portal/sla.csv?month=2026-11")
        assert answer.content_type == "text/csv"
        rows = list(csv.DictReader(io.StringIO((await answer.read()).decode("utf-8-sig"))))
        assert [row["Ärende"] for row in rows] == [seen, mine]
        assert (rows[1]["Första svar i tid"], rows[1]["Löst i tid"]) == ("ja", "ja")
        assert "Inget ärende" in await mei.get("/portal/sla?month=2025-01")
        for month in ("2026-13", "x", "2026-1", "٢٠٢٦-01"):
            await mei.get(f"/portal/sla?month={month}", 400)


async def test_colleagues_have_the_rights_they_were_given_and_lose_them_at_once(house: House) -> None:
    number = (await house.report("Laddaren startar inte", charger="21007", **{"from": THERESE}))["case"]
    async with visiting(house, MEI) as mei:
        for name, role in (("rea@example.com", "reader"), ("wil@example.com", "writer")):
            invited = await mei.post(
                "/portal/people", {"name": name[:3], "email": name, "role": role, "language": "en"}
            )
            assert invited.status == 303
        assert (await mei.post("/portal/people", {"email": "nonsense", "role": "reader"})).status == 422
        async with visiting(house, "rea@example.com") as reader, visiting(house, "wil@example.com") as writer:
            where = f"/portal/cases/{number}"
            assert number in await reader.get("/portal")
            assert (await reader.post(f"{where}/write", {"text": "hej"})).status == 403
            assert (await writer.post(f"{where}/write", {"text": "hej"}, where)).status == 303
            for path in ("/portal/people", "/portal/keys", "/portal/sites/s001/maintenance", "/portal/people/1/remove"):
                for visitor in (reader, writer):
                    assert (await visitor.post(path, {"email": "x@example.com", "role": "manager"})).status == 403, path
            await reader.get("/portal/report", 403)
            await writer.get("/portal/keys", 403)
            row = await house.runtime.db.row("SELECT id FROM owner_users WHERE email = 'rea@example.com'")
            contact = await house.runtime.db.row("SELECT id FROM owner_users WHERE invited_by IS NULL")
            assert row
            assert contact
            assert (await mei.post(f"/portal/people/{contact['id']}/remove", {})).status == 404
            assert (await mei.post(f"/portal/people/{row['id']}/role", {"role": "writer"})).status == 303
            assert (await reader.post(f"{where}/write", {"text": "nu går det"}, where)).status == 303
            assert (await mei.post(f"/portal/people/{row['id']}/remove", {})).status == 303
            await reader.get("/portal", 303)


async def test_b83_a_systems_key_is_shown_once_and_does_what_it_was_made_for(house: House) -> None:
    number = (await house.report("Laddaren startar inte", charger="21007", **{"from": THERESE}))["case"]
    async with visiting(house, MEI) as mei:
        assert (await mei.post("/portal/keys", {"name": "", "scope": "read"})).status == 422
        keys = {}
        for scope in ("read", "report"):
            made = await mei.post("/portal/keys", {"name": f"ERP {scope}", "scope": scope})
            found = re.search(r"swy_[\w-]+", await made.text())
            assert (made.status, bool(found)) == (201, True)
            assert found
            keys[scope] = found.group()
        shown = await mei.get("/portal/keys")
        assert not any(key in shown for key in keys.values())
        assert (await house.api("GET", f"/cases/{number}", token=keys["read"]))[0] == 200
        assert (await house.api("GET", f"/cases/{number}", token=keys["report"]))[0] == 403
        headers = {"Idempotency-Key": "k"}
        body = {"text": "Laddaren är trasig", "charger": "21012"}
        assert (await house.api("POST", "/reports", body, token=keys["read"], headers=headers))[0] == 403
        assert (await house.api("POST", "/reports", body, token=keys["report"], headers=headers))[0] == 201
        for q in ("startar", THERESE["email"], THERESE["phone"].replace("+", "%2B")):
            assert (await house.api("GET", f"/cases?q={q}", token=keys["read"]))[1]["items"] == [], q
        row = await house.runtime.db.row("SELECT id FROM tokens WHERE name = 'ERP read'")
        assert row
        assert (await mei.post(f"/portal/keys/{row['id']}/revoke", {})).status == 303
        assert (await house.api("GET", "/cases", token=keys["read"]))[0] == 401


async def test_b83_b96_what_is_another_owners_does_not_exist_on_any_route_of_the_portal(house: House) -> None:
    number = (await house.report("Laddaren startar inte", charger="21007", **{"from": THERESE}))["case"]
    async with visiting(house, MEI) as mei, visiting(house, FATIMA) as fatima:
        await mei.post("/portal/people", {"email": "rea@example.com", "role": "reader"})
        await mei.post("/portal/keys", {"name": "ERP", "scope": "read"})
        await mei.post("/portal/sites/s001/maintenance", {"until": "2026-11-25T09:00"})
        headers = {"Authorization": f"Bearer {house.admin}", "Content-Type": "text/plain"}
        papers = f"/api/v1/cases/{number}/documents?name=a.txt&as=a01"
        assert (await house.client.post(papers, data=b"a", headers=headers)).status == 201
        ids: dict[str, str] = {"number": number, "site": "s001"}
        for name, query in (
            ("user", "SELECT id FROM owner_users WHERE email = 'rea@example.com'"),
            ("key", "SELECT id FROM tokens WHERE name = 'ERP'"),
            ("window", "SELECT id FROM maintenance"),
            ("document", "SELECT id FROM documents"),
        ):
            row = await house.runtime.db.row(query)  # type: ignore[arg-type]
            assert row
            ids[name] = str(row["id"])
        fields = {"text": "x", "solved": "yes", "role": "reader", "until": "2026-11-25T10:00"}
        tried = 0
        for route in house.app.router.routes():
            path = route.resource.canonical if route.resource else ""
            if not path.startswith("/portal/") or "{" not in path or path.startswith(("/portal/enter/", "/portal/me/")):
                continue
            answer = (
                await fatima.post(path.format(**ids), fields)
                if route.method == "POST"
                else await fatima.client.request(route.method, path.format(**ids), allow_redirects=False)
            )
            assert answer.status == 404, (route.method, path, answer.status)
            tried += 1
        assert tried >= 11
        for place in ("site=s001", "charger=21007"):
            await fatima.get(f"/portal/report?{place}", 404)
        await fatima.get("/portal?site=s001", 404)
        assert (await house.api("GET", f"/cases/{number}"))[1]["status"] == "open"
        row = await house.runtime.db.row(statements("owners")["maintenance"], {"owner": "o001", "now": NOW})
        assert row
