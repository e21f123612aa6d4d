"""A mail as a Report.

Pure. `read` answers for every input: what is beyond the limits or not understood becomes a quarantined report with the
subject, sender and beginning of the text as far as they can be seen, and the raw bytes.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime

from channels.mail import deliveries, reactions, robots
from channels.mail.address import Mailbox, author, mailboxes
from channels.mail.attachments import attachment_of
from channels.mail.charsets import decode, tidy
from channels.mail.headers import Fields, decode_field, header_end
from channels.mail.key import FIELDS, key_of
from channels.mail.marks import CUT, MAYBE
from channels.mail.parts import Body, body_of
from channels.mail.phrases import FOLLOWING
from channels.mail.quotes import new_text
from channels.mail.sent_on import attached_mails, is_alone, sent_on, words_of
from channels.mail.signatures import SIGNED, without_signature
from channels.mail.threads import thread_of
from channels.mail.tree import Part, TooComplex, parse
from channels.report import FORGED, UNREADABLE, Channel, Report, Sender, Thread
from channels.verification import Results, passed, refused, results_of, told_by

RAW_TYPE = "message/rfc822"
FULL_TEXT = 1_000_000  # characters that are kept beside the raw bytes
PREVIEW = 20_000
COPIES = 20
_SHOWN_FIELD = re.compile(
    rb"(?im)^(from|subject|message-id|date):[ \t]*([^\r\n]{0,2000}(?:\r?\n[ \t][^\r\n]{0,2000}){0,20})"
)
_ENCODED = re.compile(r"[A-Za-z0-9+/=]{60,}")


def read(
    raw: bytes,
    received_at: datetime,
    *,
    domains: Collection[str] = (),
    trusted_authserv: Collection[str] = (),
    found: str | None = None,
) -> Report:
    """What a mail says. `domains` are ours, lower case; `trusted_authserv` are servers whose results count, unless our
    own checks have `found` something: then that alone does."""
    try:
        return _understood(raw, received_at, domains, trusted_authserv, found)
    except TooComplex as error:
        return quarantined(raw, received_at, f"too complex: {error}")
    except (Exception, RecursionError) as error:  # law 3: only storage may say no
        return quarantined(raw, received_at, f"not understood ({type(error).__name__})")


def quarantined(raw: bytes, received_at: datetime, reason: str) -> Report:
    """A report about a mail that was not understood, made without parsing it."""
    end = header_end(raw)
    head = raw[:end]
    shown = {
        m[1].decode().lower(): m[2].decode("utf-8", "surrogateescape")
        for m in reversed(list(_SHOWN_FIELD.finditer(head)))
    }
    box = author([shown["from"]]) if "from" in shown else None
    text = tidy(decode(raw[end : end + PREVIEW]))
    return Report(
        channel=Channel.EMAIL,
        key=key_of([shown.get(name) for name in FIELDS], [(RAW_TYPE, raw[end:])]),
        received_at=received_at,
        text=_ENCODED.sub("…", text).strip(),
        sender=Sender(name=box.name if box else None, email=box.address if box else None),
        subject=decode_field(shown.get("subject", "")) or None,
        raw=raw,
        raw_type=RAW_TYPE,
        message_id=_message_id(shown.get("message-id")),
        quarantined=reason,
    )


def _understood(
    raw: bytes, received_at: datetime, domains: Collection[str], trusted: Collection[str], found: str | None
) -> Report:
    root = parse(raw)
    fields = root.fields
    box = author(fields.all("from"), fields.charset) or _stand_in(fields)
    subject = fields.text("subject") or ""
    body = body_of(root)
    kind = deliveries.report_type(root)
    full = _full_text(body)
    shown = _shown(full)
    told = deliveries.told(root, kind, robots.machine(fields, box.address if box else None), subject, shown)
    failed = told is not None and deliveries.says_failed(told)
    name = box.name if box else None
    follows = _follows(fields, subject)
    written = "" if told is not None else new_text(full, name, follows or is_alone(full))
    robot = robots.recognise(
        fields,
        box.address if box else None,
        subject,
        kind,
        told is not None,
        failed,
        domains,
        name,
        written,
    )
    if robot.auto_reply and told is None:
        written = new_text(full, name)
    if told is None and (reaction := reactions.reaction_of(root)):
        written = reaction
    reply_to = _reply_to(fields, box, domains)
    inner = attached_mails(body)
    if body.locked and not without_signature(written.split("\n"), name, below=True):
        written = ""  # what lists and scanners put below it
    flags = (*robot.flags, *(() if written or told is not None or inner else _unread(body)))
    thread = thread_of(fields, subject, domains)
    others: list[str] = []
    if not (told is not None or robot.auto_reply or thread.token or thread.subject):
        others = [*sent_on(full, subject, domains, follows), *words_of(inner, domains)]
    results = told_by(fields.all("authentication-results"), trusted) if found is None else results_of(found)
    about = deliveries.returned_message_id(root) if (robot.auto_reply and kind) or told is not None else None
    if about:
        thread = Thread(thread.token, (about, *(r for r in thread.references if r != about)), thread.subject)
    return Report(
        channel=Channel.EMAIL,
        key=key_of([fields.raw(name) for name in FIELDS], [(p.kind, p.content) for p in root.leaves()]),
        received_at=received_at,
        text=written if told is None else deliveries.notice(shown),
        sender=_sender(box, results, name or _shown_name(fields)),
        subject=subject or None,
        reply_to=reply_to,
        copies=_copies(fields, [box.address if box else None, reply_to], domains),
        full_text=shown if shown or kind or told is not None else _forwarded(inner),
        own_words=_judged(written, others),
        html="\n".join(body.html) or None,
        attachments=() if kind else tuple(attachment_of(part) for part in body.files if not _is_read(part, told)),
        raw=raw,
        raw_type=RAW_TYPE,
        thread=thread,
        message_id=_message_id(fields.raw("message-id")),
        auto_reply=robot.auto_reply,
        bounce=robot.bounce,
        deliveries=told or (),
        flags=(*flags, FORGED) if refused(results) else flags,
    )


def _unread(body: Body) -> tuple[str, ...]:
    """The flags of a mail without a new word that was locked, or that a calendar answered for somebody."""
    if any(part.parameters.get("method", "").upper() == "REPLY" for part in body.files):
        return UNREADABLE, robots.NO_ANSWER
    return (UNREADABLE,) if body.locked else ()


def _is_read(part: Part, told: object) -> bool:
    """Whether a part is no file to keep: a reaction, or of a bounce its report or the mail that came back."""
    reports = part.kind.startswith("message/") or part.kind == "text/rfc822-headers"
    return part.kind == reactions.KIND or bool(told and reports)


def _follows(fields: Fields, subject: str) -> bool:
    """Whether a mail says that it answers or forwards one."""
    return "in-reply-to" in fields or "references" in fields or FOLLOWING.match(subject) is not None


def _stand_in(fields: Fields) -> Mailbox | None:
    """Somebody to show when there is no From: never believed."""
    for name in ("sender", "reply-to", "return-path"):
        if box := author(fields.all(name)[:1]):
            return Mailbox(box.address, box.name, True)
    return None


def _reply_to(fields: Fields, box: Mailbox | None, domains: Collection[str]) -> str | None:
    """Where answers are asked to go, if that is one address, another than the sender's and none of ours."""
    asked = author(fields.all("reply-to")[:1], fields.charset)
    if asked is None or asked.odd or not asked.address or (box is not None and asked.address == box.address):
        return None
    return None if asked.address.rpartition("@")[2] in domains else asked.address


