"""The second factor of a log-in: one-time codes (RFC 6238), good once each, and recovery codes beside them."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

import pyotp

ISSUER = "Switchyard"
CODES = 10
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # nothing that is mistaken for something else
STEP = 30  # seconds


def fresh_secret() -> str:
    """A secret of 160 bits, as authenticators take it."""
    return pyotp.random_base32()


def address(secret: str, email: str) -> str:
    """The `otpauth:` address that an authenticator opens."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """The time step to which a code belongs, at most one beside the present one; None for a wrong code."""
    given, present = code.replace(" ", ""), int(now.timestamp()) // STEP
    totp = pyotp.TOTP(secret)
    return next((step for step in (present, present - 1, present + 1) if _same(totp.at(step * STEP), given)), None)


def recovery_codes() -> list[str]:
    """Codes of 50 bits to be written down: `k7m2q-9xw4r`."""
    return ["-".join("".join(secrets.choice(ALPHABET) for _ in range(5)) for _ in range(2)) for _ in range(CODES)]


def recovery_hash(code: str) -> bytes:
    """Under which the record knows a recovery code, however it was typed."""
    plain = "".join(sign for sign in code.lower() if sign in ALPHABET)
    return hashlib.sha256(b"recovery:" + plain.encode()).digest()


def _same(right: str, given: str) -> bool:
    return secrets.compare_digest(right.encode(), given.encode())
