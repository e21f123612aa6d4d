"""What a bounce or delivery report says: about which mail of ours, to whom, and how it ended.

Never raises. RFC 3464 reports are read field by field, wherever a server puts the fields; notices of servers that write
none are read by flufl.bounce, which knows what they write, else by the addresses in them. A notice is believed to be
one by who sent it and what it says together, since people write about failed mails as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from channels.mail.address import bare
from channels.mail.headers import Fields, decode_field, eight_bit
from channels.mail.phrases import BOUNCE_SUBJECT, COPY, DELAYS, FAILS, speaks_of_oneself
from channels.mail.tree import Part
from channels.report import Delivery

_LIMIT = 50  # recipients of one report
_READ = 20_000  # characters of a notice that are looked at
_CODE = re.compile(r"\b5\d\d[ -]+(?:#|smtp;? ?)?5\.\d{1,3}\.\d{1,3}\b|\b55\d[ -]{1,3}[<\w]|#5\.\d\.\d")
_FINAL = re.compile(r"permanent|giv(?:en|ing) up|gave up|\b5\d\d[ -]+5\.\d", re.IGNORECASE)
_FIELD = re.compile(
    r"^[ \t]*(final-recipient|original-recipient|action|status|diagnostic-code):[ \t]*(.+)$", re.I | re.M
)
_FOUND = re.compile(r"[^\s@<>()\[\]\\,;:\"'/=\uff08\uff09\uff1a\uff0c\u3002\uff1b]{1,200}@[\w-]+(?:\.[\w-]+)+")
_NO_RECIPIENT = re.compile(
    r"\s*(?:from|mail from|message-id|received|return-path|x-\S+|sender|reply-to)\b", re.IGNORECASE
)
_NAMED = re.compile(r"^[ \t]*<[^\s<>@]{1,100}@[^\s<>@]{1,200}>:", re.MULTILINE)  # whom qmail and its kin tell of
_SERVER = re.compile(r"(?:post[-_.]?master|mailer-daemon|abuse|support|help)@", re.IGNORECASE)
_NOT_LOST = frozenset({"delivered", "deliverable", "relayed", "expanded", "delayed"})
_COMPLAINT = re.compile(r"\s*complaint about message from [\d.:a-f]*\d", re.IGNORECASE)  # as one big provider has it
_STATUS = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
_MESSAGE_ID = re.compile(r"^message-id:[ \t]*(?:\r?\n[ \t]+)?(<[^<>\s]{3,500}>)", re.IGNORECASE | re.MULTILINE)


def report_type(root: Part) -> str | None:
    """The kind of a multipart/report: `delivery-status`, `disposition-notification`, …"""
    if root.kind != "multipart/report":
        only_mails = root.children and all(part.kind == "message/rfc822" for part in root.children)
        return "feedback-report" if only_mails and _COMPLAINT.match(root.fields.text("subject") or "") else None
    if value := root.parameters.get("report-type"):
        return value.lower()
    return "delivery-status" if any(part.kind == "message/delivery-status" for part in root.children) else "unknown"


def told(root: Part, kind: str | None, machine: int, subject: str, text: str) -> tuple[Delivery, ...] | None:
    """What a mail tells about others: None when it is no report or notice, empty when it does not say about which.

    `kind` is that of a multipart/report, `machine` how sure it is that a machine wrote it, `text` all its text.
    """
    if kind == "delivery-status" or (machine and kind in (None, "unknown") and _parts(root, "message/delivery-status")):
        return _reported(root) or _noticed(root, subject, notice(text)[:_READ])
    rejection = kind == "disposition-notification"  # a filter's refusal comes as one, and says so twice
    if not (rejection or kind in (None, "unknown")) or not machine:
        return None
    shown = notice(text)[:_READ]
    if machine == 1 and speaks_of_oneself(shown) and not (_has_copy(root, text) or _NAMED.search(shown)):
        return None
    says = bool(BOUNCE_SUBJECT.search(subject)) + bool(FAILS.search(shown) or DELAYS.search(subject))
    proves = bool(_CODE.search(shown)) + _has_copy(root, text) + ("x-failed-recipients" in root.fields)
    if not says + (proves > 1) or says + proves + (machine > 1) < 2 or (rejection and says < 2):
        return None
    return _noticed(root, subject, shown)


def says_failed(deliveries: tuple[Delivery, ...]) -> bool:
    """Whether a report tells that something did not arrive; a report without any detail is taken to."""
    return not deliveries or any(delivery.action not in _NOT_LOST for delivery in deliveries)


def _reported(root: Part) -> tuple[Delivery, ...]:
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


def _noticed(root: Part, subject: str, text: str) -> tuple[Delivery, ...]:
    """The recipients that a notice without a machine-readable report tells about."""
    about = returned_message_id(root)
    if written := _written_fields(text, about):
        return written
    late, lost = _known(root)
    only_late = bool(DELAYS.search(subject)) or (bool(DELAYS.search(text)) and not _FINAL.search(text))
    if late and not lost and not only_late and FAILS.search(text):
        late, lost = lost, late  # the words of some filters that refuse are taken for a warning
    if not late and not lost:
        (late if only_late else lost).extend(_addresses(root, text) or _addressees(root))
    status = _first(_STATUS, text)
    found = [Delivery(address, "delayed" if only_late else "failed", status, None, about) for address in lost]
    found += [Delivery(address, "delayed", status, None, about) for address in late if address not in lost]
    return tuple(found[:_LIMIT])


def _written_fields(text: str, about: str | None) -> tuple[Delivery, ...]:
    """The fields of a report that stand in the text."""
    blocks: list[dict[str, str]] = [{}]
    for name, value in _FIELD.findall(text):
        key = name.lower()
        if key in blocks[-1]:
            blocks.append({})
        blocks[-1][key] = value.strip()
    found = []
    for block in blocks[:_LIMIT]:
        named = block.get("original-recipient") or block.get("final-recipient") or ""
        if address := bare(named.partition(";")[2] or named):
            action = (block.get("action", "").split() or ["failed"])[0].lower()
            told = block.get("diagnostic-code", "")[:500] or None
            found.append(Delivery(address, action, _first(_STATUS, block.get("status")), told, about))
    return tuple(found)


def _known(root: Part) -> tuple[list[str], list[str]]:
    """Who flufl.bounce says was reached late, and who never."""
    from flufl.bounce import all_failures

    try:
        late, lost = all_failures(root.message)
    except Exception:  # the detectors trust the notices of their time; a strange one must not stop a mail
        return [], []
    return _bare(late), _bare(lost)


def _bare(found: Iterable[bytes | str]) -> list[str]:
    texts = [a.decode("utf-8", "replace") if isinstance(a, bytes) else str(a) for a in found]
    return sorted({address for text in texts if (address := bare(text))})


def _addresses(root: Part, text: str) -> list[str]:
    """The addresses in a notice that are neither its own sender's nor its reader's."""
    fields = root.fields
    if failed := [address for value in fields.all("x-failed-recipients") for address in _FOUND.findall(value)]:
        return list(dict.fromkeys(address.lower() for address in failed))
    own = {a.lower() for name in ("from", "to", "return-path") for v in fields.all(name) for a in _FOUND.findall(v)}
    lines = "\n".join(line for line in text.split("\n") if not _NO_RECIPIENT.match(line))
    found = dict.fromkeys(address.lower().rstrip(".") for address in _FOUND.findall(lines))
    return [address for address in found if address not in own and not _SERVER.match(address)][:_LIMIT]


def _addressees(root: Part) -> list[str]:
    """To whom the mail was sent that came back, when it was one."""
    for part in _parts(root, "message/rfc822"):
        for nested in part.children[:1]:
            found = [a.lower() for value in nested.fields.all("to")[:1] for a in _FOUND.findall(value[:2000])]
            return found if len(found) == 1 else []
    return []


def _has_copy(root: Part, text: str) -> bool:
    return bool(_parts(root, "message/rfc822") or _parts(root, "text/rfc822-headers") or COPY.search(text[:_READ]))


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
    """The parts of a kind, without those of mails that are attached."""
    found = [root] if root.kind == kind else []
    return found + (
        [] if root.kind == "message/rfc822" else [p for child in root.children for p in _parts(child, kind)]
    )


def _recipient(fields: Fields) -> str | None:
    for name in ("original-recipient", "final-recipient"):
        value = eight_bit(fields.raw(name) or "")
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
