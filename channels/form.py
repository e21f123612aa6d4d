"""The report form: what was filled in -> Report. Pure.

Nothing that was written is lost: a telephone number or an address that cannot be used as one stays in the full text.
A picture is known by its first bytes, never by its name; it is stored under a name of ours.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime

import phonenumbers

from channels.numbers import HOME
from channels.report import Attachment, Channel, Report, Sender

FIELDS = ("name", "phone", "email", "charger", "site", "connector", "category", "danger", "text", "language")
EMAIL = re.compile(r"[^@\s<>\"(),:;\\\[\]\x00-\x1f\x7f]{1,64}@[^@\s<>\"(),:;\\\[\]\x00-\x1f\x7f]{1,190}")
CONNECTOR = re.compile(r"[1-9]\d?")
HEIC = (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"heim", b"heis")


def read(
    fields: Mapping[str, str],
    *,
    key: str,
    received_at: datetime,
    pictures: Sequence[Attachment] = (),
    channel: Channel = Channel.FORM,
) -> Report:
    """One submitted form as a report. `key` is the form token that we made for this one page."""
    given = {name: fields.get(name, "").strip() for name in FIELDS}
    phone, email = telephone(given["phone"]), address(given["email"])
    left_over = [given[name] for name, usable in (("phone", phone), ("email", email)) if given[name] and not usable]
    connector = given["connector"]
    return Report(
        channel=channel,
        key=key,
        received_at=received_at,
        text=given["text"],
        full_text="\n".join([given["text"], *left_over]) if left_over else None,
        sender=Sender(name=given["name"] or None, phone=phone, email=email),
        charger=given["charger"] or None,
        site=given["site"] or None,
        connector=int(connector) if CONNECTOR.fullmatch(connector) else None,
        category=given["category"] or None,
        danger=given["danger"] not in ("", "0", "no"),
        language=given["language"] or None,
        attachments=tuple(pictures),
        raw=json.dumps({name: value for name, value in given.items() if value}, ensure_ascii=False).encode(
            "utf-8", "replace"
        ),
        raw_type="application/json",
    )


def says_anything(fields: Mapping[str, str]) -> bool:
    """Whether a form holds a report at all: words, or at least a choice of what is wrong."""
    return any(fields.get(name, "").strip() for name in ("text", "category", "danger"))


def telephone(text: str) -> str | None:
    """A telephone number in E.164 (ITU-T), Swedish when it has no country code; None when it is not one."""
    try:
        number = phonenumbers.parse(text, HOME)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def address(text: str) -> str | None:
    """A bare mail address in lower case; None when it is not one."""
    return text.lower() if EMAIL.fullmatch(text) and "." in text.rpartition("@")[2] else None


def picture(content: bytes, nth: int) -> Attachment | None:
    """The nth picture of a form; None when the bytes are not a JPEG, PNG, WebP or HEIC picture."""
    kind = _kind(content)
    if kind is None:
        return None
    ending = "jpg" if kind == "jpeg" else kind
    return Attachment(name=f"photo-{nth}.{ending}", media_type=f"image/{kind}", content=content)


def _kind(content: bytes) -> str | None:
    if content.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "webp"
    if content[4:8] == b"ftyp" and content[8:12] in HEIC:
        return "heic"
    return None
