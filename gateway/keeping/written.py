"""The rows of one kept report: what is true for ever, what is personal, its files, and the answer that follows."""

from __future__ import annotations

import secrets
from dataclasses import asdict
from datetime import datetime
from typing import Any

from channels.mail.threads import before
from channels.report import ANSWER, Channel, Outcome, Receipt, Report
from gateway.casenumber import number
from gateway.keeping.standing import Decided, plain_reason
from gateway.languages import UNKNOWN
from gateway.record.timeline import CUSTOMER, Entry
from routing.values import Judgement

DIGITS = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"  # in their order
UNANSWERED = frozenset({"no_answer", "from_ourselves", ANSWER})  # flags of what a robot must not answer (RFC 3834)


def report_row(decided: Decided, case: int, now: datetime) -> dict[str, Any]:
    """What stays when everything personal is erased. The token opens the status page; the code is one reporter's."""
    report, judgement = decided.report, decided.judgement
    return {
        "id": decided.id,
        "digest": f"\\x{report.digest().hex()}",
        "fingerprint": f"\\x{report.fingerprint.hex()}" if report.fingerprint else None,
        "case_id": case,
        "channel": report.channel,
        "received_at": report.received_at.isoformat(),
        "person_id": decided.person,
        "charger_id": judgement.place.charger,
        "site_id": judgement.place.site,
        "connector": report.connector,
        "language": judgement.language,
        "category": judgement.category,
        "priority": judgement.priority,
        "fault_code": judgement.fault_code,
        "queue": judgement.queue,
        "outcome": Outcome.OPENED if decided.attached_to is None else Outcome.ATTACHED,
        "suggested": decided.suggested,
        "verified": report.sender.verified,
        "token": token(now),
        "code": f"{secrets.randbelow(10_000):04d}",
        "reasons": decided.reasons(),
        "flags": _flags(report, judgement),
        "quarantined": report.quarantined,
        "call_sid": report.call_sid,
    }


def token(now: datetime) -> str:
    """What nobody can guess (120 bits), begun with the second in which it was made: tokens of one time lie side by side
    in their index, instead of each on a page that has to be read and written for it alone."""
    second = int(now.timestamp())
    return "".join(DIGITS[second >> bits & 63] for bits in (18, 12, 6, 0)) + secrets.token_urlsafe(15)


def content_row(decided: Decided, raw_blob: str | None) -> dict[str, Any]:
    """What was said and by whom."""
    report = decided.report
    return {
        "report_id": decided.id,
        "sender_name": report.sender.name,
        "sender_phone": report.sender.phone,
        "sender_email": report.sender.email,
        "reply_to": report.reply_to,
        "copies": report.copies or None,
        "subject": report.subject,
        "text": report.text,
        "full_text": report.full_text if report.full_text != report.text else None,
        "own_words": report.own_words,
        "html": report.html,
        "message_id": report.message_id,
        "mails_before": before(report.thread) or None,
        "recipients": report.recipients,
        "raw_blob": raw_blob,
        "raw_type": report.raw_type,
        "alarm": asdict(report.alarm) if report.alarm else None,
    }


def attachment_rows(decided: Decided, digests: tuple[str, ...]) -> list[dict[str, Any]]:
    """The files that came with it, by the SHA-256 under which their bytes lie."""
    return [
        {
            "report_id": decided.id,
            "name": attachment.name,
            "media_type": attachment.media_type,
            "size": len(attachment.content),
            "sha256": digest,
            "inline": attachment.inline,
            "quarantined": attachment.quarantined,
        }
        for attachment, digest in zip(decided.report.attachments, digests, strict=True)
    ]


def tried_entries(decided: Decided, case: int) -> list[Entry]:
    """What a charger was asked from afar before the report was filed, as the case's timeline tells it."""
    return [
        Entry(
            case,
            "remote_action",
            CUSTOMER,
            decided.id,
            {
                "charger": tried.charger,
                "act": tried.act,
                "answer": tried.answer,
                "connector": tried.connector,
                "why": decided.judgement.category,
                "before": None,
                "after": None,
            },
        )
        for tried in decided.report.tried
    ]


def linked_entries(decided: Decided, case: int) -> list[Entry]:
    """What the timelines of a report's case and of those that it names tell of each other. A case that somebody who
    proved nothing named is told nothing."""
    reference = decided.reference
    others = [mention for mention in reference.mentions if mention != case]
    if not others:
        return []
    told = {"reasons": [plain_reason(reference.why)]} if reference.why else {}
    entries = [Entry(case, "linked", CUSTOMER, decided.id, {"cases": list(map(number, others)), **told})]
    if reference.copied or (reference.how and reference.case is None):
        back = {"cases": [number(case)], "because": "referred", **told}
        entries += [Entry(other, "linked", CUSTOMER, decided.id, back) for other in others]
    return entries


def acknowledgement_row(decided: Decided, case: int) -> dict[str, Any] | None:
    """The message that tells the reporter that we have it; None when nobody is to be told."""
    channel = answerable(decided.report, decided.judgement)
    if channel is None:
        return None
    return {
        "case_id": case,
        "report_id": decided.id,
        "person_id": decided.person,
        "channel": channel,
        "kind": "acknowledgement",
        "language": UNKNOWN if decided.judgement.foreign else decided.judgement.language,
        "agent_id": None,
    }


def receipt_of(row: dict[str, Any], decided: Decided, queue: str) -> Receipt:
    """What the door may promise once the group is committed."""
    return Receipt(
        case=number(row["case_id"]),
        report=row["id"],
        outcome=row["outcome"],
        token=row["token"],
        code=row["code"],
        priority=row["priority"],
        category=row["category"],
        queue=queue,
        fingerprint=decided.report.fingerprint,
        flags=tuple(row["flags"]),
    )


def answerable(report: Report, judgement: Judgement) -> str | None:
    """By which channel the reporter is told; None for robots, spam, the unreadable and those without an address."""
    if report.auto_reply or report.bounce or judgement.spam or report.channel is Channel.ALARM:
        return None
    if UNANSWERED.intersection(report.flags):
        return None
    if report.quarantined and report.channel is Channel.EMAIL:
        return None
    if report.channel in (Channel.PHONE, Channel.SMS, Channel.WHATSAPP):
        return "sms" if report.sender.phone else None
    if report.sender.email:
        return "email"
    return "sms" if report.sender.phone else None


def _flags(report: Report, judgement: Judgement) -> list[str]:
    marks = {
        "auto_reply": report.auto_reply,
        "bounce": report.bounce,
        "spam": judgement.spam,
        "mass": judgement.mass,
        "whole_site": judgement.place.whole_site,
    }
    return [*report.flags, *(name for name, given in marks.items() if given)]
