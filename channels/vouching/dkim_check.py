"""Which domains have signed a mail, and whether their signatures hold (DKIM, RFC 6376).

The cryptography is dkimpy's. Around it: how many signatures are looked at and how large they, their keys and the mail
may be; that nothing but the signed part can be read into the mail; and what is a pass by the letter only (`l=`, SHA-1,
short keys, keys for tests) is none.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import dkim
from dkim.util import InvalidTagValueList, parse_tag_value

from channels.vouching.dmarc_check import organisation
from channels.vouching.names import Asking, Said
from channels.vouching.values import Finding, is_domain

MOST = 5  # signatures
MOST_BYTES = 32 * 1024 * 1024  # of body, hashed once for each signature
LARGEST = 4 * 1024  # bytes of one signature's header field
LARGEST_KEY = 4 * 1024  # bytes of a key's record
BITS = (1024, 4096)  # of an RSA key
EXPONENT = 1 << 32
_ONCE = frozenset(
    b"from sender reply-to to cc subject date message-id in-reply-to references mime-version content-type"
    b" content-transfer-encoding content-disposition".split()
)
_BARE_CR = re.compile(rb"\r(?!\n)")
_BLANKS = re.compile(rb"[ \t]+")
_SIGNED = re.compile(rb"\s*:\s*")


@dataclass(frozen=True, slots=True)
class _Signature:
    nth: int
    tags: Mapping[bytes, bytes]
    domain: str
    selector: str

    @property
    def way(self) -> bytes:
        """How the body is canonicalised."""
        return self.tags.get(b"c", b"").partition(b"/")[2] or b"simple"

    def found(self, result: str, reason: str) -> Finding:
        return Finding("dkim", result, reason, "header.d", self.domain, self.selector)


async def signatures_of(head: bytes, body: bytes, author: str, asking: Asking) -> list[Finding]:
    """What became of each signature, those that can speak for the author's domain first."""
    try:
        mail = dkim.DKIM(head + b"\r\n\r\n")
    except (dkim.DKIMException, IndexError):
        return [Finding("dkim", "permerror", "the header cannot be read")] if b"dkim-signature" in head.lower() else []
    fields = [value for name, value in mail.headers if name.lower() == b"dkim-signature"]
    if not fields:
        return []
    if not _reads_one_way(head, [name.lower() for name, _ in mail.headers]):
        return [Finding("dkim", "policy", "the header can be read in more than one way")]
    read = [_signature(nth, value) for nth, value in enumerate(fields[: MOST * 4])]
    found = [one for one in read if isinstance(one, Finding)][:MOST]
    signed = [one for one in read if isinstance(one, _Signature)]
    signed.sort(key=lambda one: organisation(one.domain) != organisation(author))
    most = max(1, min(MOST, MOST_BYTES // max(1, len(body))))
    keys = await asyncio.gather(
        *(asking.ask(f"{one.selector}._domainkey.{one.domain}", "TXT") for one in signed[:most])
    )
    bodies = _bodies(body, {one.way for one in signed[:most]})
    found = [_held(mail, bodies, one, key) for one, key in zip(signed, keys, strict=False)] + found
    return [*found, *(one.found("neutral", "too much to check") for one in signed[most : most + MOST])]


def _reads_one_way(head: bytes, names: Sequence[bytes]) -> bool:
    """Whether everybody sees the same fields in a header, however they take lone CRs, `From ` lines and doubles."""
    doubled = any(count > 1 for name, count in Counter(names).items() if name in _ONCE)
    return not doubled and not _BARE_CR.search(head) and not head.startswith(b"From ") and b"\nFrom " not in head


def _signature(nth: int, value: bytes) -> _Signature | Finding:
    """A signature that is worth asking for its key, or what is wrong with it."""
    if len(value) > LARGEST:
        return Finding("dkim", "permerror", "the signature is too large")
    try:
        tags = parse_tag_value(value)
        domain, selector = (tags[name].decode("ascii").lower().removesuffix(".") for name in (b"d", b"s"))
    except (InvalidTagValueList, KeyError, UnicodeDecodeError, IndexError):
        return Finding("dkim", "permerror", "the signature cannot be read")
    if not is_domain(domain) or not is_domain(selector):
        return Finding("dkim", "permerror", "the signature names no domain")
    one = _Signature(nth, tags, domain, selector)
    if b"l" in tags:
        return one.found("policy", "l= leaves what follows unsigned")
    if tags.get(b"a", b"").lower().endswith(b"sha1"):
        return one.found("policy", "SHA-1 is no proof")
    if b"from" not in _SIGNED.split(tags.get(b"h", b"").strip().lower()):
        return one.found("permerror", "From is not signed")
    return one


def _bodies(body: bytes, ways: Collection[bytes]) -> dict[bytes, bytes]:
    """The body as each way of canonicalising takes it, made here in time that grows with its length only: dkimpy's own
    pass then finds nothing left to do."""
    plain = body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    made = {}
    if b"simple" in ways:
        made[b"simple"] = _without_last_lines(plain)
    if b"relaxed" in ways:
        made[b"relaxed"] = _without_last_lines(_BLANKS.sub(b" ", plain).replace(b" \r\n", b"\r\n"))
    return made


def _without_last_lines(body: bytes) -> bytes:
    """A body without the empty lines at its end."""
    ends = body[len(body.rstrip(b"\r\n")) :]
    lines = ends[ends.rfind(b"\r\r") + 1 :]
    return body[: len(body) - len(lines)] + b"\r\n" if lines.endswith(b"\n") else body


def _held(mail: dkim.DKIM, bodies: Mapping[bytes, bytes], one: _Signature, key: Said) -> Finding:
    """Whether a signature holds by the key that its domain publishes."""
    if key.failed:
        return one.found(key.failed, "the name servers did not answer" if key.failed == "temperror" else "no such key")
    if len(key.records) != 1:
        return one.found("permerror", "no such key" if not key.records else "more than one key")
    (record,) = key.records
    if unusable := _unusable(record, one):
        return one.found(*unusable)
    mail.body = bodies.get(one.way, b"")
    try:
        holds = mail.verify(one.nth, dnsfunc=lambda name, timeout: record)
    except dkim.ValidationError as error:
        return one.found("fail", _why(str(error)))
    except Exception as error:  # what its verifier stumbles over is no signature
        return one.found("permerror", f"the signature cannot be checked ({type(error).__name__})")
    return one.found("pass", "the signature holds") if holds else one.found("fail", "the signature does not hold")


def _unusable(record: bytes, one: _Signature) -> tuple[str, str] | None:
    """Why a key proves nothing, as result and reason."""
    if len(record) > LARGEST_KEY:
        return "permerror", "the key is too large"
    try:
        tags = parse_tag_value(record)
        if not tags.get(b"p"):
            return "permerror", "the key is revoked"
        if not _listed(tags, b"h", b"sha256") or not _listed(tags, b"s", b"email", b"*"):
            return "permerror", "the key is not for this"
        key, bits, kind, _ = dkim.evaluate_pk("", record)
    except Exception:  # whatever its reader stumbles over
        return "permerror", "the key cannot be read"
    if kind == b"rsa" and (not BITS[0] <= bits <= BITS[1] or key["publicExponent"] > EXPONENT):
        return "policy", f"a key of {bits} bits is not taken"
    if not one.tags.get(b"a", b"").lower().startswith(kind):
        return "permerror", "the key is of another kind"
    flags = _SIGNED.split(tags.get(b"t", b"").strip())
    if b"y" in flags:
        return "neutral", "the key is for tests only"
    author = one.tags.get(b"i", b"").rpartition(b"@")[2].lower()
    if b"s" in flags and author and author.decode("ascii", "replace") != one.domain:
        return "permerror", "the key is not for subdomains"
    return None


def _listed(tags: Mapping[bytes, bytes], name: bytes, *wanted: bytes) -> bool:
    return name not in tags or any(word in wanted for word in _SIGNED.split(tags[name].strip().lower()))


def _why(said: str) -> str:
    for part, reason in (
        ("body hash", "the body was changed"),
        ("x= value is past", "the signature has expired"),
        ("in the future", "the signature is from the future"),
    ):
        if part in said:
            return reason
    return "the signature does not keep to the rules"
