"""A talk between a caller and an agent, while it goes on: hold, silence for the recording, a colleague, hand-over.

The provider is asked first; what the record says is what the provider has done. A hand-over is warm: the caller waits
with music while the colleague is told, and is theirs only when they are in the room; once they have both, nothing takes
it back. Leads may listen unheard, be heard by the agent alone, or join in, where the case is within their reach: other
talks do not exist for them; an agent who wants that raises a hand, and may leave the caller to a lead who has joined as
to a colleague who was asked. Whoever is alone with the caller ends the talk when they leave; while somebody else is
heard there it goes on without the agent, and is theirs as soon as it is clear that only the agent has gone. Raises
NoTalk when there is none, Refused when the provider could not do it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from channels.provider import open_provider
from gateway.desk.acts import Refused, act
from gateway.desk.holding import take_over
from gateway.jobs import wake
from gateway.messages.post import account_of
from gateway.phone import captions, consent
from gateway.phone.alone import TOGETHER
from gateway.record import agents, timeline
from gateway.record.agents import Reach
from gateway.record.db import Connection, statements
from gateway.record.timeline import Actor, Entry
from gateway.runtime import Runtime

SQL, RINGS = statements("talks"), statements("rings")
BESIDE = frozenset({"consult", "listen", "coach", "join"})
HEARD = ("consult", "join")  # who of them talks to the caller: whom the agent asked first
UNHEARD = BESIDE.difference(HEARD)  # and who does not: what becomes of it is not theirs
SEATS = MappingProxyType(  # how leads sit in a talk, as the provider says it
    {
        "listen": {"muted": True, "coaching": False},
        "coach": {"muted": False, "coaching": True},
        "join": {"muted": False, "coaching": False},
    }
)
BEAT = timedelta(seconds=75)  # for which a browser that said it is there counts as there

Talk = Mapping[str, Any]


class NoTalk(Exception):
    """The agent talks to nobody now."""


def identity(agent: str) -> str:
    """Under which name an agent's browser is known to the provider, which takes letters and digits only."""
    return f"agent_{agent.encode().hex()}"


async def here(runtime: Runtime, agent: str, answers: bool) -> None:
    """An agent's browser takes calls from now on for a while, or no more."""
    await runtime.db.run(SQL["here"], {"agent": agent, "lasts": BEAT if answers else None})


async def current(runtime: Runtime, agent: str) -> Talk | None:
    """The talk that an agent is in."""
    return await runtime.db.row(SQL["of_agent"], {"agent": agent})


async def live(runtime: Runtime, reach: Reach) -> Sequence[Talk]:
    """Every talk that goes on within a reach, those with a raised hand first."""
    rows = await runtime.db.rows(SQL["live"], {"now": runtime.clock.now()})
    return [talk for talk in rows if _within(reach, talk)]


async def beside(runtime: Runtime, talk: Talk) -> Sequence[Mapping[str, Any]]:
    """Who else is in an agent's talk, or rung for it."""
    return await runtime.db.rows(SQL["others"], {"room": talk["room"], "ring": talk["ring"]})


async def in_vain(runtime: Runtime, talk: Talk) -> Mapping[str, Any] | None:
    """The colleague who was just asked into a talk and does not come, until another one is asked."""
    return await runtime.db.row(SQL["in_vain"], {"room": talk["room"], "now": runtime.clock.now()})


async def colleagues(runtime: Runtime, agent: str) -> Sequence[Mapping[str, Any]]:
    """Who could be asked now."""
    return await runtime.db.rows(SQL["answers"], {"agent": agent})


async def hold(runtime: Runtime, actor: Actor, held: bool) -> None:
    """Let the caller wait with music, or take them back."""
    talk = await _own(runtime, actor)
    await _seat(runtime, talk, talk["caller"], **_holding(runtime, held))
    await _note(runtime, actor, talk, "hold", held, "talk_held" if held else "talk_resumed")


async def hand(runtime: Runtime, actor: Actor, raised: bool) -> None:
    """Ask a lead to come and listen, or no more. Doing it twice changes nothing."""
    await _hand(runtime, actor, await _own(runtime, actor), raised)


async def lower(runtime: Runtime, actor: Actor, agent: str) -> None:
    """A lead has seen an agent's hand."""
    await _hand(runtime, actor, await _of(runtime, actor, agent), False)