def _copies(fields: Fields, known: Collection[str | None], domains: Collection[str]) -> tuple[str, ...]:
    """Who else it went to: people at addresses that are none of ours and not `known` already."""
    values = [value for name in ("to", "cc") for value in fields.all(name)[:5]]
    boxes = [box for value in values for box in mailboxes(value, fields.charset) if not box.odd]
    others = dict.fromkeys(box.address for box in boxes if box.address.rpartition("@")[2] not in domains)
    return tuple(one for one in others if one not in known and not robots.wants_no_answer(one))[:COPIES]


def _sender(box: Mailbox | None, results: Results, name: str | None) -> Sender:
    shown = name[:200] if name else None
    if box is None:
        return Sender(name=shown)
    vouched = not box.odd and bool(box.address) and passed(box.address, results)
    return Sender(name=shown, email=box.address, verified=vouched)


def _shown_name(fields: Fields) -> str | None:
    """What a From header without an address says, as that of a scanner or of a program that lost it."""
    shown = " ".join((fields.text("from") or "").replace("<", " ").replace(">", " ").split())
    return None if "@" in shown else shown or None


def _full_text(body: Body) -> str:
    """Every text part in order."""
    return "\n\n".join(text.strip("\n") for _, text in body.written if text.strip())[: FULL_TEXT * 2]


def _shown(full: str) -> str:
    return full.replace(f"{CUT}\n", "").replace(CUT, "").replace(MAYBE, "  ").replace(SIGNED, "")[:FULL_TEXT]


def _forwarded(mails: Collection[Part]) -> str:
    """What the mails say that were sent on as files, where nothing was written above them: nobody's new words."""
    said = [(mail.fields.text("subject") or "", _shown(_full_text(body_of(mail)))) for mail in mails]
    return "\n\n".join(text for mail in said for text in mail if text)[:FULL_TEXT]


def _judged(written: str, others: Collection[str]) -> str | None:
    """The new words and those of the mails that were sent on; None where there are none of those."""
    return "\n\n".join(text for text in (written, *others) if text)[:PREVIEW] if others else None


def _message_id(value: str | None) -> str | None:
    return " ".join(decode_field(value).split())[:500] or None if value else None
