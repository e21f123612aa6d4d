"""All checks of one mail, at once. Never raises."""

from __future__ import annotations

import asyncio
import re

from channels.mail.address import author
from channels.mail.headers import HEADER_BLOCK
from channels.mail.tree import TooComplex, parse
from channels.vouching.dkim_check import signatures_of
from channels.vouching.dmarc_check import policy_of, verdict
from channels.vouching.names import Asking, Names
from channels.vouching.spf_check import spf_of
from channels.vouching.values import Finding, Origin, is_domain

_END = re.compile(rb"\r?\n\r?\n")


async def check(raw: bytes, origin: Origin, names: Names, within: float) -> list[Finding]:
    """What is found within so many seconds; what is not known by then is `temperror`."""
    try:
        return await _checked(raw, origin, Asking(names, asyncio.get_running_loop().time() + within))
    except (Exception, MemoryError) as error:
        return [Finding("dmarc", "temperror", f"the checks failed ({type(error).__name__})")]


async def _checked(raw: bytes, origin: Origin, asking: Asking) -> list[Finding]:
    head, body = _apart(raw)
    domain = _from_domain(head)
    if domain is None:
        return [await spf_of(origin, asking), Finding("dmarc", "permerror", "From does not name one domain")]
    spf, signatures, policy = await asyncio.gather(
        spf_of(origin, asking), signatures_of(head, body, domain, asking), policy_of(domain, asking)
    )
    return [spf, *signatures, verdict(domain, policy, spf, signatures)]


def _apart(raw: bytes) -> tuple[bytes, bytes]:
    """Header and body, parted where a signer parts them."""
    if raw.startswith((b"\n", b"\r\n")):
        return b"", raw
    end = _END.search(raw, 0, HEADER_BLOCK + 4)
    return (raw[: end.start()], raw[end.end() :]) if end else (raw[:HEADER_BLOCK], b"")


def _from_domain(head: bytes) -> str | None:
    """The domain that a mail says it is from, as the reading of mails takes it; None when it must not be believed."""
    try:
        fields = parse(head + b"\r\n\r\n").fields
    except TooComplex:
        return None
    box = author(fields.all("from"), fields.charset)
    domain = box.address.rpartition("@")[2] if box and not box.odd else ""
    return domain if is_domain(domain) else None