async def silence(runtime: Runtime, actor: Actor, silent: bool) -> None:
    """Silence the recording (a card number is read out), or let it go on."""
    talk = await _own(runtime, actor)
    if not silent and talk["queue"] in consent.never(runtime):
        raise Refused(recording="the queue never records")
    account = account_of(runtime.config)
    if account is None:
        raise Refused(recording="no provider is configured")
    async with open_provider(account) as provider:
        if silent and not await captions.end(runtime, provider, talk["caller"]):
            raise Refused(recording="the provider does not answer")
        if not await provider.pause_recording(talk["caller"], silent):
            raise Refused(recording="nothing is recorded, or the provider does not answer")
        if not silent:
            await captions.begin(runtime, provider, talk["caller"], talk["language"])
    await _note(runtime, actor, talk, "silence", silent, "recording_silenced" if silent else "recording_resumed")


async def consult(runtime: Runtime, actor: Actor, colleague: str) -> None:
    """Ring a colleague into the talk; the caller waits meanwhile. Nobody is rung when they cannot."""
    talk = await _own(runtime, actor)
    if any(other["purpose"] == "consult" for other in await beside(runtime, talk)):
        raise Refused(colleague="a colleague is asked already")
    ring = await _invite(runtime, "consult", colleague, talk)
    if talk["held_at"] is not None:
        return
    try:
        await hold(runtime, actor, True)
    except Refused:
        given = {"ring": ring, "state": "failed", "reason": "not held", "room": talk["room"]}
        await runtime.db.run(RINGS["end"], {**given, "now": runtime.clock.now()})
        raise


async def give(runtime: Runtime, actor: Actor) -> None:
    """Leave the caller and the case to the colleague who is in the room. Refused with `held` when that was done and
    only the music goes on, which the colleague can end."""
    talk = await _own(runtime, actor)
    there = [one for one in await beside(runtime, talk) if one["purpose"] in HEARD and one["state"] == "taken"]
    if not there:
        raise Refused(colleague="no colleague is in the talk")
    theirs = min(there, key=lambda one: HEARD.index(one["purpose"]))
    await _seat(runtime, talk, theirs["leg"], end_conference_on_exit=True)
    await _seat(runtime, talk, talk["leg"], end_conference_on_exit=False)
    await _make_theirs(runtime, talk, actor.id or "", theirs)
    back = await _take_back(runtime, talk) or await _take_back(runtime, talk)
    account = account_of(runtime.config)
    if account is not None:
        async with open_provider(account) as provider:
            await provider.hang_up(talk["leg"])
    if not back:
        raise Refused(held="the provider could not take the caller back")


async def sweep(runtime: Runtime) -> int:
    """Leave talks whose agent is gone to who talks on with the caller; returns how many. Raises Unavailable."""
    rows = await runtime.db.rows(SQL["forsaken"], {"now": runtime.clock.now(), "together": TOGETHER})
    for talk in rows:
        there = await runtime.db.rows(SQL["seated"], {"room": talk["room"]})
        if not there:
            continue
        await _make_theirs(runtime, talk, talk["agent_id"], there[0])
        await anchor(runtime, talk["room"])
        if talk["held_at"] is not None:
            await _take_back(runtime, talk)
        _publish(runtime, talk)
    return len(rows)


async def goes_on(runtime: Runtime, room: str) -> bool:
    """Whether somebody who came to a talk is heard in its room."""
    there = await runtime.db.rows(SQL["seated"], {"room": room})
    return any(one["purpose"] in HEARD for one in there)


async def left(runtime: Runtime, leg: str) -> None:
    """A call is over; if it was somebody's in a room, whoever is still there may be the one who ends the talk now."""
    row = await runtime.db.row(SQL["room_of_leg"], {"leg": leg})
    if row is not None:
        await anchor(runtime, row["room"])


async def anchor(runtime: Runtime, room: str) -> None:
    """Let a talk end when the last who talks to the caller leaves, and not before. What the provider does not do
    changes nothing else."""
    there = await runtime.db.rows(SQL["seated"], {"room": room})
    if not there:
        return
    last = there[0]["purpose"] in HEARD or not any(one["purpose"] in HEARD for one in there)
    with suppress(Refused):
        await _seat(runtime, {"room": room}, there[0]["leg"], end_conference_on_exit=last)


async def attend(runtime: Runtime, actor: Actor, agent: str, how: str) -> None:
    """A lead is rung into an agent's talk, to `listen`, `coach` or `join`; who is there already stays and does that."""
    talk = await _of(runtime, actor, agent)
    there = [one for one in await beside(runtime, talk) if one["agent_id"] == actor.id and one["state"] == "taken"]
    seat = next((one for one in there if one["purpose"] in SEATS and one["purpose"] != how), None)
    if seat is None:
        await _invite(runtime, how, actor.id or "", talk)
    else:
        coached = {"call_sid_to_coach": talk["leg"]} if how == "coach" else {}
        await _seat(runtime, talk, seat["leg"], **SEATS[how], **coached)
    async with runtime.db.transaction() as conn:
        if seat is not None:
            await conn.execute(SQL["reseat"], {"ring": seat["ring"], "purpose": how})
        await _tell(runtime, conn, actor, talk, f"talk_{how}")
    _publish(runtime, talk)


