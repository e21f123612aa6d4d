"""Keys that are made for a test, and mails signed with them."""

from __future__ import annotations

import base64
import random
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import dkim
from nacl.signing import SigningKey


@dataclass(frozen=True, slots=True)
class Key:
    """A private key as the signer takes it, and the record that its domain publishes."""

    private: bytes
    record: str
    algorithm: bytes


def short_key() -> Key:
    """One that is made at once (Ed25519, RFC 8463)."""
    made = SigningKey.generate()
    public = base64.b64encode(bytes(made.verify_key)).decode()
    return Key(base64.b64encode(bytes(made)), f"v=DKIM1; k=ed25519; p={public}", b"ed25519-sha256")


@lru_cache
def rsa_key(bits: int) -> Key:
    """One as nearly everybody has."""
    exponent = 65_537
    first, second = _prime(bits // 2, exponent), _prime(bits // 2, exponent)
    modulus, private = first * second, pow(exponent, -1, (first - 1) * (second - 1))
    numbers = (0, modulus, exponent, private, first, second)
    numbers += (private % (first - 1), private % (second - 1), pow(second, -1, first))
    public = base64.b64encode(der(modulus, exponent)).decode()
    pem = base64.encodebytes(der(*numbers))
    return Key(
        b"-----BEGIN RSA PRIVATE KEY-----\n" + pem + b"-----END RSA PRIVATE KEY-----\n",
        f"v=DKIM1; k=rsa; p={public}",
        b"rsa-sha256",
    )


def signed(raw: bytes, key: Key, domain: str, selector: str = "s", **changes: Any) -> bytes:
    """A mail with one more signature."""
    settings: dict[str, Any] = {"canonicalize": (b"relaxed", b"relaxed")} | changes
    signer = dkim.DKIM(raw, signature_algorithm=settings.pop("algorithm", key.algorithm))
    return bytes(signer.sign(selector.encode(), domain.encode(), key.private, **settings)) + raw


def signed_with_tags(raw: bytes, key: Key, domain: str, **tags: str) -> bytes:
    """A mail with a signature that says more, or something else, than the signer would."""

    class Signer(dkim.DKIM):  # type: ignore[misc]
        def gen_header(self, fields: Any, *rest: Any, **more: Any) -> Any:
            given = {name.encode(): value.encode() for name, value in tags.items()}
            kept = [(name, given.pop(name, value)) for name, value in fields]
            return super().gen_header([*kept[:-1], *given.items(), kept[-1]], *rest, **more)

    signer = Signer(raw, signature_algorithm=key.algorithm)
    return bytes(signer.sign(b"s", domain.encode(), key.private, canonicalize=(b"relaxed", b"relaxed"))) + raw


def der(*numbers: int) -> bytes:
    """Numbers as keys are written (X.690): a sequence of integers."""
    told = (_tagged(2, number.to_bytes(number.bit_length() // 8 + 1, "big")) for number in numbers)
    return _tagged(0x30, b"".join(told))


def _tagged(tag: int, content: bytes) -> bytes:
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8 or 1, "big")
    return bytes([tag]) + (length if len(content) < 128 else bytes([128 | len(length)]) + length) + content


def _prime(bits: int, exponent: int) -> int:
    chance = random.SystemRandom()
    while True:
        number = chance.getrandbits(bits) | (3 << (bits - 2)) | 1
        if all(number % small for small in range(3, 2000, 2)) and number % exponent != 1 and _seems_prime(number):
            return number


def _seems_prime(number: int) -> bool:
    return all(pow(base, number - 1, number) == 1 for base in (2, 3, 5, 7, 11, 13))
