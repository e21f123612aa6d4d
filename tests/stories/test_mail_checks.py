"""A door on the internet itself checks where mails come from: who is verified, and what holds nothing up."""

from __future__ import annotations

import asyncio
import base64
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest
import pytest_asyncio
from authres import AuthenticationResultsHeader
from structlog.testing import capture_logs

from channels.lmtp import LocalConversation
from channels.parsing import Parsers
from channels.report import Intake, Report
from channels.smtp import SmtpDoor
from channels.vouching.apart import Checks
from channels.vouching.names import TOO_MUCH, Names, Said
from gateway import doors
from gateway.config import Config
from gateway.runtime import open_runtime
from tests.fakes.mail import RealClock, Shelf
from tests.fakes.nameserver import NameServer
from tests.fakes.signing import Key, der, rsa_key, short_key, signed, signed_with_tags
from tests.stories.test_smtp_door import Line

US, SERVER = "help@support.example", "mx.support.example"
HERE = "v=spf1 ip4:127.0.0.1 ip6:::1 -all"
pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass(frozen=True)
class World:
    """Name servers, the process that asks them, and who reads what comes."""

    names: NameServer
    checks: Checks
    parsers: Parsers

    @asynccontextmanager
    async def door(self, shelf: Intake, **changes: object) -> AsyncIterator[SmtpDoor]:
        settings: dict[str, object] = {"checks": self.checks, "relays": ()} | changes
        opened = SmtpDoor(
            shelf,
            self.parsers,
            RealClock(),
            domains=("support.example",),
            addresses={US: None},
            hostname=SERVER,
            **settings,  # type: ignore[arg-type]
        )
        try:
            yield opened
        finally:
            await opened.stop()

    async def told(
        self, raw: bytes, mail_from: str, helo: str = "mx.sender.example", host: str = "127.0.0.1", **changes: object
    ) -> Told:
        """What becomes of a mail."""
        shelf = Shelf()
        async with self.door(shelf, **changes) as door:
            answer = await deliver(await door.start(host, 0), raw, mail_from, helo, host)
        assert answer.startswith("250")
        return Told(shelf.only)


@dataclass(frozen=True)
class Told:
    """A report, and what stands above its mail about where that comes from."""

    report: Report

    @property
    def verified(self) -> bool:
        return self.report.sender.verified

    @property
    def above(self) -> AuthenticationResultsHeader:
        head = self.report.raw.partition(b"\r\n\r\n")[0].replace(b"\r\n ", b" ")
        return AuthenticationResultsHeader.parse(head.partition(b"\r\n")[0].decode())

    @property
    def results(self) -> list[str]:
        return [f"{one.method}={one.result}" for one in self.above.results]

    def reason(self, method: str) -> str:
        return next(str(one.reason) for one in self.above.results if one.method == method)


async def deliver(port: int, raw: bytes, mail_from: str, helo: str = "c.example", host: str = "127.0.0.1") -> str:
    line = Line(*await asyncio.open_connection(host, port))
    try:
        assert (await line.answer()).startswith("220")
        said = await line.say(f"EHLO {helo}", f"MAIL FROM:<{mail_from}>", f"RCPT TO:<{US}>", "DATA")
        assert said.startswith("354")
        line.writer.write(raw + b".\r\n")
        return await line.answer()
    finally:
        line.writer.close()
        await line.writer.wait_closed()


def mail(sender: str, body: str = "Den laddar inte.", **fields: str) -> bytes:
    lines = {"From": f"Anna <{sender}>", "To": US, "Subject": "Hej", "Message-ID": f"<{id(fields)}@x.example>"} | fields
    return "".join(f"{name}: {value}\r\n" for name, value in lines.items()).encode() + f"\r\n{body}\r\n".encode()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def world(parsers: Parsers) -> AsyncIterator[World]:
    async with NameServer() as names:
        checks = Checks(SERVER, [("127.0.0.1", names.port)])
        await checks.start()
        yield World(names, checks, parsers)
        await checks.stop()


