"""Whom of those who reported a reply can go to.

Pure. A recipient is somebody at an address: whoever has two is there twice, and an address is there once, with the
newest report from it. Those whose reports look like spam come last. An address that a mail names for its answers is
offered to whoever writes, who sees it; nothing is sent there by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from channels.numbers import HOME, normalise
from channels.outbound import addressable
from channels.report import Channel

ROBOTS = {"auto_reply", "bounce"}


@dataclass(frozen=True, slots=True)
class Recipient:
    """`person` tells people apart, also those who are not known; `report` is what is answered, and `copies` are who
    else got it and can be answered with them."""

    person: int
    person_id: int | None
    report: int
    name: str | None
    language: str
    channel: Channel
    address: str
    copies: tuple[str, ...] = ()


def recipients(reports: Sequence[Mapping[str, Any]]) -> list[Recipient]:
    """Who can be written to, the newest report first. `reports` are rows of the record, the newest first."""
    found: dict[str, Recipient] = {}
    for row in sorted(reports, key=lambda row: "spam" in row["flags"]):
        if row["channel"] == "alarm" or ROBOTS.intersection(row["flags"]):
            continue
        asked = [(Channel.EMAIL, row["reply_to"])] if row["reply_to"] else []
        for channel, address in asked + ways(row):
            person = row["person_id"] or -row["id"]
            others = addressable(row["copies"] or ()) if channel is Channel.EMAIL else ()
            one = Recipient(
                person, row["person_id"], row["id"], row["sender_name"], row["language"], channel, address, others
            )
            found.setdefault(address, one)
    return list(found.values())


def named(everyone: Sequence[Recipient], words: str) -> list[Recipient]:
    """Those whose name or address has these words in it, or whose number it is; everyone when nothing is said."""
    said = " ".join(words.casefold().split())
    number = normalise(said, HOME)
    return [one for one in everyone if one.address == number or said in _called(one)]


def ways(report: Mapping[str, Any]) -> list[tuple[Channel, str]]:
    """The channels and addresses by which a reporter can be written to, the one that fits their report first."""
    mail, text = (Channel.EMAIL, report["sender_email"]), (Channel.SMS, report["sender_phone"])
    order = (text, mail) if report["channel"] in ("phone", "sms", "whatsapp") else (mail, text)
    return [(channel, address) for channel, address in order if address]


def _called(one: Recipient) -> str:
    """Whole numbers alone find somebody: what is masked is not read out by trying its digits."""
    return f"{one.name or ''} {'' if one.channel is Channel.SMS else one.address}".casefold()
