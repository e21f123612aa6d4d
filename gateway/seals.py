"""Seals: short texts that we hand out and recognise again, by HMAC-SHA-256 (RFC 2104) over `SECRET_KEYS`.

The newest key seals, every key opens, so that keys can be changed without breaking what is outside. A seal is made for
one purpose and opens for no other.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Sequence

MAC_BYTES = 16


def seal(keys: Sequence[str], purpose: str, text: str) -> str:
    """The text with its seal behind a dot."""
    return f"{text}.{mac(keys[0], purpose, text)}"


def opened(keys: Sequence[str], purpose: str, sealed: str) -> str | None:
    """The text of a sealed one; None when we did not seal it for this purpose."""
    text, _, given = sealed.rpartition(".")
    return text if text and matches(keys, purpose, text, given) else None


def mac(key: str, purpose: str, text: str) -> str:
    """The 128-bit seal of a text alone, 22 characters."""
    code = hmac.digest(key.encode(), f"{purpose}\0{text}".encode("utf-8", "surrogatepass"), hashlib.sha256)
    return urlsafe_b64encode(code[:MAC_BYTES]).rstrip(b"=").decode()


def matches(keys: Sequence[str], purpose: str, text: str, given: str) -> bool:
    """Whether a seal is ours, in constant time for each key."""
    shown = given.encode("utf-8", "replace")
    return sum(hmac.compare_digest(mac(key, purpose, text).encode(), shown) for key in keys) > 0


def fresh() -> str:
    """A new unguessable word of 128 bits."""
    return secrets.token_urlsafe(16)
