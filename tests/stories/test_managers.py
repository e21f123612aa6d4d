"""Managers see figures that agree everywhere, and act: announce, let queues flow over, move work."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, date, timedelta
from typing import Any

import pytest

from gateway import alerts, overflow
from gateway.announcements import words
from gateway.clock import SetClock
from gateway.config import Config
from gateway.figures import measures
from gateway.messages.outbox import facts_from
from gateway.notify import compose
from gateway.phone.lookups import BoardAnnouncements
from gateway.record import agents, timeline
from gateway.record.facts import midnight
from gateway.record.timeline import Actor, Entry
from tests.fakes.house import House, count, open_house

PASSWORD = "a quiet shift for everybody"
NEWS = "Störning hos vår elleverantör. Vi arbetar med det."


@pytest.fixture
async def house(config: Config) -> AsyncIterator[House]:
    async with open_house(config) as house:
        await house.hire("a01", PASSWORD, "manager")
        await house.hire("a02", PASSWORD)
        assert (await house.log_in("agent01@support.example", PASSWORD)).status == 303
        yield house


async def post(house: House, path: str, **fields: Any) -> int:
    data = [("csrf", await house.csrf("/managers/acts"))]
    data += [(name.replace("__", "."), value) for name, value in fields.items()]
    return (await house.client.post(f"/managers/acts/{path}", data=data, allow_redirects=False)).status


async def text(house: House, path: str) -> str:
    answer = await house.client.get(path)
    assert answer.status == 200, path
    return await answer.text()


async def test_page_export_api_and_timeline_tell_the_same_to_the_last_digit(house: House, config: Config) -> None:
    for nth in range(6):
        case = (await house.report("Laddaren 22809 startar inte", **{"from": {"email": f"p{nth}@example.com"}}))["case"]
        if nth < 2:
            await house.api("POST", f"/cases/{case}/reply", {"as": "a01", "text": "Vi tittar på det."})
    file = await (await house.client.get("/managers/figures.csv?period=day&by=queue")).text()
    rows = list(csv.DictReader(io.StringIO(file.removeprefix("\ufeff"))))
    told = {(row["measure"], row["queue"]): row for row in rows}
    clock = house.runtime.clock.now()
    day = f"from={clock.date().isoformat()}T00:00:00Z&to={clock.date().isoformat()}T23:59:59Z"
    status, page = await house.api("GET", f"/measures?by=queue&{day}")
    assert status == 200
    compared = 0
    for item in page["items"]:
        if item["measure"] in ("response_time_average", "cases_opened", "reports_per_case", "response_in_target"):
            row = told[item["measure"], item["key"] or ""]
            assert json.loads(row["value"] or "null") == item["value"]
            assert json.loads(row["numerator"]) == item["numerator"]
            compared += 1
    assert compared >= 6
    shown = await text(house, "/managers?by=queue&language=en")
    behind = re.search(r'href="(/managers/cases\?[^"]*kind=case[^"]*)"', shown)
    assert behind
    assert "Nothing" not in await text(house, behind.group(1).replace("&amp;", "&"))
    assert await measures.differences(house.runtime.db, house.runtime.clock.now()) == []


async def test_figures_lead_to_their_cases_and_odd_questions_show_a_page(house: House) -> None:
    case = (await house.report("The charger 22809 does not start", **{"from": {"email": "p@example.com"}}))["case"]
    assert case in await text(house, "/managers/cases?period=day&kind=response&outcome=open")
    assert case not in await text(house, "/managers/cases?period=day&kind=response&outcome=ended")
    for odd in (
        "period=x&by=y",
        "from=2026-02-30&to=x",
        "from=0001-01-01&to=9999-12-31",
        "kind=x&outcome=%27&key=%00",
        "offset=-1",
        "from=2024-02-29&to=2024-02-29&by=hour",
        "period=year&by=weekday",
    ):
        for path in ("/managers", "/managers/cases", "/managers/figures.csv"):
            assert (await house.client.get(f"{path}?{odd}")).status == 200, (path, odd)
    assert case not in await text(house, "/managers/wall")
    danger = await house.report("It smokes and there is fire at the charger 22809")
    assert danger["case"] in await text(house, "/managers/wall")


async def test_what_came_of_calls_stands_by_agent_with_names_and_in_the_export(house: House) -> None:
    case = (await house.report("The charger 22809 does not start", **{"from": {"email": "p@example.com"}}))["case"]
    data = {"call": "CA1", "call_disposition": "call_again"}
    runtime, number = house.runtime, int(case.partition("-")[0])
    entry = Entry(number, "call_disposed", Actor("agent", "a01"), data=data)
    async with runtime.db.transaction() as conn:
        await timeline.append(conn, [entry], runtime.clock.now())
    page = await text(house, "/managers?period=day&by=agent&language=en")
    assert "What came of calls, by agent" in page
    assert "Calls written up" in page
    names = {one.id: one.name for one in await agents.everyone(runtime.db)}
    section = page.partition('id="section-outcomes"')[2].partition("</section>")[0]
    assert names["a01"] in section
    assert "kind=disposed&amp;outcome=as_call_again&amp;key=a01" in section
    assert case in await text(house, "/managers/cases?period=day&by=agent&key=a01&kind=disposed&outcome=as_call_again")
    export = await text(house, "/managers/figures.csv?period=day&by=agent&language=en")
    assert f'"calls_call_again","a01","{names["a01"]}","1.0","1","1","1"' in export


async def test_an_announcement_is_told_everywhere_and_ends(house: House) -> None:
    runtime = house.runtime
    said = {"text__sv": NEWS, "text__en": "Trouble at our\n supplier.", "hours": "4"}
    assert await post(house, "announce", **said) == 303
    assert await post(house, "announce", text__sv="Bara här.", site="s001", hours="1") == 303
    assert await post(house, "announce", text__fi="Vain suomeksi", hours="1") == 422
    assert await post(house, "announce", text__sv="x", **{"from": "2020-01-01T10:00"}, hours="1") == 422
    assert NEWS in await text(house, "/?language=sv")
    assert "Trouble at our supplier." in await text(house, "/report?language=de")
    charger = next(one for one in runtime.directory().chargers.values() if one.site_id == "s001").id
    assert "Bara här." in await text(house, f"/c/{charger}?language=sv")
    assert "Bara här." not in await text(house, "/?language=sv")
    line = BoardAnnouncements(runtime)
    assert (line.told("sv", None), line.told("sv", "s001")) == (NEWS, "Bara här.")
    told = facts_from("https://x.example", None, lambda *a: [], lambda language, site: line.told(language, site))
    about = dict.fromkeys(
        (
            "status",
            "shared",
            "unreadable",
            "visit_token",
            "visit_times",
            "visit_starts",
            "charger_id",
            "outcome",
            "due_first_response",
            "due_solution",
        )
    )
    about |= {"case_id": 1042, "category": "no_start", "priority": "P3", "timezone": "Europe/Stockholm", "code": "1"}
    letter = compose("acknowledgement", "email", "sv", told({**about, "language": "sv", "site_id": None, "token": "t"}))
    assert NEWS in letter.text
    page = await text(house, "/managers/acts")
    for found in re.findall(r'name="id" value="(\d+)"', page):
        assert await post(house, "withdraw", id=found) == 303
    assert NEWS not in await text(house, "/?language=sv")
    assert await count(runtime.db, "audit") >= 4
    assert words({}, "sv") == ""


async def test_work_flows_over_and_is_moved_and_agents_change_queues(house: House) -> None:
    runtime = house.runtime
    cases = [(await house.report(f"Laddaren {n} startar inte"))["case"] for n in ("22809", "21007")]
    queue = (await house.case(cases[0]))["queue"]
    page = await text(house, "/managers/acts")
    assert {"Återuppringning ringer först", "handläggaren"} <= set(re.findall(r"[^<>]+", page))
    assert await post(house, "overflow", queue=queue, into=queue, hours="4") == 422
    assert await post(house, "overflow", queue=queue, into="operations", hours="4") == 303
    assert await overflow.sweep(runtime) == 2
    assert await overflow.sweep(runtime) == 0
    moved = await house.case(cases[0])
    assert (moved["queue"], moved["line"], moved["timeline"][-1]["kind"]) == ("operations", 1, "handed_over")
    assert await post(house, "end-overflow", queue=queue) == 303
    later = (await house.report("Laddaren 22101 startar inte"))["case"]
    assert await overflow.sweep(runtime) == 0
    assert await post(house, "move", queue="operations", to="operations", reason="x") == 422
    assert await post(house, "move", queue="operations", to="billing", reason="Fewer hands today", count="1") == 303
    assert await post(house, "move", queue="operations", to="a02", reason="Knows these", priority="P3") == 303
    queues = sorted([(await house.case(one))["queue"] for one in cases])
    assert queues == ["billing", "operations"]
    assert "a02" in {(await house.case(one))["assignee"] for one in cases}
    assert (await house.case(later))["queue"] == queue
    assert await post(house, "queues", agent="a02", queue__billing="yes", queue__nowhere="yes") == 303
    row = await runtime.db.row("SELECT queues FROM agents WHERE id = 'a02'")
    assert row == {"queues": ["billing"]}
    assert await post(house, "queues", agent="nobody") == 422


async def test_b102_a_year_of_nothing_and_a_leap_day_are_pages(config: Config) -> None:
    async with open_house(config) as house:
        await house.hire("a01", PASSWORD, "manager")
        await house.log_in("agent01@support.example", PASSWORD)
        for query in ("period=year", "from=2028-02-28&to=2028-03-01", "from=2026-03-29&to=2026-03-29"):
            assert "Inget under de här dagarna" in await text(house, f"/managers?{query}&language=sv")
        items = (await house.api("GET", "/measures?by=owner"))[1]["items"]
        assert {one["measure"] for one in items} <= {"uptime", "occupancy"}


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
async def test_b102_days_of_23_and_25_hours_are_whole(config: Config, day: str) -> None:
    clock = SetClock(midnight(date.fromisoformat(day)))
    end = midnight(date.fromisoformat(day) + timedelta(days=1))
    async with open_house(config, clock=clock) as house:
        await house.hire("a01", PASSWORD, "manager")
        cases, chargers = 0, sorted(house.runtime.directory().chargers)
        while clock.now() < end:
            await house.report(f"Laddaren {chargers[20 * cases]} startar inte")
            cases += 1
            clock.forward(timedelta(hours=2) if cases < 12 else timedelta(minutes=50))
        await house.log_in("agent01@support.example", PASSWORD)
        page = await text(house, f"/managers?from={day}&to={day}&by=hour&language=en")
        drawn = re.search(r'<table id="arrivals">.*?</table>', page, re.DOTALL)
        assert drawn
        counts = [int(cell or 0) for cell in re.findall(r'</th><td class="n">(\d*)</td>', drawn[0])]
        hours = (end.astimezone(UTC) - midnight(date.fromisoformat(day)).astimezone(UTC)) / timedelta(hours=1)
        assert (len(counts), sum(counts)) == (hours, await count(house.runtime.db, "cases"))
        assert sum(counts) > 10
        assert await measures.differences(house.runtime.db, clock.now()) == []


async def test_staffing_says_what_it_assumes_while_nobody_called(house: House) -> None:
    page = await text(house, "/managers/staffing?language=en&weekday=9&handling=x&shrinkage=99999")
    assert "Patience is assumed" in page
    assert page.count('data-at="') == 48


async def test_a_charger_that_fails_again_gets_a_preventive_case(house: House) -> None:
    for nth in range(2):
        case = (await house.report("Laddaren 22809 startar inte", **{"from": {"email": f"r{nth}@example.com"}}))["case"]
        await house.api("POST", f"/cases/{case}/conclude", {"as": "a01", "disposition": "spam", "text": "Done."})
        async with house.runtime.db.connection() as conn:
            await conn.execute("UPDATE cases SET last_report_at = last_report_at - interval '20 days'")
            await conn.execute("UPDATE cases SET concluded_at = concluded_at - interval '20 days'")
    page = await text(house, "/managers/recurring?days=90&language=en")
    assert "Open a preventive case" in page
    charger = house.runtime.directory().chargers["22809"]
    assert f"{charger.vendor} {charger.model}</th>" in page
    assert "of all chargers together" in page
    data = {"csrf": await house.csrf("/managers/recurring"), "charger": "22809", "days": "90"}
    answer = await house.client.post("/managers/recurring", data=data, allow_redirects=False)
    assert answer.headers["Location"].startswith("/console/cases/")
    data = {"csrf": await house.csrf("/managers/acts"), "charger": "0"}
    assert (await house.client.post("/managers/recurring", data=data)).status == 404


async def test_agents_have_no_managers_pages(house: House) -> None:
    assert (await house.log_in("agent02@support.example", PASSWORD)).status == 303
    for path in ("/managers", "/managers/wall", "/managers/acts", "/managers/cases", "/managers/figures.csv"):
        assert (await house.client.get(path)).status == 403, path


async def test_an_alarm_is_told_once_with_what_to_do_and_ends_by_itself(house: House) -> None:
    runtime = house.runtime
    for nth in range(9):
        await house.report("Laddaren 22809 startar inte", **{"from": {"email": f"w{nth}@example.com"}})
    async with runtime.db.connection() as conn:
        await conn.execute("UPDATE agents SET activity = 'offline', queues = '{billing}'")
        await conn.execute("UPDATE work_items SET arrived_at = arrived_at - interval '5 minutes'")
    assert [await alerts.look(runtime) for _ in range(3)] == [0, 2, 0]
    told = await runtime.db.rows(
        "SELECT c.recipient FROM messages m JOIN message_contents c ON c.message_id = m.id WHERE m.kind = 'alarm'"
    )
    assert {row["recipient"] for row in told} == {"agent01@support.example"}
    assert len(told) == 2
    page = await text(house, "/managers/alarms?language=en")
    assert "Nobody serves Helpdesk" in page
    assert "let it flow over" in page
    assert "Nobody serves Helpdesk" in await text(house, "/managers/wall?language=en")
    alarm = re.findall(r'name="alarm" value="(\d+)"', page)
    data = {"csrf": await house.csrf("/managers/alarms"), "alarm": alarm[0]}
    assert (await house.client.post("/managers/alarms/take", data=data, allow_redirects=False)).status == 303
    assert "looks after it" in await text(house, "/managers/alarms?language=en")
    scraped = await text(house, "/metrics")
    assert 'switchyard_alarms{kind="queue_unserved"} 1.0' in scraped
    assert 'switchyard_work_waiting{queue="helpdesk"}' in scraped
    async with runtime.db.connection() as conn:
        await conn.execute("UPDATE agents SET activity = 'available', queues = '{}' WHERE id = 'a01'")
    await alerts.look(runtime)
    assert "Nobody serves" not in await text(house, "/managers/wall?language=en")


async def test_a_period_that_was_given_backwards_is_the_period_that_was_meant(house: House) -> None:
    days = re.compile(r'name="(from|to)" type="date" value="([^"]+)"')
    for query in ("from=2026-11-01&to=2026-11-20", "from=2026-11-20&to=2026-11-01"):
        shown = await text(house, f"/managers?period=own&{query}")
        assert days.findall(shown) == [("from", "2026-11-01"), ("to", "2026-11-20")], query


async def test_a_month_and_a_single_day_are_written_once_in_words(house: House) -> None:
    shown = await text(house, "/managers/reports?month=2026-11&language=sv")
    assert re.search(r'<option value="2026-11"[^>]*>november 2026</option>', shown)
    shown = await text(house, "/managers/cases?period=own&from=2026-11-27&to=2026-11-27&language=sv")
    assert shown.count("fredag 27 november") == 1