async def _own(runtime: Runtime, actor: Actor) -> Talk:
    talk = await current(runtime, actor.id or "")
    if talk is None or talk["purpose"] in UNHEARD:
        raise NoTalk
    return talk


async def _of(runtime: Runtime, lead: Actor, agent: str) -> Talk:
    """An agent's talk, for a lead within whose reach it is."""
    talk, known = await current(runtime, agent), await agents.find(runtime.db, lead.id or "")
    if talk is None or known is None or not _within(known.reach, talk):
        raise NoTalk
    return talk


def _within(reach: Reach, talk: Talk) -> bool:
    """Whether a talk exists for somebody; one about no case yet, for those alone who see everything."""
    if talk["case_id"] is None:
        return not reach.queues and not reach.sites
    return reach.holds(talk["queue"], talk["site_id"], talk["assignee"])


async def _invite(runtime: Runtime, purpose: str, agent: str, talk: Talk) -> int:
    given = {"purpose": purpose, "agent": agent, "case": talk["case_id"], "room": talk["room"]}
    async with runtime.db.transaction() as conn:
        await conn.execute(SQL["one_by_one"], {"agent": agent})
        ring = await (await conn.execute(SQL["invite"], given)).fetchone()
        if ring is None:
            raise Refused(colleague="is asked already, or has no telephone here and does not answer in the browser")
        await wake(conn)
    return int(ring["id"])


async def _seat(runtime: Runtime, talk: Talk, call: str, **changes: Any) -> None:
    account = account_of(runtime.config)
    if account is None:
        raise Refused(call="no provider is configured")
    async with open_provider(account) as provider:
        if not await provider.seat(talk["room"], call, **changes):
            raise Refused(call="the provider could not do it")


async def _make_theirs(runtime: Runtime, talk: Talk, agent: str, theirs: Mapping[str, Any]) -> None:
    """A talk, and its case if it was the agent's, are the colleague's who is in the room; a case that is over, or
    waits for a visit, stays where it is."""
    to = await agents.find(runtime.db, theirs["agent_id"])
    assert to is not None
    given = {"to": to.id, "caller": talk["caller"], "ring": talk["ring"], "consult": theirs["ring"]}
    if not talk["case_id"]:
        await runtime.db.run(SQL["give"], given)
        return
    async with act(runtime, Actor("agent", to.id, to.role), talk["case_id"]) as deed:
        if await (await deed.conn.execute(SQL["give"], given)).fetchone() is None:
            return
        if deed.case.assignee == agent and deed.case.status not in ("planned", "concluded", "closed"):
            await take_over(deed)
        deed.tell("talk_handed_over", call=talk["caller"], held_by=agent, to=to.id)


async def _take_back(runtime: Runtime, talk: Talk) -> bool:
    try:
        await _seat(runtime, talk, talk["caller"], **_holding(runtime, False))
    except Refused:
        return False
    await runtime.db.run(SQL["hold"], {"caller": talk["caller"], "at": None})
    return True


def _holding(runtime: Runtime, held: bool) -> dict[str, Any]:
    music = f"{runtime.config.public_url.rstrip('/')}/twilio/music.wav"
    return {"hold": True, "hold_url": music, "hold_method": "GET"} if held else {"hold": False}


async def _hand(runtime: Runtime, actor: Actor, talk: Talk, raised: bool) -> None:
    given = {"ring": talk["ring"], "at": runtime.clock.now() if raised else None}
    async with runtime.db.transaction() as conn:
        if await (await conn.execute(SQL["hand"], given)).fetchone() is None:
            return
        await _tell(runtime, conn, actor, talk, "hand_raised" if raised else "hand_lowered")
    _publish(runtime, talk)


async def _note(runtime: Runtime, actor: Actor, talk: Talk, statement: str, on: bool, kind: str) -> None:
    given = {"caller": talk["caller"], "at": runtime.clock.now() if on else None}
    async with runtime.db.transaction() as conn:
        await conn.execute(SQL[statement], given)
        await _tell(runtime, conn, actor, talk, kind)
    _publish(runtime, talk)


async def _tell(runtime: Runtime, conn: Connection, actor: Actor, talk: Talk, kind: str) -> None:
    if talk["case_id"]:
        entry = Entry(talk["case_id"], kind, actor, data={"call": talk["caller"]})
        await timeline.append(conn, [entry], runtime.clock.now())


def _publish(runtime: Runtime, talk: Talk) -> None:
    runtime.live.publish({"type": "talk"})
    if talk["case_id"]:
        runtime.live.publish({"type": "case", "case": talk["case_id"]})