def publish(world: World, domain: str, *, spf: str = "", dmarc: str = "", key: Key | None = None, s: str = "s") -> None:
    if spf:
        world.names.say(domain, "TXT", "a text for somebody else", spf)
    if dmarc:
        world.names.say(f"_dmarc.{domain}", "TXT", dmarc)
    if key:
        world.names.say(f"{s}._domainkey.{domain}", "TXT", key.record)


async def test_who_is_vouched_for_by_all_is_verified_and_the_mail_says_why(world: World) -> None:
    key = rsa_key(2048)
    publish(world, "good.example", spf=HERE, dmarc="v=DMARC1; p=reject", key=key)
    raw = signed(mail("anna@good.example"), key, "good.example")
    told = await world.told(raw, "anna@good.example")
    assert told.verified
    assert told.results == ["spf=pass", "dkim=pass", "dmarc=pass"]
    assert told.above.authserv_id == SERVER
    assert told.reason("dmarc") == "dkim for the same domain, p=reject"
    assert told.report.raw.endswith(b"\r\n" + raw)
    assert told.report.sender.email == "anna@good.example"


SPF = [
    ("pass", [HERE], "pass", True),
    ("fail", ["v=spf1 ip4:192.0.2.1 -all"], "fail", False),
    ("softfail", ["v=spf1 ip4:192.0.2.1 ~all"], "softfail", False),
    ("neutral", ["v=spf1 ?all"], "neutral", False),
    ("none", ["nothing of the kind"], "none", False),
    ("wrong", ["v=spf1 ip4:300.1.2.3 -all"], "permerror", False),
    ("twice", [HERE, "v=spf1 ?all"], "permerror", False),
    ("circle", ["v=spf1 include:circle-b.example -all"], "permerror", False),
    ("self", ["v=spf1 include:self.example -all"], "permerror", False),
    ("many", ["v=spf1 " + " ".join(f"exists:n{nth}.many.example" for nth in range(11)) + " -all"], "permerror", False),
    ("deep", ["v=spf1 include:deep-0.example -all"], "permerror", False),
    ("macro", ["v=spf1 exists:%{ir}.%{l}.macro.example -all"], "pass", True),
    ("by-mx", ["v=spf1 mx -all"], "pass", True),
    ("by-a", ["v=spf1 a:host.by-a.example -all"], "pass", True),
    ("redirect", ["v=spf1 redirect=pass.example"], "pass", True),
    ("explained", ["v=spf1 -all exp=why.explained.example"], "fail", False),
    ("void", ["v=spf1 a:v1.void.example a:v2.void.example a:v3.void.example ip4:127.0.0.1 -all"], "permerror", False),
    ("exploded", ["v=spf1 " + "x" * 20_000], "permerror", False),
]


@pytest.mark.parametrize(("name", "records", "result", "verified"), SPF, ids=[case[0] for case in SPF])
async def test_the_envelope_is_held_against_its_domain(
    world: World, name: str, records: list[str], result: str, verified: bool
) -> None:
    domain = f"{name}.example"
    world.names.say(domain, "TXT", *records)
    world.names.say(f"_dmarc.{domain}", "TXT", "v=DMARC1; p=none")
    world.names.say("pass.example", "TXT", HERE)
    world.names.say("circle-b.example", "TXT", "v=spf1 include:circle.example -all")
    for nth in range(12):
        world.names.say(f"n{nth}.many.example", "TXT", "a name, and no address")
        world.names.say(f"deep-{nth}.example", "TXT", f"v=spf1 include:deep-{nth + 1}.example -all")
    world.names.say("1.0.0.127.anna.macro.example", "A", "127.0.0.2")
    world.names.say("by-mx.example", "MX", "10 mx.by-mx.example.")
    world.names.say("mx.by-mx.example", "A", "192.0.2.9", "127.0.0.1")
    world.names.say("host.by-a.example", "A", "127.0.0.1")
    before = len(world.names.asked)
    told = await world.told(mail(f"anna@{domain}"), f"anna@{domain}")
    assert told.results == [f"spf={result}", f"dmarc={'pass' if verified else 'fail'}"]
    assert told.verified is verified
    assert len(world.names.asked) - before <= 13


