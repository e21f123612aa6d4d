"""Whether the domain of the envelope lets a client send for it (SPF, RFC 7208).

The judging is pyspf's and asks nobody: it is done anew whenever one more of its questions has been answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import spf

from channels.vouching.names import Asking, Said
from channels.vouching.values import Finding, Origin, is_domain

VOID = spf.MAX_VOID_LOOKUPS
_REASONS = {
    "pass": "the domain lets the client send for it",
    "fail": "the domain forbids the client to send for it",
    "softfail": "the domain does not expect the client to send for it",
    "neutral": "the domain says neither yes nor no",
    "none": "the domain says nothing",
    "temperror": "the name servers did not answer",
}


async def spf_of(origin: Origin, asking: Asking) -> Finding:
    """For MAIL FROM; for a bounce, which has none, by the name that the client gives itself."""
    about = "smtp.mailfrom" if origin.mail_from else "smtp.helo"
    domain = (origin.mail_from.rpartition("@")[2] or origin.name).lower().removesuffix(".")
    if not is_domain(domain) or "." not in domain or not origin.mail_from.isascii():
        return Finding("spf", "none", "there is no domain to ask", about)
    while True:
        try:
            result, reason = _judged(origin, domain, asking.known)
        except _Unanswered as question:
            await asking.ask(*question.args)
        else:
            return Finding("spf", result, reason, about, domain)


def _judged(origin: Origin, domain: str, known: Mapping[tuple[str, str], Said]) -> tuple[str, str]:
    try:
        name = origin.name if origin.mail_from else domain
        query = _Query(origin.client.partition("%")[0], origin.mail_from, name, known)
        result, _, said = query.check()
    except _Unanswered:
        raise
    except Exception as error:  # a record that its judge stumbles over is a wrong one
        return "permerror", f"the record cannot be read ({type(error).__name__})"
    if result == "permerror":
        return result, " ".join(said.removeprefix("SPF Permanent Error: ").split())[:120]
    return (result, _REASONS[result]) if result in _REASONS else ("permerror", "the record cannot be read")


class _Unanswered(Exception):
    """A question, name and kind, that has to be asked first."""


class _Query(spf.query):  # type: ignore[misc]
    def __init__(self, client: str, mail_from: str, name: str, known: Mapping[tuple[str, str], Said]) -> None:
        super().__init__(client, mail_from, name)
        self._known = known

    def dns(self, name: Any, qtype: str, cnames: object = None, ignore_void: bool = False) -> list[Any]:
        asked = str(name).lower().removesuffix(".")
        if not all(0 < len(label) < 64 for label in asked.split(".")):
            return []
        said = self._known.get((asked, qtype))
        if said is None:
            raise _Unanswered(asked, qtype)
        if said.failed == "temperror":
            raise spf.TempError("the name servers did not answer")
        if said.failed:
            raise spf.PermError("an answer is too large")
        if not said.records and not ignore_void:
            self.void_lookups += 1
            if self.void_lookups > VOID:
                raise spf.PermError(f"more than {VOID} questions without an answer")
        return [(record,) for record in said.records] if qtype == "TXT" else list(said.records)

    def get_explanation(self, spec: str) -> None:
        """What a domain would like a refused client to be told: we refuse nobody."""
