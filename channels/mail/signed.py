"""What an opaquely signed mail (S/MIME, RFC 8551 section 3.5.2) holds: the mail that was signed. Never raises.

The few levels of BER by which it is wrapped are read; nothing is verified.
"""

from __future__ import annotations

_SIGNED = bytes.fromhex("06092a864886f70d010702")  # the object identifiers signedData and data
_DATA = bytes.fromhex("06092a864886f70d010701")
_EXPLICIT, _OCTETS, _PIECES = 0xA0, 0x04, 0x24


def signed_content(data: bytes) -> bytes | None:
    """The bytes that were signed; None when they are not in there."""
    at = data.find(_DATA, 0, 1024) if _SIGNED in data[:64] else -1
    if at < 0:
        return None
    try:
        tag, _, at = _header(data, at + len(_DATA))
        if tag != _EXPLICIT:
            return None
        tag, length, at = _header(data, at)
        if tag == _OCTETS and length is not None:
            return data[at : at + length]
        return b"".join(_pieces(data, at, len(data) if length is None else at + length)) if tag == _PIECES else None
    except IndexError:
        return None


def _pieces(data: bytes, at: int, end: int) -> list[bytes]:
    found = []
    while at < end and data[at : at + 2] != b"\0\0":
        tag, length, at = _header(data, at)
        if tag != _OCTETS or length is None:
            break
        found.append(data[at : at + length])
        at += length
    return found


def _header(data: bytes, at: int) -> tuple[int, int | None, int]:
    """Tag, length (None when it is told by an end mark) and where the content begins."""
    tag, first = data[at], data[at + 1]
    if first <= 0x80:
        return tag, first if first < 0x80 else None, at + 2
    end = at + 2 + (first & 0x7F)
    return tag, int.from_bytes(data[at + 2 : end], "big"), end