async def test_a_server_that_fails_is_no_proof_and_no_hindrance(world: World) -> None:
    publish(world, "broken.example", dmarc="v=DMARC1; p=reject")
    world.names.failing.add("broken.example")
    told = await world.told(mail("anna@broken.example"), "anna@broken.example")
    assert (told.verified, told.results) == (False, ["spf=temperror", "dmarc=temperror"])
    world.names.failing.add("_dmarc.unread.example")
    publish(world, "unread.example", spf=HERE)
    told = await world.told(mail("anna@unread.example"), "anna@unread.example")
    assert (told.verified, told.results) == (False, ["spf=pass", "dmarc=temperror"])


async def test_answers_that_make_no_sense_are_no_proof(world: World) -> None:
    publish(world, "garbled.example", spf=HERE, dmarc="v=DMARC1; p=reject")
    world.names.garbled.add("garbled.example")
    told = await world.told(mail("anna@garbled.example"), "anna@garbled.example")
    assert (told.verified, told.results) == (False, ["spf=temperror", "dmarc=temperror"])


async def test_one_proof_is_enough_while_the_other_cannot_be_had(world: World) -> None:
    key = short_key()
    publish(world, "half.example", dmarc="v=DMARC1; p=reject", key=key)
    world.names.failing.add("half.example")
    told = await world.told(signed(mail("anna@half.example"), key, "half.example"), "anna@half.example")
    assert (told.verified, told.results) == (True, ["spf=temperror", "dkim=pass", "dmarc=pass"])


async def test_without_a_policy_nobody_is_verified(world: World) -> None:
    key = short_key()
    publish(world, "unruled.example", spf=HERE, key=key)
    told = await world.told(signed(mail("anna@unruled.example"), key, "unruled.example"), "anna@unruled.example")
    assert (told.verified, told.results) == (False, ["spf=pass", "dkim=pass", "dmarc=none"])


ALIGNED = [
    ("relaxed", "v=DMARC1; p=none", "mail", True),
    ("strict", "v=DMARC1; p=none; aspf=s; adkim=s", "mail", False),
    ("strictly", "v=DMARC1; p=none; aspf=s; adkim=s", "", True),
    ("halfstrict", "v=DMARC1; p=none; aspf=s", "mail", False),
]


@pytest.mark.parametrize("by", ["spf", "dkim"])
@pytest.mark.parametrize(("name", "policy", "below", "verified"), ALIGNED, ids=[case[0] for case in ALIGNED])
async def test_how_near_a_voucher_must_be_is_the_domains_to_say(
    world: World, by: str, name: str, policy: str, below: str, verified: bool
) -> None:
    key, domain = short_key(), f"{name}-{by}.example"
    voucher = f"{below}.{domain}" if below else domain
    publish(world, domain, dmarc=policy)
    raw = mail(f"anna@{domain}")
    if by == "spf":
        publish(world, voucher, spf=HERE)
    else:
        publish(world, voucher, key=key)
        raw = signed(raw, key, voucher)
    told = await world.told(raw, f"bounces@{voucher}")
    assert told.verified is (verified or (name == "halfstrict" and by == "dkim"))
    assert f"{by}=pass" in told.results


async def test_a_voucher_for_others_is_none(world: World) -> None:
    key = short_key()
    publish(world, "victim.example", dmarc="v=DMARC1; p=reject")
    publish(world, "evil.example", spf=HERE, dmarc="v=DMARC1; p=reject", key=key)
    told = await world.told(signed(mail("owner@victim.example"), key, "evil.example"), "x@evil.example")
    assert (told.verified, told.results) == (False, ["spf=pass", "dkim=pass", "dmarc=fail"])
    assert told.reason("dmarc") == "dkim and spf for other domains only, p=reject"
    publish(world, "co.uk", key=key)
    publish(world, "victim.co.uk", dmarc="v=DMARC1; p=reject")
    publish(world, "evil.co.uk", key=key)
    for neighbour in ("evil.co.uk", "co.uk"):
        told = await world.told(signed(mail("owner@victim.co.uk"), key, neighbour), "")
        assert (told.verified, told.results[-1]) == (False, "dmarc=fail")


