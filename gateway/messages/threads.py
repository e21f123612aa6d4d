"""Which case a message says it belongs to, as far as that can be believed.

In order: a signed reply token (whoever holds it was written to by us), one of our own signed Message-IDs in the address
that a mail of ours comes back to, among the references or in a bounce (known by the keys there are, or as the one that
the message went out with, whatever key made it), and a case number in the subject together with a participant's
address. What was written about a report means the case that the report is in by now, and so does the number of a case
that it was taken out of; a case that was brought into another means that one. A number alone never opens a case to a
stranger: it becomes a mention, and the new case is linked (the other is told so when they had a copy of a mail in it);
so do a number in the text, whoever wrote it, and an answer to a mail that came in, which whoever had a copy may write.
A reply token does not prove that a message came back, since everybody who takes part in the case holds it. Tokens are
spelled in lower case only, because mail systems fold the case of addresses.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from channels.mentions import named
from channels.report import FORGED, Report
from gateway.casenumber import parse
from gateway.record.db import Connection, statements
from gateway.seals import mac
from routing.values import Reason

SQL = statements("reports")
REPLY, ABOUT, MESSAGE = "reply address", "reply about a report", "message id"


@dataclass(frozen=True, slots=True)
class Reference:
    """`case` is proven to be meant, `how` says by what; `mentions` are existing cases that the report does not go to,
    `why` says why not, `bounced` the messages of ours that a bounce is about, `delayed` those that a server says are
    late; `erased` says that it answers what was written to somebody who was erased since, `copied` that whoever names a
    case by its number had a copy of a mail in it, so that the case may be told."""

    case: int | None = None
    how: str = ""
    mentions: tuple[int, ...] = ()
    why: Reason | None = None
    bounced: tuple[int, ...] = ()
    delayed: tuple[int, ...] = ()
    erased: bool = False
    copied: bool = False


def reply_token(keys: Sequence[str], case: int) -> str:
    """What stands behind the plus in the address that answers about a case go to."""
    return f"{case}.{_spelled(keys[0], REPLY, case)}"


def report_token(keys: Sequence[str], report: int) -> str:
    """What stands behind the plus in the address that answers about a report go to, whatever case it is in then."""
    return f"{report}.{_spelled(keys[0], ABOUT, report)}"


def message_id(keys: Sequence[str], message: int, domain: str) -> str:
    """The Message-ID of a message of ours, which nobody else can make."""
    return f"<{message}.{_spelled(keys[0], MESSAGE, message)}@{domain}>"


def return_token(mail_id: str) -> str:
    """What stands behind the plus in the address that a message of ours comes back to, by its Message-ID."""
    return mail_id.strip("<> ").partition("@")[0]


async def resolve_references(conn: Connection, reports: Sequence[Report], keys: Sequence[str]) -> list[Reference]:
    """One reference for each report; reads the database only for reports that refer to something."""
    return [await _resolve(conn, report, keys) if _refers(report) else Reference() for report in reports]


def _refers(report: Report) -> bool:
    thread = report.thread
    return bool(thread.token or thread.references or thread.subject or report.deliveries or named(report.told))


async def _resolve(conn: Connection, report: Report, keys: Sequence[str]) -> Reference:
    thread = report.thread
    by_token, by_report = (_opened(keys, purpose, thread.token) for purpose in (REPLY, ABOUT))
    failed = [delivery.message_id for delivery in report.deliveries if delivery.message_id]
    texts = [thread.token or "", *thread.references, *failed]
    named_mails = [one for one in map(_mail, texts) if one is not None]
    by_subject = parse(thread.subject) if thread.subject else None
    by_text = [parse(one) for one in named(report.told)]
    given = {
        "cases": [case for case in (by_token, by_subject, *by_text) if case is not None],
        "report": by_report,
        "messages": [message for message, _ in named_mails],
        "mails": list(thread.references),
    }
    found = await (await conn.execute(SQL["referred"], given)).fetchall()
    existing = {row["named"]: row["id"] for row in found if row["named"] is not None}
    sent = {row["message"]: row for row in found if row["message"] is not None}
    ours = [m for m, local in named_mails if m in sent and _is_ours(keys, local, sent[m]["mail_id"])]
    about = tuple(ours) if report.deliveries or report.bounce else ()
    bounced = about if report.bounce else ()
    delayed = about if not report.bounce and any(one.action == "delayed" for one in report.deliveries) else ()
    told = next((row for row in found if row["report"] is not None), None)
    answered = told["id"] if told else existing.get(by_token)
    erased = told["erased"] if told else any(sent[message]["erased"] for message in ours[:1])
    if answered is not None:
        reference = Reference(answered, "reply_token", bounced=bounced, delayed=delayed, erased=erased)
    elif ours:
        how = "bounce" if bounced or delayed else "reply_reference"
        reference = Reference(sent[ours[0]]["id"], how, bounced=bounced, delayed=delayed, erased=erased)
    elif by_subject in existing:
        reference = await _by_number(conn, report, existing[by_subject])
    else:
        copied = dict.fromkeys(row["id"] for row in found if row["mail"] is not None)
        reference = Reference(mentions=tuple(copied), why=Reason("answers_report") if copied else None)
    mentions = (*reference.mentions, *(existing[case] for case in by_text if case in existing))
    return replace(reference, mentions=tuple(dict.fromkeys(one for one in mentions if one != reference.case)))


async def _by_number(conn: Connection, report: Report, case: int) -> Reference:
    addresses = [a for a in (report.sender.email, report.sender.phone) if a]
    row = await (await conn.execute(SQL["participant"], {"case": case, "addresses": addresses})).fetchone()
    if FORGED in report.flags:
        return Reference(mentions=(case,), why=Reason("sender_refused") if row else None)
    if row is None:
        given = {"case": case, "addresses": addresses}
        copied = await (await conn.execute(SQL["in_copy"], given)).fetchone()
        return Reference(mentions=(case,), copied=bool(copied and copied["known"]))
    return Reference(row["case_id"], "number_and_participant")


def _mail(text: str) -> tuple[int, str] | None:
    """The message that a Message-ID says it is of, and what stands before its domain, which proves it or not."""
    local = return_token(text).lower()
    number, _, shown = local.partition(".")
    return (int(number), local) if _is_number(number) and shown and shown.isascii() else None


def _is_ours(keys: Sequence[str], local: str, mail_id: str | None) -> bool:
    kept = (mail_id or "").strip("<>").partition("@")[0]
    return _opened(keys, MESSAGE, local) is not None or hmac.compare_digest(kept.encode(), local.encode())


def _opened(keys: Iterable[str], purpose: str, token: str | None) -> int | None:
    number, _, shown = (token or "").lower().partition(".")
    if not _is_number(number) or not shown.isascii():
        return None
    known = any(hmac.compare_digest(_spelled(key, purpose, int(number)), shown) for key in keys)
    return int(number) if known else None


def _is_number(text: str) -> bool:
    return text.isdecimal() and text.isascii() and len(text) <= 18


def _spelled(key: str, purpose: str, number: int) -> str:
    return urlsafe_b64decode(mac(key, purpose, str(number)) + "==").hex()
