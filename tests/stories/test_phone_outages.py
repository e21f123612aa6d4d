"""The app or the payments fail everywhere: who calls about that hears that we know, and may be told when it works."""

from __future__ import annotations

import pytest

from gateway.outages import LARGE
from tests.fakes.house import House
from tests.fakes.phone import Call, Line
from tests.stories.test_phone_house import config, line  # noqa: F401

CALLER = "+46701740605"
DOWN = "Appen ligger nere, den kraschar för alla i hela landet"
KNOWN = "already know about this"


async def outage(house: House, reporters: int = 2, text: str = DOWN) -> str:
    """The number of the case that so many have reported."""
    receipts = [await house.report(text, **{"from": {"email": f"r{nth}@example.net"}}) for nth in range(reporters)]
    (number,) = {receipt["case"] for receipt in receipts}
    return str(number)


async def at_the_menu(line: Line, caller: str = CALLER) -> Call:  # noqa: F811
    call = await line.call(caller)
    await call.press("2")
    await call.press("2")
    return call


async def test_v16_what_fits_by_key_is_told_with_its_time_and_one_attaches_a_report(house: House, line: Line) -> None:  # noqa: F811
    number = await outage(house)
    before = await house.case(number)
    call = await at_the_menu(line)
    told = await call.press("3")
    assert KNOWN in told
    assert "the app or the charging tags do not work for several customers. We are working on it. We expect" in told
    assert "has been added" in await call.press("1")
    assert call.over
    case = await house.case(number)
    assert len(await house.cases()) == 1
    assert [report["channel"] for report in case["reports"]] == ["api", "api", "phone"]
    assert {case["category"], before["category"]} == {"access"}
    row = await house.runtime.db.row("SELECT mass, incident, site_id, charger_id FROM cases")
    assert row == {"mass": True, "incident": True, "site_id": None, "charger_id": None}


async def test_v16_followers_at_chargers_give_it_no_place_and_hear_of_its_end(house: House, line: Line) -> None:  # noqa: F811
    number = await outage(house)
    for nth, charger in enumerate(("21007", "21052", "21007")):
        call = await at_the_menu(line, f"+4670174061{nth}")
        for keys in ("1", f"{charger}#", "1", "1"):
            told = await call.press(keys)
        assert KNOWN in told
        await call.press("1")
    case = await house.case(number)
    assert (case["charger"], case["site"], case["priority"]) == (None, None, "P3")
    row = await house.runtime.db.row(
        "SELECT whole_site, array_agg(r.charger_id) AS chargers FROM cases c"
        " JOIN reports r ON r.case_id = c.id WHERE r.channel = 'phone' GROUP BY 1"
    )
    assert row is not None
    assert (row["whole_site"], sorted(row["chargers"])) == (False, ["21007", "21007", "21052"])
    await house.api("POST", f"/cases/{number}/claim", {"as": "a01"})
    done = {"as": "a01", "disposition": "solved_remotely", "text": "Appen fungerar igen."}
    assert (await house.api("POST", f"/cases/{number}/conclude", done))[0] == 200
    rows = await house.runtime.db.rows("SELECT channel FROM messages WHERE kind = 'concluded' ORDER BY channel")
    assert [row["channel"] for row in rows] == ["email", "email", "sms", "sms", "sms"]


@pytest.mark.parametrize(
    ("said", "fits"),
    [
        ("the app is down it just crashes", True),
        ("I want to know what it costs to charge at night", False),
        ("the charger is on fire and the app does not work", False),
    ],
)
async def test_v16_what_is_said_is_judged(house: House, line: Line, said: str, fits: bool) -> None:  # noqa: F811
    await outage(house)
    call = await at_the_menu(line)
    await call.press("5")
    assert (KNOWN in await call.speak(said)) is fits


async def test_v16_one_report_a_solved_and_another_matter_are_not_told(house: House, line: Line) -> None:  # noqa: F811
    number = await outage(house, 1)
    assert KNOWN not in await (await at_the_menu(line)).press("3")
    await outage(house)
    call = await at_the_menu(line, "+46701740611")
    for keys in ("1", "*"):
        await call.press(keys)
    assert KNOWN not in await call.press("3"), "a cable that is stuck"
    await house.api("POST", f"/cases/{number}/claim", {"as": "a01"})
    done = {"as": "a01", "disposition": "solved_remotely", "text": "Appen fungerar igen."}
    assert (await house.api("POST", f"/cases/{number}/conclude", done))[0] == 200
    assert KNOWN not in await (await at_the_menu(line, "+46701740612")).press("3")


async def test_v16_what_very_many_report_is_told_on_the_way_to_a_person(house: House, line: Line) -> None:  # noqa: F811
    await outage(house, LARGE - 1)
    assert "Many people have told us" not in await (await at_the_menu(line)).press("0")
    number = await outage(house, LARGE)
    call = await at_the_menu(line, "+46701740611")
    assert "Many people have told us" in await call.press("0")
    await call.press("1")
    assert call.over
    assert (await house.case(number))["reports"][-1]["channel"] == "phone"
    other = await at_the_menu(line, "+46701740612")
    await other.press("0")
    assert "case number" in await other.press("2")
    assert not other.over
    assert len(await house.cases()) == 3


@pytest.mark.parametrize("days", [1, 8, 40])
async def test_who_follows_a_known_fault_belongs_to_its_case_however_old_it_is(
    house: House,
    line: Line,  # noqa: F811
    days: int,
) -> None:
    told = await house.report("The charger is dead", charger="21007", **{"from": {"email": "therese@example.net"}})
    async with house.runtime.db.connection() as connection:
        await connection.execute(
            "UPDATE cases SET status = 'planned', opened_at = opened_at - make_interval(days => %s),"
            " last_report_at = last_report_at - make_interval(days => %s)",
            (days, days),
        )
        await connection.execute("UPDATE reports SET received_at = received_at - make_interval(days => %s)", (days,))
    call = await at_the_menu(line)
    for keys in ("1", "21007#"):
        await call.press(keys)
    assert "already know about a fault here" in await call.press("1")
    assert "has been added" in await call.press("1")
    (listed,) = await house.cases()
    case = await house.case(listed["number"])
    assert (case["number"], case["status"]) == (told["case"], "planned")
    assert [report["channel"] for report in case["reports"]] == ["api", "phone"]
