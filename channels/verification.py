"""Whether our own mail server, or our own checks, vouch for a From address: their Authentication-Results (RFC 8601) and
nobody else's.

Never raises. Only the topmost header that carries a trusted authserv-id counts, since the trusted server writes above
what a sender wrote. Verified means DMARC pass for the From domain; where the server says nothing about DMARC, a passed
DKIM signature of the From domain or a domain above it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

_SERVER = re.compile(r"\s*(?:\([^)]*\)\s*)?([^\s;()]+)")


def verified(address: str | None, results: Sequence[str], trusted: Collection[str]) -> bool:
    """Whether a mailbox is vouched for; `results` are the raw header values, top one first.

    A server is trusted by its name or that of a domain above it.
    """
    if not address or not trusted:
        return False
    for value in results[:20]:
        match = _SERVER.match(value[:500])
        if match and _is_trusted(match[1].lower(), trusted):
            return passed(address, value)
    return False


def passed(address: str, value: str) -> bool:
    """Whether the results in one header's value vouch for a mailbox."""
    return _passes(address.rpartition("@")[2], " ".join(value[:8192].split()))


def _is_trusted(server: str, trusted: Collection[str]) -> bool:
    return any(server == name.lower() or server.endswith(f".{name.lower()}") for name in trusted)


def _passes(domain: str, value: str) -> bool:
    from authres import AuthenticationResultsHeader, AuthResError

    try:
        header = AuthenticationResultsHeader.parse(f"Authentication-Results: {value}")
    except (AuthResError, ValueError, TypeError, AttributeError, IndexError, RecursionError):
        return False
    dmarc = [result for result in header.results if (result.method or "").lower() == "dmarc"]
    if dmarc:
        return all(_passed(result) for result in dmarc) and any(_named(result, "from") == domain for result in dmarc)
    return any(
        _passed(result) and _covers(_named(result, "d"), domain)
        for result in header.results
        if (result.method or "").lower() == "dkim"
    )


def _passed(result: object) -> bool:
    return str(getattr(result, "result", "")).lower() == "pass"


def _named(result: object, name: str) -> str:
    for entry in getattr(result, "properties", ()):
        if entry.type.lower() == "header" and entry.name.lower() == name:
            return str(entry.value).strip('"').rpartition("@")[2].lower()
    return ""


def _covers(signer: str, domain: str) -> bool:
    """Whether a signing domain speaks for a From domain: itself, or one above it that is no mere ending."""
    return bool(signer) and (signer == domain or ("." in signer and domain.endswith(f".{signer}")))
