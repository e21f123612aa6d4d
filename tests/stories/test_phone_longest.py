"""A caller who has waited as long as their queue allows: told, moved on once, and counted."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from gateway import dispatch, telling
from gateway.languages import PAGES
from gateway.phone import longest
from gateway.phone.waiting import RecordedLine
from routing.rules import load_rules
from tests.stories.test_phone_fairness import Floor, floor  # noqa: F401

SHIPPED = Path(__file__).parents[2] / "routing"
MINUTE = timedelta(minutes=1)


async def items(floor: Floor) -> dict[str, tuple[str, str, int]]:  # noqa: F811
    rows = await floor.house.runtime.db.rows(
        "SELECT call_sid, queue, priority, line FROM work_items WHERE kind = 'call'"
    )
    return {row["call_sid"]: (row["queue"], row["priority"], row["line"]) for row in rows}


def ruled(floor: Floor, folder: Path, change: str) -> None:  # noqa: F811
    """The helpdesk's longest wait is another one."""
    text = (SHIPPED / "queues.toml").read_text(encoding="utf-8").replace("longest_wait = 600", change, 1)
    (folder / "queues.toml").write_text(text, encoding="utf-8")
    rules = load_rules(folder)
    floor.house.runtime = replace(floor.house.runtime, rules=lambda: rules)
    floor.line = RecordedLine(floor.house.runtime)


async def reach(floor: Floor, queue: str) -> None:  # noqa: F811
    """The one colleague at work serves this queue alone."""
    await floor.house.runtime.db.run("UPDATE agents SET queues = ARRAY[%(queue)s] WHERE id = 'a01'", {"queue": queue})


async def test_v10_after_the_longest_wait_a_call_goes_up_in_the_order_once(floor: Floor) -> None:  # noqa: F811
    await floor.arrive("CA01", "P3")
    await floor.arrive("CA02", "P1")
    floor.clock.forward(9 * MINUTE)
    await floor.arrive("CA03", "P2")
    assert not (await floor.line.place("CA01")).overdue
    assert await longest.sweep(floor.house.runtime) == 0
    floor.clock.forward(MINUTE)
    assert (await floor.line.place("CA01")).overdue
    assert not (await floor.line.place("CA02")).overdue, "danger has a ladder of its own"
    assert (await floor.line.place("CA01")).ahead == 2
    assert await longest.sweep(floor.house.runtime) == 1
    assert await longest.sweep(floor.house.runtime) == 0
    assert await items(floor) == {
        "CA01": ("helpdesk", "P2", 1),
        "CA02": ("helpdesk", "P1", 1),
        "CA03": ("helpdesk", "P2", 1),
    }
    assert (await floor.line.place("CA01")).ahead == 1
    assert [await floor.next_served() for _ in range(3)] == ["CA02", "CA01", "CA03"]


async def test_v10_a_queue_may_name_another_that_takes_its_callers(floor: Floor, tmp_path: Path) -> None:  # noqa: F811
    ruled(floor, tmp_path, 'longest_wait = 60\nlongest_wait_to = "operations"')
    await floor.arrive("CA01", "P3")
    floor.clock.forward(MINUTE)
    assert await longest.sweep(floor.house.runtime) == 1
    assert await items(floor) == {"CA01": ("operations", "P3", 2)}
    place = await floor.line.place("CA01")
    assert (place.ahead, place.overdue) == (0, True)


async def test_v10_nobody_is_moved_to_a_queue_that_nobody_at_work_serves(floor: Floor, tmp_path: Path) -> None:  # noqa: F811
    ruled(floor, tmp_path, 'longest_wait = 60\nlongest_wait_to = "operations"')
    await reach(floor, "helpdesk")
    await floor.arrive("CA01", "P3")
    floor.clock.forward(MINUTE)
    assert await longest.sweep(floor.house.runtime) == 1
    assert await items(floor) == {"CA01": ("helpdesk", "P2", 1)}
    assert (await floor.line.place("CA01")).staffed
    assert await floor.next_served() == "CA01"


