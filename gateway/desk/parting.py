"""An address in a case that is somebody else's: whoever leads takes it from the person it was joined with.

The reports, messages and calls of that address alone go with it, wherever they are (`gateway.people.identities`).
"""

from __future__ import annotations

from gateway.desk.acts import Refused, act
from gateway.people.identities import take
from gateway.record.people import joined
from gateway.record.timeline import Actor
from gateway.runtime import Runtime


async def part(runtime: Runtime, actor: Actor, case_id: int, address: str) -> None:
    """Take an address from somebody who reported in this case and has others. Raises Refused, and Unknown."""
    if actor.role == "agent":
        raise Refused(address="only whoever leads may tell people apart")
    value = address.strip().lower()
    async with act(runtime, actor, case_id) as deed:
        if all(value != row["value"] for row in await joined(deed.conn, case_id)):
            raise Refused(address="nobody who reported here has this address beside another")
        parted = await take(deed.conn, value, actor, deed.now, case_id)
    for case in {case_id, *parted.cases}:
        runtime.live.publish({"type": "case", "case": case})