async def test_a_subdomain_has_its_organisations_policy(world: World) -> None:
    key = short_key()
    publish(world, "org.example", dmarc="v=DMARC1; p=reject; sp=quarantine", key=key)
    told = await world.told(signed(mail("anna@park.org.example"), key, "org.example"), "")
    assert (told.verified, told.reason("dmarc")) == (True, "dkim for the same organisation, p=quarantine")
    publish(world, "own.org.example", dmarc="v=DMARC1; p=none; adkim=s")
    told = await world.told(signed(mail("anna@own.org.example"), key, "org.example"), "")
    assert (told.verified, told.reason("dmarc")) == (False, "dkim for other domains only, p=none")


WRONG_POLICIES = ["v=DMARC1", "v=DMARC1; p=perhaps", "v=DMARC10; p=none", "p=none; v=DMARC1", "v=DMARC1; p=none" * 2000]


@pytest.mark.parametrize("nth", range(len(WRONG_POLICIES)))
async def test_a_policy_that_is_none_verifies_nobody(world: World, nth: int) -> None:
    domain = f"policy-{nth}.example"
    publish(world, domain, spf=HERE, dmarc=WRONG_POLICIES[nth])
    told = await world.told(mail(f"anna@{domain}"), f"anna@{domain}")
    assert told.verified is False
    assert told.results[-1] in ("dmarc=permerror", "dmarc=none")


async def test_two_policies_are_none(world: World) -> None:
    publish(world, "twopol.example", spf=HERE)
    world.names.say("_dmarc.twopol.example", "TXT", "v=DMARC1; p=none", "v=DMARC1; p=reject")
    told = await world.told(mail("anna@twopol.example"), "anna@twopol.example")
    assert (told.verified, told.results[-1]) == (False, "dmarc=permerror")


async def only_signed(world: World, name: str, raw: bytes, record: str) -> Told:
    """What becomes of a mail that nothing but a signature speaks for."""
    publish(world, f"{name}.example", dmarc="v=DMARC1; p=reject")
    world.names.say(f"s._domainkey.{name}.example", "TXT", record)
    return await world.told(raw, "")


async def test_what_was_changed_on_its_way_is_not_verified(world: World) -> None:
    key = short_key()
    raw = signed(mail("anna@changed.example", body="Betala 100 kr"), key, "changed.example")
    told = await only_signed(world, "changed", raw.replace(b"Betala 100", b"Betala 900"), key.record)
    assert (told.verified, told.reason("dkim")) == (False, "the body was changed")
    told = await only_signed(world, "changed", raw.replace(b": Hej", b": Hjo"), key.record)
    assert (told.verified, told.reason("dkim")) == (False, "the signature does not hold")


async def test_a_signature_of_a_part_of_the_body_is_none(world: World) -> None:
    key = short_key()
    raw = signed(mail("anna@part.example"), key, "part.example", length=True)
    for sent in (raw, raw + b"<p>What somebody added</p>\r\n"):
        told = await only_signed(world, "part", sent, key.record)
        assert (told.verified, told.results) == (False, ["spf=none", "dkim=policy", "dmarc=fail"])
        assert told.reason("dkim") == "l= leaves what follows unsigned"


async def test_a_signature_has_its_time(world: World) -> None:
    key = short_key()
    past = signed_with_tags(mail("anna@late.example"), key, "late.example", t="1500000000", x="1600000000")
    told = await only_signed(world, "late", past, key.record)
    assert (told.verified, told.results[1], told.reason("dkim")) == (False, "dkim=fail", "the signature has expired")
    coming = signed_with_tags(mail("anna@late.example"), key, "late.example", t="4000000000")
    told = await only_signed(world, "late", coming, key.record)
    assert (told.verified, told.reason("dkim")) == (False, "the signature is from the future")
    good = signed_with_tags(mail("anna@late.example"), key, "late.example", x="4000000000")
    assert (await only_signed(world, "late", good, key.record)).verified


