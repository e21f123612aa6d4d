"""Whether what SPF and DKIM found speaks for the domain in From, as that domain's policy wants it (DMARC, RFC 7489)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from publicsuffixlist import PublicSuffixList

from channels.vouching.names import Asking
from channels.vouching.values import Finding

_ACTIONS = ("none", "quarantine", "reject")


@dataclass(frozen=True, slots=True)
class Policy:
    """What a domain asks to be done with mail that nobody vouches for, and how near a voucher's domain must be."""

    action: str
    strict_spf: bool
    strict_dkim: bool


def organisation(domain: str) -> str:
    """The domain that somebody registered, by the public suffix list; of an ending itself, that."""
    return _suffixes().privatesuffix(domain) or domain


async def policy_of(domain: str, asking: Asking) -> Policy | Finding:
    """The policy of a From domain, else that of its organisation; without one, what there is to tell."""
    for name in dict.fromkeys((domain, organisation(domain))):
        said = await asking.ask(f"_dmarc.{name}", "TXT")
        if said.failed:
            return _told(said.failed, "the policy could not be read", domain)
        records = [record for record in said.records if record.replace(b" ", b"").startswith(b"v=DMARC1")]
        if len(records) > 1:
            return _told("permerror", "there is more than one policy", domain)
        if records:
            return read_policy(records[0], name != domain) or _told("permerror", "the policy cannot be read", domain)
    return _told("none", "the domain has no policy", domain)


def read_policy(record: bytes, of_organisation: bool = False) -> Policy | None:
    """A policy; None for what is none. `of_organisation`: it is asked for a subdomain."""
    parts = (part.partition("=") for part in record.decode("ascii", "replace").split(";"))
    tags = {name.strip().lower(): value.strip() for name, _, value in reversed(list(parts))}
    asked = tags.get("p", "").lower()
    if record.replace(b" ", b"").split(b";")[0] != b"v=DMARC1" or (asked not in _ACTIONS and "rua" not in tags):
        return None
    action = asked if asked in _ACTIONS else "none"
    below = tags.get("sp", action).lower()
    return Policy(
        below if of_organisation and below in _ACTIONS else action,
        tags.get("aspf", "r").lower() == "s",
        tags.get("adkim", "r").lower() == "s",
    )


def verdict(domain: str, policy: Policy | Finding, spf: Finding, signatures: Sequence[Finding]) -> Finding:
    """Whether somebody who may has vouched for the domain in From."""
    if isinstance(policy, Finding):
        return policy
    near = [one for one in signatures if _aligned(one.domain, domain, policy.strict_dkim)]
    near += [spf] if _aligned(spf.domain, domain, policy.strict_spf) else []
    asked = f"p={policy.action}"
    for one in near:
        if one.result == "pass":
            how = "the same domain" if one.domain == domain else "the same organisation"
            return _told("pass", f"{one.method} for {how}, {asked}", domain)
    if any(one.result == "temperror" for one in near):
        return _told("temperror", f"the name servers did not answer, {asked}", domain)
    passed = sorted({one.method for one in (spf, *signatures) if one.result == "pass"})
    why = f"{' and '.join(passed)} for other domains only" if passed else "neither spf nor dkim passed"
    return _told("fail", f"{why}, {asked}", domain)


def _told(result: str, reason: str, domain: str) -> Finding:
    return Finding("dmarc", result, reason, "header.from", domain)


def _aligned(other: str, domain: str, strict: bool) -> bool:
    return bool(other) and (other == domain or (not strict and organisation(other) == organisation(domain)))


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()
