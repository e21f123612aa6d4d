"""Passwords: argon2id (RFC 9106) in a thread, a few at a time, so that log-ins never stop the loop."""

from __future__ import annotations

import asyncio
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from gateway.languages import N_

SHORTEST = 12
TOO_SHORT = N_("At least twelve characters; several words make a good password.")
TOO_PLAIN = N_("That is guessed too easily.")


def weakness(password: str, email: str) -> str | None:
    """Why a password is not good enough (NIST SP 800-63B: length, and not what everybody tries first), or None."""
    if len(password) < SHORTEST:
        return TOO_SHORT
    plain = password.lower()
    if len(set(plain)) < 5 or email.lower() in plain or plain in email.lower() or "password" in plain:
        return TOO_PLAIN
    return None


class Passwords:
    """Hashing with a bound on how many are worked on at once. An unknown user takes as long as a wrong password."""

    def __init__(self, at_once: int = 2, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turn = asyncio.Semaphore(at_once)
        self._nobody: str | None = None

    async def hashed(self, password: str) -> str:
        async with self._turn:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def correct(self, password_hash: str | None, password: str) -> bool:
        """Whether the password belongs to the hash; False without a hash, after the same time."""
        if password_hash is None and self._nobody is None:
            self._nobody = await self.hashed(secrets.token_urlsafe(16))
        async with self._turn:
            right = await asyncio.to_thread(self._verify, password_hash or self._nobody or "", password)
        return right and password_hash is not None

    def _verify(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False