async def test_keys_that_prove_nothing(world: World) -> None:
    key, small = short_key(), rsa_key(768)
    raw = signed(mail("anna@keys.example"), key, "keys.example")
    bare = key.record.partition("p=")[2]
    for record, result in (
        (f"v=DKIM1; k=ed25519; t=y; p={bare}", "neutral"),
        (f"v=DKIM1; k=ed25519; s=other; p={bare}", "permerror"),
        (f"v=DKIM1; k=ed25519; h=sha1; p={bare}", "permerror"),
        (f"v=DKIM1; k=rsa; p={bare}", "permerror"),
        ("v=DKIM1; k=ed25519; p=", "permerror"),
        ("v=DKIM1; k=ed25519; p=AAAA", "permerror"),
        ("v=DKIM9; k=ed25519; p=" + bare, "permerror"),
        ("nonsense", "permerror"),
        (f"{key.record}; n=" + "x" * 5000, "permerror"),
        (f"{key.record}; n=" + "x" * 20_000, "permerror"),
        (rsa_key(2048).record, "permerror"),
    ):
        told = await only_signed(world, "keys", raw, record)
        assert (told.verified, told.results[1]) == (False, f"dkim={result}"), record[:60]
    assert (await only_signed(world, "keys", raw, key.record)).verified
    world.names.say("s._domainkey.keys.example", "TXT", key.record, short_key().record)
    assert (await world.told(raw, "")).results[1] == "dkim=permerror"
    told = await only_signed(world, "keys", signed(mail("anna@keys.example"), small, "keys.example"), small.record)
    assert (told.verified, told.reason("dkim")) == (False, "a key of 768 bits is not taken")


async def test_a_key_that_is_too_large_to_reckon_with_is_not_reckoned_with(world: World) -> None:
    small = rsa_key(1024)
    raw = signed(mail("anna@huge.example"), small, "huge.example")
    assert (await only_signed(world, "huge", raw, small.record)).verified
    for numbers in (((1 << 16_000) - 1, 65_537), ((1 << 2048) - 1, (1 << 2000) + 1)):
        record = f"v=DKIM1; p={base64.b64encode(der(*numbers)).decode()}"
        told = await only_signed(world, "huge", raw, record)
        assert (told.verified, told.results[1]) == (False, "dkim=policy")


async def test_a_key_may_be_for_its_domain_alone(world: World) -> None:
    key = short_key()
    for author, verified in ((b"@alone.example", True), (b"@sub.alone.example", False)):
        raw = signed(mail("anna@alone.example"), key, "alone.example", identity=author)
        told = await only_signed(world, "alone", raw, f"{key.record}; t=s")
        assert told.verified is verified


async def test_sha1_is_no_proof(world: World) -> None:
    key = rsa_key(1024)
    raw = signed(mail("anna@old.example"), key, "old.example", algorithm=b"rsa-sha1")
    told = await only_signed(world, "old", raw, key.record)
    assert (told.verified, told.reason("dkim")) == (False, "SHA-1 is no proof")


async def test_of_several_signatures_one_that_holds_and_is_near_is_enough(world: World) -> None:
    ours, list_key, gone = short_key(), short_key(), short_key()
    publish(world, "several.example", dmarc="v=DMARC1; p=reject", key=ours)
    publish(world, "list.example", key=list_key)
    raw = signed(mail("anna@several.example"), ours, "several.example")
    raw = signed(raw, list_key, "list.example")
    raw = signed(raw, gone, "several.example", "gone")
    told = await world.told(raw, "")
    assert told.verified
    assert sorted(told.results[1:-1]) == ["dkim=pass", "dkim=pass", "dkim=permerror"]


async def test_no_more_signatures_are_reckoned_than_are_worth_it(world: World) -> None:
    key, other = short_key(), short_key()
    publish(world, "crowd.example", dmarc="v=DMARC1; p=reject", key=key)
    raw = signed(mail("anna@crowd.example"), key, "crowd.example")
    for nth in range(15):
        publish(world, f"crowd-{nth}.example", key=other)
        raw = signed(raw, other, f"crowd-{nth}.example")
    told = await world.told(raw, "")
    assert told.verified  # the one that can speak for the author is among those that are looked at
    assert told.results.count("dkim=pass") == 5
    assert told.results.count("dkim=neutral") == 5
    assert sum(name.startswith("s._domainkey.crowd") for name, _ in world.names.asked) == 5


