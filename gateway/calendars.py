"""A visit as a calendar file (RFC 5545). Pure; nothing personal is in it.

The same visit keeps its UID, and `sequence` counts its changes, so that a calendar moves it instead of adding another.
"""

from __future__ import annotations

from datetime import UTC, datetime


def calendar(
    uid: str, sequence: int, start: datetime, end: datetime, made: datetime, summary: str, place: str, url: str
) -> bytes:
    """One event. Texts are escaped and lines folded as the format asks."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Switchyard//Visits//EN",
        "METHOD:PUBLISH",
        "BEGIN:VEVENT",
        f"UID:{_text(uid)}",
        f"SEQUENCE:{sequence}",
        f"DTSTAMP:{_moment(made)}",
        f"DTSTART:{_moment(start)}",
        f"DTEND:{_moment(end)}",
        f"SUMMARY:{_text(summary)}",
        f"LOCATION:{_text(place)}",
        f"URL:{url}",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return b"".join(_folded(line) for line in lines)


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _text(text: str) -> str:
    for sign, written in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\r", ""), ("\n", "\\n")):
        text = text.replace(sign, written)
    return text


def _folded(line: str) -> bytes:
    """A line of 75 bytes at most; what is longer goes on in the next one after a space, never within a letter."""
    out, room = bytearray(), 75
    for letter in line:
        coded = letter.encode()
        if len(coded) > room:
            out += b"\r\n "
            room = 74
        out += coded
        room -= len(coded)
    return bytes(out + b"\r\n")
