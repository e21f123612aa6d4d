"""Several callers of one case: whoever has it talks to one of them; the others are for whoever is free."""

from __future__ import annotations

from datetime import timedelta

from tests.fakes.phone import Call
from tests.stories.test_phone_callbacks import agent_leg, day, pressed, room_of, work  # noqa: F401
from tests.stories.test_phone_oncall import SECOND, Night, night, on_call  # noqa: F401

FIRST, SECOND_CALLER, THIRD = "+46701740691", "+46701740692", "+46701740693"
STUCK = ("1", "2", "1", "21007#", "1", "3", "3", "#", "1", "1")  # a cable at charger 21007, nothing said, to the line
A01, A02, A03 = "+46313900601", "+46313900602", "+46313900603"
A17, A18 = "+46313900617", "+46313900618"


async def in_line(night: Night, caller: str, *keys: str) -> Call:  # noqa: F811
    call = await night.line.call(caller)
    for one in keys:
        await call.press(one)
    return call


async def in_danger(night: Night, caller: str) -> Call:  # noqa: F811
    call = await in_line(night, caller, "1", "2", "1", "21007#", "1", "5")
    await call.speak("Det brinner i laddaren")
    return call


async def at_work(day: Night, *agents: str) -> None:  # noqa: F811
    for agent in agents:
        await day.house.api("POST", "/agents/me/activity", {"as": agent, "activity": "available"})


async def goes_on(day: Night, *calls: Call) -> list[str]:  # noqa: F811
    """Two minutes in which callers wait; where they are led."""
    led = []
    for _ in range(8):
        day.clock.forward(timedelta(seconds=15))
        await work(day)
        for call in calls:
            await call.wait()
            assert call.waits is not None
            if call.waits.tag == "Dial":
                led.append(call.waits[0].text or "")
                await call.talk(answered=False)
    return led


async def test_callers_of_a_case_that_is_talked_about_are_offered_to_colleagues_who_are_free(
    day: Night,  # noqa: F811
) -> None:
    calls = [await in_line(day, caller, *STUCK) for caller in (FIRST, SECOND_CALLER, THIRD)]
    assert len(await day.house.cases()) == 1
    await pressed(day, calls[0])
    await calls[0].wait()
    assert await goes_on(day, *calls[1:]) == [], "nobody is led into the talk"
    assert day.rung() == [A01]
    await at_work(day, "a02", "a03")
    await work(day)
    assert sorted(day.rung()) == [A01, A02, A03]
    assert room_of(await day.picks_up("1")) in {f"call-{call.sid}" for call in calls[1:]}


async def test_whoever_came_to_a_case_by_its_first_caller_is_not_kept_for_the_next(day: Night) -> None:  # noqa: F811
    calls = [await in_line(day, caller, *STUCK) for caller in (FIRST, SECOND_CALLER)]
    day.clock.forward(SECOND)
    mine = await pressed(day, calls[0])
    await calls[0].wait()
    await agent_leg(day, mine, "completed")
    await calls[0].talk()
    await calls[0].hang_up()
    await at_work(day, "a02")
    await work(day)
    assert day.rung() == [A01, A02]


async def test_one_who_claims_a_case_gets_its_first_caller_and_colleagues_the_others(day: Night) -> None:  # noqa: F811
    await at_work(day, "a02")
    calls = [await in_line(day, caller, *STUCK) for caller in (FIRST, SECOND_CALLER)]
    (case,) = await day.house.cases()
    assert (await day.house.api("POST", f"/cases/{case['number']}/claim", {"as": "a01"}))[0] == 200
    await work(day)
    assert day.rung() == [A02], "nobody is offered to a01 before the first caller"
    assert room_of(await day.picks_up("1")) == f"call-{calls[1].sid}"
    for call in reversed(calls):
        await call.wait()
    await work(day)
    assert day.rung() == [A02, A01]
    assert room_of(await day.picks_up("1")) == f"call-{calls[0].sid}"


async def test_a_caller_whose_case_is_taken_by_somebody_on_the_telephone_is_offered_to_who_is_free(
    day: Night,  # noqa: F811
) -> None:
    other = await in_line(day, THIRD, "1", "2", "0")
    await pressed(day, other)
    await other.wait()
    call = await in_line(day, FIRST, *STUCK)
    (case,) = [one for one in await day.house.cases() if one["category"] == "cable_stuck"]
    assert (await day.house.api("POST", f"/cases/{case['number']}/claim", {"as": "a01"}))[0] == 200
    await at_work(day, "a02")
    assert await goes_on(day, call) == []
    assert A02 in day.rung()
    assert day.rung().count(A01) == 1


async def test_the_second_in_danger_at_one_charger_is_not_led_into_the_first_talk(night: Night) -> None:  # noqa: F811
    await on_call(night, "a17", "a18")
    first, second = [await in_danger(night, caller) for caller in (FIRST, SECOND_CALLER)]
    assert len(await night.house.cases()) == 1
    await night.work()
    assert night.rung() == [A17]
    await agent_leg(night, night.last()[0], "in-progress")
    assert room_of(await night.picks_up("1")) == f"call-{first.sid}"
    await first.wait()
    await night.later(10)
    await second.wait()
    assert night.rung() == [A17, A18]
    assert second.waits is not None
    assert second.waits.tag != "Dial"
    assert room_of(await night.picks_up("1")) == f"call-{second.sid}"
