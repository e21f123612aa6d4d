"""What a bounce or delivery report says: about which mail of ours, to whom, and how it ended.

Never raises. RFC 3464 reports are read field by field; notices of servers that write no such report are read by
flufl.bounce, which knows what they write.
"""

from __future__ import annotations

import re

from channels.mail.address import bare
from channels.mail.headers import Fields, decode_field
from channels.mail.phrases import COPY
from channels.mail.tree import Part
from channels.report import Delivery

_LIMIT = 50  # recipients of one report
_STATUS = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
_MESSAGE_ID = re.compile(r"^message-id:[ \t]*(?:\r?\n[ \t]+)?(<[^<>\s]{3,500}>)", re.IGNORECASE | re.MULTILINE)


def report_type(root: Part) -> str | None:
    """The kind of a multipart/report: `delivery-status`, `disposition-notification`, …"""
    if root.kind != "multipart/report":
        return None
    if value := root.parameters.get("report-type"):
        return value.lower()
    return "delivery-status" if any(part.kind == "message/delivery-status" for part in root.children) else "unknown"


def reported(root: Part) -> tuple[Delivery, ...]:
    """Each recipient that a delivery report tells about."""
    about = returned_message_id(root)
    found = []
    for part in _parts(root, "message/delivery-status"):
        for block in part.children:
            fields = block.fields
            recipient = _recipient(fields)
            if recipient:
                found.append(
                    Delivery(
                        recipient=recipient,
                        action=fields.word("action") or "failed",
                        status=_first(_STATUS, fields.raw("status")),
                        diagnostic=_diagnostic(fields),
                        message_id=about,
                    )
                )
    return tuple(found[:_LIMIT])


def noticed(root: Part) -> tuple[Delivery, ...]:
    """The recipients that a notice without a machine-readable report says could not be reached."""
    from flufl.bounce import scan_message

    try:
        addresses = sorted(scan_message(root.message))
    except Exception:  # the detectors trust the notices of their time; a strange one must not stop a mail
        return ()
    about = returned_message_id(root)
    found = [
        bare(address.decode("utf-8", "replace") if isinstance(address, bytes) else str(address))
        for address in addresses
    ]
    return tuple(Delivery(recipient=address, message_id=about) for address in found[:_LIMIT] if address)


def says_failed(deliveries: tuple[Delivery, ...]) -> bool:
    """Whether a report tells that something did not arrive (yet); a report without any detail is taken to."""
    return not deliveries or any(delivery.action in ("failed", "delayed") for delivery in deliveries)


def notice(text: str) -> str:
    """The words of a notice without the copy of the returned mail below them."""
    match = COPY.search(text)
    return (text[: match.start()] if match else text).strip()


def returned_message_id(root: Part) -> str | None:
    """The Message-ID of the mail that came back, wherever the report keeps it."""
    for part in _parts(root, "message/rfc822"):
        for nested in part.children[:1]:
            if (value := nested.fields.raw("message-id")) is not None:
                return value.strip()[:500]
    for part in _parts(root, "text/rfc822-headers"):
        if found := _first_group(_MESSAGE_ID, part.content[:65_536].decode("latin-1")):
            return found
    for part in root.walk():
        if part.kind == "text/plain" and not part.children:
            body = part.content[:65_536].decode("latin-1")
            if (found := _first_group(_MESSAGE_ID, body)) is not None:
                return found
            break
    for part in _parts(root, "message/disposition-notification"):
        text = part.content or b"\n".join(child.content for child in part.children)
        fields = [child.fields for child in part.children]
        for field in fields:
            if (value := field.raw("original-message-id")) is not None:
                return value.strip()[:500]
        if match := re.search(rb"(?im)^original-message-id:\s*(<[^<>\s]{3,500}>)", text):
            return match[1].decode("latin-1")
    return None


def _parts(root: Part, kind: str) -> list[Part]:
    return [part for part in root.walk() if part.kind == kind]


def _recipient(fields: Fields) -> str | None:
    for name in ("original-recipient", "final-recipient"):
        value = fields.raw(name)
        if value and (address := bare(value.partition(";")[2] or value)):
            return address
    return None


def _diagnostic(fields: Fields) -> str | None:
    value = fields.raw("diagnostic-code")
    return decode_field(value)[:500] if value else None


def _first(pattern: re.Pattern[str], text: str | None) -> str | None:
    match = pattern.search(text) if text else None
    return match[0] if match else None


def _first_group(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.search(text)
    return match[1] if match else None
