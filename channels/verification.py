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


Results = Sequence[object]  # of one header, as the library reads them


def told_by(values: Sequence[str], trusted: Collection[str]) -> Results:
    """What a trusted server found: by the topmost of the raw header values that is one's, top one first. A server is
    trusted by its name or that of a domain above it."""
    for value in values[:20]:
        match = _SERVER.match(value[:500])
        if match and _is_trusted(match[1].lower(), trusted):
            return results_of(value)
    return ()


def results_of(value: str) -> Results:
    """The results in one header's value; none in one that cannot be read."""
    from authres import AuthenticationResultsHeader, AuthResError

    try:
        return list(
            AuthenticationResultsHeader.parse(f"Authentication-Results: {' '.join(value[:8192].split())}").results
        )
    except (AuthResError, ValueError, TypeError, AttributeError, IndexError, RecursionError):
        return ()


def passed(address: str, results: Results) -> bool:
    """Whether results vouch for a mailbox."""
    domain = address.rpartition("@")[2]
    dmarc = _of("dmarc", results)
    if dmarc:
        return all(_says(result, "pass") for result in dmarc) and any(
            _named(result, "from") == domain for result in dmarc
        )
    return any(_says(result, "pass") and _covers(_named(result, "d"), domain) for result in _of("dkim", results))


def refused(results: Results) -> bool:
    """Whether results say that the From domain has nothing to do with a mail: DMARC fail."""
    return any(_says(result, "fail") for result in _of("dmarc", results))


def _is_trusted(server: str, trusted: Collection[str]) -> bool:
    return any(server == name.lower() or server.endswith(f".{name.lower()}") for name in trusted)


def _of(method: str, results: Results) -> list[object]:
    return [result for result in results if str(getattr(result, "method", "") or "").lower() == method]


def _says(result: object, verdict: str) -> bool:
    return str(getattr(result, "result", "")).lower() == verdict


def _named(result: object, name: str) -> str:
    for entry in getattr(result, "properties", ()):
        if entry.type.lower() == "header" and entry.name.lower() == name:
            return str(entry.value).strip('"').rpartition("@")[2].lower()
    return ""


def _covers(signer: str, domain: str) -> bool:
    """Whether a signing domain speaks for a From domain: itself, or one above it that is no mere ending."""
    return bool(signer) and (signer == domain or ("." in signer and domain.endswith(f".{signer}")))