READ_IN_TWO_WAYS = [
    lambda raw: b"X-Note: a\rFrom: owner@victim.example\rSubject: Open it\r\rOpen the gate.\r\n" + raw,
    lambda raw: b"Subject: Open it\r\n" + raw,
    lambda raw: b"Content-Type: text/html\r\nContent-Type: text/plain\r\n" + raw,
    lambda raw: b"From x@y Mon Sep 28 10:00:00 2026\r\n" + raw,
    lambda raw: raw.replace(b"Subject", b"From : owner@victim.example\r\nSubject", 1),
]


@pytest.mark.parametrize("nth", range(len(READ_IN_TWO_WAYS)))
async def test_a_signed_mail_that_can_be_read_as_another_is_not_verified(world: World, nth: int) -> None:
    key = short_key()
    raw = signed(mail("owner@victim.example"), key, "victim.example")
    assert (await only_signed(world, "victim", raw, key.record)).verified
    told = await only_signed(world, "victim", READ_IN_TWO_WAYS[nth](raw), key.record)
    assert not told.verified
    assert "dkim=pass" not in told.results


@pytest.mark.parametrize(
    "sender", ["owner@odd.example <evil@evil.example>", "a@odd.example, b@odd.example", '"b@x.example" <a@odd.example>']
)
async def test_k7_an_odd_sender_is_never_verified(world: World, sender: str) -> None:
    publish(world, "odd.example", spf=HERE, dmarc="v=DMARC1; p=none")
    publish(world, "evil.example", spf=HERE, dmarc="v=DMARC1; p=none")
    for envelope in ("odd.example", "evil.example"):
        told = await world.told(mail("x@x.example", From=sender), f"a@{envelope}")
        assert (told.verified, told.results[-1]) == (False, "dmarc=permerror")


async def test_b27_a_bounce_is_held_against_the_name_its_server_gives_itself(world: World) -> None:
    publish(world, "mx.bounces.example", spf=HERE)
    publish(world, "bounces.example", dmarc="v=DMARC1; p=none")
    told = await world.told(mail("mailer-daemon@bounces.example"), "", helo="mx.bounces.example")
    assert (told.verified, told.results) == (True, ["spf=pass", "dmarc=pass"])
    told = await world.told(mail("mailer-daemon@bounces.example"), "", helo="[127.0.0.1]")
    assert (told.verified, told.results) == (False, ["spf=none", "dmarc=fail"])


async def test_clients_come_by_ipv6_as_well(world: World) -> None:
    publish(world, "six.example", spf="v=spf1 ip6:::1 -all", dmarc="v=DMARC1; p=none")
    told = await world.told(mail("anna@six.example"), "anna@six.example", host="::1")
    assert (told.verified, told.results) == (True, ["spf=pass", "dmarc=pass"])
    told = await world.told(mail("anna@six.example"), "anna@six.example")
    assert (told.verified, told.results) == (False, ["spf=fail", "dmarc=fail"])


async def test_b42_results_that_a_stranger_wrote_change_nothing(world: World) -> None:
    publish(world, "forged.example", spf="v=spf1 -all", dmarc="v=DMARC1; p=reject")
    claim = f"{SERVER}; dmarc=pass header.from=forged.example"
    told = await world.told(mail("owner@forged.example", **{"Authentication-Results": claim}), "owner@forged.example")
    assert (told.verified, told.results) == (False, ["spf=fail", "dmarc=fail"])
    assert told.above.authserv_id == SERVER