async def test_v10_who_is_offered_stays_in_the_queue_of_whom_they_are_offered_to(
    floor: Floor,  # noqa: F811
    tmp_path: Path,
) -> None:
    ruled(floor, tmp_path, 'longest_wait = 60\nlongest_wait_to = "operations"')
    runtime = floor.house.runtime
    await reach(floor, "helpdesk")
    await floor.house.api("POST", "/agents/me/activity", {"as": "a16", "activity": "available"})
    await floor.arrive("CA01", "P3")
    floor.clock.forward(MINUTE - timedelta(seconds=5))
    assert await dispatch.sweep(runtime) == 1
    floor.clock.forward(timedelta(seconds=5))
    assert await longest.sweep(runtime) == 0
    assert await items(floor) == {"CA01": ("helpdesk", "P3", 1)}
    ring = await runtime.db.row("SELECT id FROM rings WHERE state = 'due'")
    assert ring is not None
    await floor.legs.answer(ring["id"], {"Digits": "2"})
    assert await longest.sweep(runtime) == 1
    assert await items(floor) == {"CA01": ("operations", "P3", 2)}
    assert await dispatch.sweep(runtime) == 1
    offered = await runtime.db.row("SELECT agent_id FROM offers WHERE state = 'offered'")
    assert offered == {"agent_id": "a16"}


async def test_v10_who_is_to_be_called_back_goes_up_as_they_would_have_on_the_line(floor: Floor) -> None:  # noqa: F811
    await floor.arrive("CA01", "P3")
    assert await floor.line.call_back("CA01", "+46701740301") == "booked"
    floor.clock.forward(timedelta(seconds=10))
    await floor.arrive("CA02", "P3")
    floor.clock.forward(timedelta(seconds=700))
    assert await longest.sweep(floor.house.runtime) == 2
    assert await longest.sweep(floor.house.runtime) == 0
    assert [await floor.next_served() for _ in range(2)] == ["CA01", "CA02"]


async def test_v10_who_asked_to_be_called_back_while_nobody_was_at_work_goes_up_too(floor: Floor) -> None:  # noqa: F811
    await floor.house.api("POST", "/agents/me/activity", {"as": "a01", "activity": "offline"})
    await floor.arrive("CA01", "P3", patient=True)
    assert await floor.line.call_back("CA01", "+46701740301") == "booked"
    for sid in ("CA02", "CA03"):
        await floor.call(sid)
        assert await floor.line.call_back(sid, f"+467017403{sid[2:]}") == "booked"
        floor.clock.forward(timedelta(seconds=10))
    await floor.arrive("CA04", "P3", patient=True)
    floor.clock.forward(timedelta(seconds=700))
    assert await longest.sweep(floor.house.runtime) == 4
    assert [await floor.next_served() for _ in range(4)] == ["CA01", "CA02", "CA03", "CA04"]


async def test_v10_a_queue_without_a_limit_and_who_left_move_nobody(floor: Floor, tmp_path: Path) -> None:  # noqa: F811
    ruled(floor, tmp_path, "")
    await floor.arrive("CA01", "P3")
    floor.clock.forward(60 * MINUTE)
    assert await longest.sweep(floor.house.runtime) == 0
    assert not (await floor.line.place("CA01")).overdue
    ruled(floor, tmp_path, "longest_wait = 60")
    await floor.arrive("CA02", "P3")
    await floor.line.leave("CA02", "hung_up")
    floor.clock.forward(MINUTE)
    assert await longest.sweep(floor.house.runtime) == 0


async def test_v10_the_case_tells_of_it_in_both_languages(floor: Floor) -> None:  # noqa: F811
    receipt = await floor.house.report("Laddaren startar inte", charger="21007")
    await floor.arrive("CA01", "P3")
    db = floor.house.runtime.db
    await db.run("UPDATE work_items SET case_id = (SELECT id FROM cases) WHERE kind = 'call'")
    floor.clock.forward(11 * MINUTE)
    assert await longest.sweep(floor.house.runtime) == 1
    (entry,) = [
        one for one in (await floor.house.case(receipt["case"]))["timeline"] if one["kind"] == "waited_too_long"
    ]
    assert entry["data"] == {"call": "CA01", "queue": "helpdesk", "seconds": 660}
    assert entry["actor"]["kind"] == "system"
    said = [telling.tell("waited_too_long", entry["data"], None, language) for language in PAGES]
    assert said[0] == "Uppringaren har väntat längre än kön Helpdesk tillåter (11 min) och går före"
    assert said[1] == "The caller has waited longer than the queue Helpdesk allows (11 min) and goes first"
    moved = telling.tell("waited_too_long", {**entry["data"], "to": "billing", "because": "overflow"}, None, "en")
    assert moved.endswith("was moved to Billing")
    _, page = await floor.house.api("GET", "/queues")
    helpdesk = next(one for one in page["items"] if one["name"] == "helpdesk")
    assert (helpdesk["longest_wait"], helpdesk["longest_wait_to"], helpdesk["recording"]) == (600, None, "ask")
