"""Whether a webhook comes from the provider: its signature over our own public URL and the posted fields.

The URL is built from PUBLIC_URL, never from a header. During a rotation the old and the new token are both accepted,
and the port may be written out or left out, as the provider does now one, now the other. What is signed over the very
URL that we have, as nearly everything is, costs one signature and not two for each token.
"""

from __future__ import annotations

from collections.abc import Sequence

from multidict import MultiMapping
from twilio.request_validator import RequestValidator, compare

HEADER = "X-Twilio-Signature"


class Signatures:
    """The check of one account; its validators are built once."""

    def __init__(self, tokens: Sequence[str], public_url: str) -> None:
        self._validators = [RequestValidator(token) for token in tokens if token]
        self._url = public_url.rstrip("/")

    def good(self, path: str, fields: MultiMapping[str], signature: str | None) -> bool:
        """Whether `signature` fits a POST of these fields to `path` (with its query, as it was asked for)."""
        if not signature:
            return False
        url = self._url + path
        return any(compare(one.compute_signature(url, fields), signature) for one in self._validators) or any(
            one.validate(url, fields, signature) for one in self._validators
        )