async def test_b42_a_trusted_relay_is_believed_as_ever_and_nothing_is_asked(world: World) -> None:
    publish(world, "relayed.example", spf="v=spf1 -all", dmarc="v=DMARC1; p=reject")
    pool = Parsers(trusted_authserv=("mx.relay.example",))
    await pool.start()
    here, before = replace(world, parsers=pool), len(world.names.asked)
    ours = {"relays": SmtpDoor.__init__.__kwdefaults__["relays"]}
    for server, verified in (("mx.relay.example", True), (SERVER, False)):
        claim = f"{server}; dmarc=pass header.from=relayed.example"
        raw = mail("owner@relayed.example", **{"Authentication-Results": claim})
        told = await here.told(raw, "owner@relayed.example", **ours)
        assert told.verified is verified
        assert told.report.raw == raw
    shelf = Shelf()
    async with here.door(shelf) as door:
        line = await Line.open(await door.start("127.0.0.1", 0, LocalConversation))
        await line.say("LHLO relay.example", "MAIL FROM:<a@b.example>", f"RCPT TO:<{US}>", "DATA")
        line.writer.write(raw + b".\r\n")
        assert (await line.answer()).startswith("250")
        line.close()
    assert (shelf.only.raw, shelf.only.sender.verified) == (raw, False)
    await pool.stop()
    assert len(world.names.asked) == before


async def test_a_large_key_comes_by_tcp(world: World) -> None:
    key = short_key()
    raw = signed(mail("anna@tcp.example"), key, "tcp.example")
    told = await only_signed(world, "tcp", raw, f"{key.record}; n={'x' * 2500}")
    assert told.verified
    assert "s._domainkey.tcp.example" in world.names.by_tcp


async def test_a_mail_with_large_files_is_checked_too(world: World) -> None:
    key = short_key()
    body = "\r\n".join(["Bild:  " + "x" * 70 + " \t"] * 60_000)
    for way in ((b"relaxed", b"relaxed"), (b"simple", b"simple"), (b"relaxed", b"simple")):
        raw = signed(mail("anna@large.example", body=body), key, "large.example", canonicalize=way)
        assert (await only_signed(world, "large", raw, key.record)).verified, way


async def test_a_body_of_nothing_but_blanks_holds_nobody_up(world: World) -> None:
    key = short_key()
    raw = signed(mail("anna@blank.example", body="x"), key, "blank.example")
    raw = raw.replace(b"\r\n\r\nx", b"\r\n\r\n" + b" " * 4_000_000 + b"x")
    async with asyncio.timeout(10):
        told = await only_signed(world, "blank", raw, key.record)
    assert (told.verified, told.reason("dkim")) == (False, "the body was changed")


async def test_an_answer_that_is_larger_than_anything_honest_is_none(world: World) -> None:
    names = Names([("127.0.0.1", world.names.port)])
    world.names.say("long.example", "TXT", *("x" * 1000 + str(nth) for nth in range(20)))
    world.names.say("crowded.example", "A", *(f"192.0.2.{nth}" for nth in range(150)))
    world.names.say("fine.example", "A", "192.0.2.1")
    assert await names.ask("long.example", "TXT", 5) == TOO_MUCH
    assert await names.ask("crowded.example", "A", 5) == TOO_MUCH
    assert await names.ask("fine.example", "A", 5) == Said(("192.0.2.1",))
    assert await names.ask("nobody.example", "A", 5) == Said()


async def test_answers_are_kept_for_as_long_as_they_say(parsers: Parsers) -> None:
    async with NameServer(ttl=300) as names:
        checks = Checks(SERVER, [("127.0.0.1", names.port)])
        await checks.start()
        here = World(names, checks, parsers)
        publish(here, "kept.example", spf=HERE, dmarc="v=DMARC1; p=none")
        for _ in range(3):
            assert (await here.told(mail("anna@kept.example"), "anna@kept.example")).verified
        assert sorted(names.asked) == [("_dmarc.kept.example", "TXT"), ("kept.example", "TXT")]
        await checks.stop()


async def test_a_slow_name_server_is_waited_for_and_a_silent_one_not_for_long(parsers: Parsers) -> None:
    async with NameServer() as names:
        checks = Checks(SERVER, [("127.0.0.1", names.port)], within=2.0)
        await checks.start()
        here, loop = World(names, checks, parsers), asyncio.get_running_loop()
        publish(here, "slow.example", spf=HERE, dmarc="v=DMARC1; p=none")
        names.delays |= {"slow.example": 0.3, "_dmarc.slow.example": 0.3}
        assert (await here.told(mail("anna@slow.example"), "anna@slow.example")).verified
        names.delays["slow.example"] = 30.0
        names.silent.add("_dmarc.slow.example")
        began = loop.time()
        told = await here.told(mail("anna@slow.example"), "anna@slow.example")
        assert loop.time() - began < 8
        assert (told.verified, told.results) == (False, ["spf=temperror", "dmarc=temperror"])
        await checks.stop()


