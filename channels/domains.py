"""How a domain is written: in ASCII, which is how mails to it go out, and in its own letters (RFC 5891)."""

from __future__ import annotations

from contextlib import suppress

import idna


def in_ascii(domain: str) -> str:
    """A domain as any mail server takes it; as it is where there is no such name."""
    if not domain.isascii():
        with suppress(idna.IDNAError):
            return idna.encode(domain, uts46=True).decode()
    return domain


def spellings(domain: str) -> list[str]:
    """A domain as any server spells it."""
    found = {domain}
    with suppress(idna.IDNAError):
        found |= {idna.encode(domain, uts46=True).decode(), idna.decode(domain)}
    return sorted(found)


def spellings_of_address(address: str) -> list[str]:
    """An address as any server spells it, whatever way it spells its domain."""
    local, _, domain = address.rpartition("@")
    return [f"{local}@{one}" for one in spellings(domain)]
