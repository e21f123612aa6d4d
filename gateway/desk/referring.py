"""References of makers: links to manuals, bulletins and error lists, kept for every case of the same model of charger.

`Refused` names what cannot be kept: only `https` addresses without a log-in in them are.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from gateway.desk.acts import Act, Refused, act, require_text
from gateway.record import references
from gateway.record.timeline import Actor
from gateway.runtime import Runtime
from routing.values import Charger

LONGEST_TITLE, LONGEST_URL = 200, 1000


async def refer(runtime: Runtime, actor: Actor, case_id: int, title: str, url: str) -> None:
    """Keep a link for chargers like the case's; the same address again gets the newer title."""
    require_text(title=title, url=url)
    if not _safe(url.strip()):
        raise Refused(url="must be an address that begins with https://")
    async with act(runtime, actor, case_id) as deed:
        named = " ".join(title.split())[:LONGEST_TITLE]
        kept = await references.add(deed.conn, _charger(deed), named, url.strip(), deed.agent, deed.now)
        deed.tell("referred", reference=kept)


async def unrefer(runtime: Runtime, actor: Actor, case_id: int, reference: int) -> None:
    """Take a link away from all cases of the model."""
    async with act(runtime, actor, case_id) as deed:
        if not await references.remove(deed.conn, _charger(deed), reference, deed.now):
            raise Refused(reference="there is no such reference")
        deed.tell("unreferred", reference=reference)


def _charger(deed: Act) -> Charger:
    charger = deed.runtime.directory().chargers.get(deed.case.charger_id or "")
    if charger is None:
        raise Refused(charger="say which charger it is first")
    return charger


def _safe(url: str) -> bool:
    if len(url) > LONGEST_URL or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc
