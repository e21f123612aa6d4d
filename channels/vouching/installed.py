"""Whether our own checks can be made here. Loads nothing that is not needed to say so."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

NEEDED = ("dkim", "dns", "nacl", "publicsuffixlist", "spf")


def cannot_check(servers: Sequence[object]) -> str | None:
    """Why not; None when they can. `servers` are the name servers to ask, the system's when there are none."""
    if not all(find_spec(name) for name in NEEDED):
        return "pip install -e '.[mailauth]' in the clone"
    if servers:
        return None
    from dns.resolver import NoResolverConfiguration, Resolver

    try:
        Resolver()
    except NoResolverConfiguration:
        return "this system names no name server: set MAIL_CHECKS_DNS"
    return None