async def test_a_dead_name_server_costs_no_mail(parsers: Parsers) -> None:
    async with NameServer() as names:
        nobody = names.port
    checks = Checks(SERVER, [("127.0.0.1", nobody)], within=1.0)
    await checks.start()
    here = World(names, checks, parsers)
    with capture_logs() as logs:
        told = await here.told(mail("anna@dead.example"), "anna@dead.example")
    assert "smtp.not_checked" in [entry["event"] for entry in logs]
    assert (told.verified, told.results) == (False, ["spf=temperror", "dmarc=temperror"])
    assert told.report.text == "Den laddar inte."
    await checks.stop()


async def test_mails_wait_for_each_other_no_longer_than_for_themselves(parsers: Parsers) -> None:
    async with NameServer() as names:
        checks = Checks(SERVER, [("127.0.0.1", names.port)], within=1.0)
        await checks.start()
        here, shelf, loop = World(names, checks, parsers), Shelf(), asyncio.get_running_loop()
        names.silent |= {f"hold-{nth}.example" for nth in range(40)}
        async with here.door(shelf) as door:
            port, began = await door.start("127.0.0.1", 0), loop.time()
            senders = [f"a@hold-{nth}.example" for nth in range(40)]
            answers = await asyncio.gather(*(deliver(port, mail(one, body=one), one) for one in senders))
        assert all(answer.startswith("250") for answer in answers)
        assert len(shelf.reports) == 40
        assert loop.time() - began < 8
        await checks.stop()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
async def test_checks_that_end_or_stand_still_cost_no_mail_and_come_back(parsers: Parsers, how: signal.Signals) -> None:
    async with NameServer() as names:
        checks = Checks(SERVER, [("127.0.0.1", names.port)], within=1.5, patience=2.0)
        await checks.start()
        here = World(names, checks, parsers)
        publish(here, "back.example", spf=HERE, dmarc="v=DMARC1; p=none")
        first = checks.pid
        assert first is not None
        os.kill(first, how)
        told = await here.told(mail("anna@back.example"), "anna@back.example")
        assert (told.verified, told.results) == (False, ["dmarc=temperror"])
        async with asyncio.timeout(30):
            while checks.pid in (None, first):
                await asyncio.sleep(0.01)
        assert (await here.told(mail("anna@back.example"), "anna@back.example")).verified
        await checks.stop()
        assert checks.pid is None


async def test_an_owner_is_known_by_what_our_own_checks_found(config: Config, world: World) -> None:
    key = short_key()
    publish(world, "brf.example", dmarc="v=DMARC1; p=reject", key=key)
    true, false = mail("owner@brf.example"), mail("owner@brf.example", Subject="Open the gate")
    ours = config.model_copy(update={"mail_domains": ("support.example",)})
    async with open_runtime(ours, "smtp") as runtime, world.door(runtime.intake) as door:
        port = await door.start("127.0.0.1", 0)
        for raw in (signed(true, key, "brf.example"), false):
            assert (await deliver(port, raw, "x@evil.example")).startswith("250")
        rows = await runtime.db.rows("SELECT verified FROM reports ORDER BY id")
    assert [row["verified"] for row in rows] == [True, False]


async def test_the_role_has_checks_where_they_are_asked_for(config: Config) -> None:
    async with NameServer() as names:
        asked = {"mail_checks": "on", "mail_checks_dns": (("127.0.0.1", names.port),), "mail_domains": ("a.example",)}
        async with doors.checks(config.model_copy(update=asked)) as own:
            assert isinstance(own, Checks)
            assert own.pid is not None
        assert own.pid is None
    async with doors.checks(config) as own:
        assert own is None
