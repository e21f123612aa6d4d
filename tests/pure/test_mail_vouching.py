"""The judging behind our own checks of where mails come from: policies, nearness, bodies, what is written and set."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime

import pytest
from authres import AuthenticationResultsHeader
from dkim.canonicalization import Relaxed, Simple
from hypothesis import given
from hypothesis import strategies as st

from channels.mail import read
from channels.verification import passed, results_of
from channels.vouching import installed
from channels.vouching.checking import check
from channels.vouching.dkim_check import _bodies
from channels.vouching.dmarc_check import Policy, organisation, read_policy, verdict
from channels.vouching.header import written
from channels.vouching.installed import cannot_check
from channels.vouching.names import LATE, QUESTIONS, Asking, Said
from channels.vouching.values import Finding, Origin
from gateway import checks
from gateway.config import ConfigError, load
from gateway.settings import NameServer, read_name_server

POLICIES = [
    (b"v=DMARC1; p=none", False, Policy("none", False, False)),
    (b"v=DMARC1;p=reject;adkim=s", False, Policy("reject", False, True)),
    (b" v = DMARC1 ; P = Quarantine ; aspf = S", False, Policy("quarantine", True, False)),
    (b"v=DMARC1; p=reject; sp=none", True, Policy("none", False, False)),
    (b"v=DMARC1; p=reject; sp=none", False, Policy("reject", False, False)),
    (b"v=DMARC1; p=reject; sp=whatever", True, Policy("reject", False, False)),
    (b"v=DMARC1; rua=mailto:d@x.example", False, Policy("none", False, False)),
    (b"v=DMARC1; p=reject; adkim=s; adkim=r", False, Policy("reject", False, True)),
    (b"v=DMARC1", False, None),
    (b"v=DMARC1; p=\xff", False, None),
    (b"v=DMARC2; p=none", False, None),
    (b"p=none", False, None),
    (b"", False, None),
]


@pytest.mark.parametrize(("record", "below", "policy"), POLICIES)
def test_a_policy_is_read_as_it_is_meant(record: bytes, below: bool, policy: Policy | None) -> None:
    assert read_policy(record, below) == policy


@pytest.mark.parametrize(
    ("domain", "registered"),
    [
        ("a.b.site.example", "site.example"),
        ("site.example", "site.example"),
        ("www.bbc.co.uk", "bbc.co.uk"),
        ("co.uk", "co.uk"),
        ("example", "example"),
        ("mail.xn--brf-ngen-x2a.se", "xn--brf-ngen-x2a.se"),
        ("somebody.github.io", "somebody.github.io"),
    ],
)
def test_an_organisation_is_what_somebody_registered(domain: str, registered: str) -> None:
    assert organisation(domain) == registered


def test_a_mail_that_only_softly_fails_or_cannot_be_checked_is_not_a_pass() -> None:
    policy = Policy("none", False, False)
    for result in ("softfail", "neutral", "none", "permerror", "fail", "policy"):
        found = verdict("x.example", policy, Finding("spf", result, "", "smtp.mailfrom", "x.example"), [])
        assert found.result == "fail"
    unsure = Finding("dkim", "temperror", "", "header.d", "x.example", "s")
    nobody = Finding("spf", "none", "")
    assert verdict("x.example", policy, nobody, [unsure]).result == "temperror"
    far = Finding("dkim", "temperror", "", "header.d", "y.example", "s")
    assert verdict("x.example", policy, nobody, [far]).result == "fail"


def test_what_is_written_is_what_is_believed() -> None:
    found = [
        Finding("spf", "none", 'odd "reason"; dmarc=pass header.from=x.example', "smtp.helo", "not a domain; x=y"),
        Finding("dkim", "fail", "the body was changed", "header.d", "x.example", "s"),
        Finding("dmarc", "fail", "nobody", "header.from", "x.example"),
    ]
    assert not passed("a@x.example", results_of(written("mx.support.example", found)))
    good = [*found[:2], Finding("dmarc", "pass", "p=none", "header.from", "x.example")]
    value = written("mx.support.example", good)
    assert passed("a@x.example", results_of(value))
    assert not passed("a@y.example", results_of(value))
    assert "\n" not in value
    assert "not a domain" not in value


PIECES = st.lists(st.sampled_from([b"\r\n", b"\n", b"\r", b" ", b"\t", b"a", b"."]), max_size=20)


@given(PIECES)
def test_a_body_made_ready_is_signed_as_it_was(pieces: list[bytes]) -> None:
    body = b"".join(pieces)
    plain, made = re.sub(rb"\r?\n", b"\r\n", body), _bodies(body, (b"simple", b"relaxed"))
    assert Simple.canonicalize_body(made[b"simple"]) == Simple.canonicalize_body(plain)
    assert Relaxed.canonicalize_body(made[b"relaxed"]) == Relaxed.canonicalize_body(plain)


SAID = r"""v=spf1 v=DMARC1; v=DKIM1; p=none p=reject p= p=AAAA k=rsa k=ed25519 ip4:192.0.2.1 ip4:x a mx ptr
include:x.example redirect=y.example exists:%{ir}.%{l1r-}.x.example %{d2} % exp=x.example -all ~all =all a/33 mx//129
å : ; ="""
RECORDS = st.lists(st.lists(st.sampled_from(SAID.split()), max_size=8).map(" ".join), max_size=3)
SIGNED = """v=1; a=rsa-sha256; a=ed25519-sha256; a=; d=x.example; d=; s=s; h=from; h=from:to; bh=AAAA; b=AAAA; b=! l=3;
t=x; x=1; i=@y c=simple c=relaxed/relaxed; c=a/b/c; q=dns ;; ÿ"""
FIELDS = ["From: a@x.example\r\n", "From : b@y.example\r\n", "X\r\n", "\r", " folded\r\n", "Subject: å\r\n", "\0:\r\n"]
HEADS = st.lists(
    st.lists(st.sampled_from(SIGNED.split()), max_size=12).map(lambda tags: f"DKIM-Signature: {' '.join(tags)}\r\n")
    | st.sampled_from(FIELDS),
    max_size=8,
).map("".join)


class Sayings:
    """Name servers that say one thing or another to whatever they are asked."""

    def __init__(self, sayings: list[list[str]]) -> None:
        self._sayings, self.asked = sayings or [[]], 0

    async def ask(self, name: str, kind: str, within: float) -> Said:
        self.asked += 1
        said = self._sayings[self.asked % len(self._sayings)]
        if kind == "TXT":
            return Said(tuple(record.encode("latin-1") for record in said))
        given = {"MX": (10, "mx.x.example"), "PTR": "h.x.example", "A": "192.0.2.1", "AAAA": "2001:db8::1"}
        return Said((given[kind],) * len(said))


@given(HEADS, st.lists(RECORDS, max_size=5), st.sampled_from(["a@x.example", "", "@", "a@[::1]", "ü@x.example"]))
async def test_nothing_that_strangers_say_ends_in_more_than_a_finding(
    head: str, sayings: list[list[str]], mail_from: str
) -> None:
    names = Sayings(sayings)
    origin = Origin("192.0.2.1", "h.x.example", mail_from)
    raw = head.encode("latin-1") + b"\r\nHej\r\n"
    findings = await check(raw, origin, names, 5.0)
    assert not any("checks failed" in finding.reason for finding in findings)
    assert findings[-1].method == "dmarc"
    assert names.asked <= QUESTIONS
    value = written("mx.support.example", findings)
    header = AuthenticationResultsHeader.parse(f"Authentication-Results: {value}")
    assert [result.method for result in header.results] == [finding.method for finding in findings]


async def test_a_mail_has_so_many_questions_and_so_much_time() -> None:
    names, loop = Sayings([[]]), asyncio.get_running_loop()
    asking = Asking(names, loop.time() + 60)  # type: ignore[arg-type]
    said = [await asking.ask(f"N{nth}.example.", "A") for nth in range(QUESTIONS + 5)]
    assert said[QUESTIONS:] == [LATE] * 5
    assert (names.asked, said[0].failed) == (QUESTIONS, "")
    late = Asking(names, loop.time() - 1)  # type: ignore[arg-type]
    assert await late.ask("x.example", "A") == LATE
    assert names.asked == QUESTIONS


def test_what_our_own_checks_found_takes_the_place_of_what_a_mail_says() -> None:
    claim, found = (f"mx.support.example; dmarc={result} header.from=x.example" for result in ("pass", "fail"))
    raw = f"Authentication-Results: {claim}\r\nFrom: a@x.example\r\n\r\nHej".encode()
    at, ours = datetime(2026, 9, 28, tzinfo=UTC), ("mx.support.example",)
    assert read(raw, at, trusted_authserv=ours).sender.verified
    assert not read(raw, at, trusted_authserv=ours, found=found).sender.verified
    assert read(raw, at, found=claim).sender.verified
    odd = raw.replace(b"From: a@x.example", b"From: b@y.example <a@x.example>")
    assert not read(odd, at, found=claim).sender.verified


def test_name_servers_are_addresses(environ: dict[str, str]) -> None:
    assert read_name_server("192.0.2.53") == NameServer("192.0.2.53", 53)
    assert read_name_server("[2001:db8::53]:5353") == NameServer("2001:db8::53", 5353)
    assert read_name_server("2001:db8::53") == NameServer("2001:db8::53", 53)
    for wrong in ("ns.example", "192.0.2.53:", "192.0.2.53:0", "192.0.2.53:99999", "192.0.2.53:x", "[::1]x"):
        with pytest.raises(ConfigError) as refused:
            load({**environ, "MAIL_CHECKS_DNS": f"127.0.0.1:53,{wrong}"})
        assert refused.value.faults == [
            f"MAIL_CHECKS_DNS: {wrong!r} is not an address like 192.0.2.53 or 192.0.2.53:5353"
        ]


def test_nothing_is_checked_unless_it_is_asked_for(environ: dict[str, str]) -> None:
    config = load(environ)
    assert (config.mail_checks, config.mail_checks_dns) == ("off", ())


def test_what_is_not_installed_is_refused_at_start(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    asked = load({**environ, "MAIL_CHECKS": "on", "MAIL_CHECKS_DNS": "127.0.0.1"})
    assert cannot_check(asked.mail_checks_dns) is None
    assert not any(fault.startswith("MAIL_CHECKS") for fault in checks.faults(asked))
    monkeypatch.setattr(installed, "NEEDED", (*installed.NEEDED, "a_package_that_is_not_there"))
    assert "MAIL_CHECKS: pip install -e '.[mailauth]' in the clone" in checks.faults(asked)
    assert not any(fault.startswith("MAIL_CHECKS") for fault in checks.faults(load(environ)))
