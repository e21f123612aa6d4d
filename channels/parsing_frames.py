"""How a mail goes to the process that parses it and what comes back: length-prefixed frames on pipes.

Plain data only (JSON and bytes), so that a parser that was taken over can send nothing but a wrong report. `unpack`
raises ValueError, KeyError, TypeError or IndexError for anything that `pack` did not write.
"""

from __future__ import annotations

import json
import struct
from datetime import datetime
from typing import Any

from channels.mail.reading import RAW_TYPE
from channels.report import Attachment, Channel, Delivery, Report, Sender, Thread

REQUEST = struct.Struct(">QQ")  # lengths of the mail and of what our own checks found (0: nothing was checked)
ANSWER = struct.Struct(">QQ")  # lengths of the JSON and of the files behind it
READY = ANSWER.pack(0, 0)  # what a process says first
ANSWER_LIMIT = 512 * 1024 * 1024  # bytes


def asked(raw: bytes, found: str | None) -> tuple[bytes, ...]:
    """A mail as frames."""
    told = found.encode("ascii", "replace") if found else b""
    return (REQUEST.pack(len(raw), len(told)), raw, told) if told else (REQUEST.pack(len(raw), 0), raw)


def pack(report: Report) -> tuple[bytes, ...]:
    """A report as frames, without its raw bytes and time of arrival, which the other side has."""
    sender, thread = report.sender, report.thread
    same = report.full_text == report.text
    said = json.dumps(
        (
            report.key,
            report.text,
            None if same else report.full_text,
            same,
            report.own_words,
            report.html,
            (sender.name, sender.email, sender.verified),
            report.subject,
            report.reply_to,
            report.copies,
            (thread.token, thread.references, thread.subject),
            report.message_id,
            report.auto_reply,
            report.bounce,
            [(d.recipient, d.action, d.status, d.diagnostic, d.message_id) for d in report.deliveries],
            report.quarantined,
            report.flags,
            [(a.name, a.media_type, len(a.content), a.inline, a.quarantined) for a in report.attachments],
        )
    ).encode("ascii")
    files = [a.content for a in report.attachments]
    return (ANSWER.pack(len(said), sum(map(len, files))), said, *files)


def unpack(said: bytes, files: bytes, raw: bytes, received_at: datetime) -> Report:
    """The report that was packed."""
    (
        key,
        text,
        full_text,
        same,
        own_words,
        html,
        (name, email, verified),
        subject,
        reply_to,
        copies,
        (token, references, tagged),
        message_id,
        auto_reply,
        bounce,
        deliveries,
        quarantined,
        flags,
        attachments,
    ) = json.loads(said)
    return Report(
        channel=Channel.EMAIL,
        key=key,
        received_at=received_at,
        text=text,
        sender=Sender(name=name, email=email, verified=verified),
        subject=subject,
        reply_to=reply_to,
        copies=tuple(copies),
        full_text=text if same else full_text,
        own_words=own_words,
        html=html,
        attachments=_files(attachments, files) if attachments else (),
        raw=raw,
        raw_type=RAW_TYPE,
        thread=Thread(token, tuple(references), tagged),
        message_id=message_id,
        auto_reply=auto_reply,
        bounce=bounce,
        deliveries=tuple(Delivery(*fields) for fields in deliveries),
        quarantined=quarantined,
        flags=tuple(flags),
    )


def _files(described: list[Any], files: bytes) -> tuple[Attachment, ...]:
    out, at = [], 0
    for name, media_type, length, inline, quarantined in described:
        out.append(Attachment(name, media_type, files[at : at + length], inline, quarantined))
        at += length
    if at != len(files):
        raise ValueError("the files are not as long as was said")
    return tuple(out)
