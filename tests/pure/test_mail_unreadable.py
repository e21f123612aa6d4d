"""Mails whose words are locked, in one maker's form, or not there: they are marked, and nobody says they were read."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest

from channels.mail import read
from channels.report import UNREADABLE
from gateway.intake import said_of
from routing.facts import read_facts
from routing.judge import judge
from routing.values import Category, History, Judgement, Said
from tests.fakes.desk import directory, rules

NOW = datetime(2026, 9, 28, tzinfo=UTC)
ARMOUR = (
    "-----BEGIN PGP MESSAGE-----\nVersion: GnuPG v2\nComment: brinner\n\n"
    "hQEMA5vJ0lC9m8vhAQf/Q9k2\nx8Zq\n=Ab3d\n-----END PGP MESSAGE-----\n"
)
SEALED = base64.b64encode(bytes.fromhex("308006092a864886f70d010703a080") + b"x" * 90).decode()
TNEF = base64.b64encode(b"\x78\x9f\x3e\x22" + b"a" * 90).decode()
CALENDAR = "BEGIN:VCALENDAR\nMETHOD:{0}\nBEGIN:VEVENT\nSUMMARY:Service\nEND:VEVENT\nEND:VCALENDAR\n"


def part(kind: str, content: str, *, coded: bool = False) -> str:
    return f"Content-Type: {kind}\n" + ("Content-Transfer-Encoding: base64\n" if coded else "") + f"\n{content}\n"


def several(kind: str, *parts: str) -> str:
    return f"Content-Type: multipart/{kind}; boundary=b\n\n" + "".join(f"--b\n{one}" for one in parts) + "--b--\n"


FOOTER = (
    "_______________________________________________\nDrift mailing list\nDrift@lists.b.example\n"
    "https://lists.b.example/mailman/listinfo/drift\n"
)


LOCKED = {
    "pgp above a list's footer": part("text/plain", f"{ARMOUR}\n{FOOTER}"),
    "s/mime above a list's footer": several(
        "mixed",
        part("application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m", SEALED, coded=True),
        part("text/plain", FOOTER),
    ),
    "pgp above what a telephone adds": part("text/plain", f"{ARMOUR}\nSkickat från min iPhone\n"),
    "pgp in the text": part("text/plain", ARMOUR),
    "pgp in both forms": several("alternative", part("text/plain", ARMOUR), part("text/html", f"<pre>{ARMOUR}</pre>")),
    "pgp without an end": part("text/plain", ARMOUR.partition("=Ab3d")[0]),
    "pgp/mime": several(
        'encrypted; protocol="application/pgp-encrypted"',
        part("application/pgp-encrypted", "Version: 1"),
        part("application/octet-stream; name=encrypted.asc", ARMOUR),
    ),
    "s/mime": part("application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m", SEALED, coded=True),
    "s/mime of a maker": part("application/x-pkcs7-mime; name=smime.p7m", SEALED, coded=True),
    "s/mime by name": several("mixed", part("application/octet-stream; name=smime.p7m", SEALED, coded=True)),
    "outlook": part("application/ms-tnef; name=winmail.dat", TNEF, coded=True),
    "outlook by name": several(
        "mixed", part("text/plain", ""), part("application/octet-stream; name=winmail.dat", TNEF, coded=True)
    ),
    "outlook item": several(
        "mixed", part("text/plain", ""), part("application/vnd.ms-outlook; name=VB.msg", TNEF, coded=True)
    ),
    "outlook item by name": several("mixed", part("application/octet-stream; name=VB.msg", TNEF, coded=True)),
    "invited without words": part("text/calendar; method=REQUEST", "BEGIN:VCALENDAR\nEND:VCALENDAR\n"),
}
ANSWERED = {
    "alone": part("text/calendar; method=REPLY", CALENDAR.format("REPLY")),
    "as a form": several(
        "alternative",
        part("text/plain", ""),
        part('text/calendar; charset=utf-8; method="reply"', CALENDAR.format("REPLY")),
    ),
}
READ = {
    "words beside": several("mixed", part("text/plain", "Laddaren startar inte."), part("application/ms-tnef", "x")),
    "words above": part("text/plain", f"Laddaren startar inte.\n\n{ARMOUR}"),
    "words above a list's footer": part("text/plain", f"Laddaren startar inte.\n\n{ARMOUR}\n{FOOTER}"),
    "words below": part("text/plain", f"{ARMOUR}\nLaddaren startar inte."),
    "below one without an end": part("text/plain", f"{ARMOUR.partition('-----END')[0]}\nLaddaren startar inte."),
    "with an answer": several(
        "mixed", part("text/plain", "Jag kan inte."), part("text/calendar; method=REPLY", CALENDAR.format("REPLY"))
    ),
    "invited": part("text/calendar; method=REQUEST", CALENDAR.format("REQUEST")),
    "nothing": part("text/plain", ""),
    "a picture": part("image/png; name=a.png", "iVBORw0KGgo=", coded=True),
}


def said(body: str, subject: str) -> Said:
    return said_of(read(f"From: a@b.example\nSubject: {subject}\nMIME-Version: 1.0\n{body}".encode(), NOW))


def judged(said: Said) -> Judgement:
    return judge(said, read_facts(said, directory(), rules()), History(), directory(), rules())


@pytest.mark.parametrize("subject", ["Problem", "Hej", "Accepted: Service visit", "Laddare 21052 startar inte"])
@pytest.mark.parametrize("body", [*LOCKED.values(), *ANSWERED.values()], ids=[*LOCKED, *ANSWERED])
def test_what_nobody_could_read_goes_to_a_person_and_is_not_said_to_be_understood(body: str, subject: str) -> None:
    judgement = judged(said(body, subject))
    assert (judgement.queue, judgement.category) == ("review", Category.OTHER)


@pytest.mark.parametrize("body", LOCKED.values(), ids=LOCKED)
def test_a_danger_in_the_subject_is_one_all_the_same(body: str) -> None:
    assert judged(said(body, "Det brinner i laddare 21052")).priority == "P1"


@pytest.mark.parametrize("body", READ.values(), ids=READ)
def test_what_has_words_or_nothing_to_unlock_is_judged_as_ever(body: str) -> None:
    report = read(f"From: a@b.example\nSubject: Hej\nMIME-Version: 1.0\n{body}".encode(), NOW)
    assert UNREADABLE not in report.flags
    assert "BEGIN" not in report.text


def test_what_a_calendar_answers_is_not_answered() -> None:
    for body in ANSWERED.values():
        report = read(f"From: a@b.example\nSubject: Accepted: x\nMIME-Version: 1.0\n{body}".encode(), NOW)
        assert "no_answer" in report.flags
