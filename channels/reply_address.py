"""Addresses and Message-IDs by which an answer finds its case, signed so that nobody can make one up.

`reply+<case>.<seal>@domain` and `<case.nonce.seal@domain>`, the seal being HMAC-SHA-256 (RFC 2104) over SECRET_KEYS,
cut to 128 bits. The newest key signs, every key is believed, so that keys can be changed while answers are under way.
Verifying never raises.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from channels.report import Thread

LOCAL_PART = "reply"
_TOKEN = re.compile(r"(\d{1,18})\.([a-z2-7]{26})")
_MESSAGE_ID = re.compile(r"<(\d{1,18})\.([A-Za-z0-9-]{1,64})\.([a-z2-7]{26})@[^<>\s]{1,253}>")


@dataclass(frozen=True, slots=True)
class ReplySeals:
    """What signs and believes; `keys` newest first, at least one."""

    keys: Sequence[str]

    def token(self, case: int) -> str:
        return f"{case}.{_seal(self.keys[0], 'reply', str(case))}"

    def address(self, case: int, domain: str) -> str:
        """The reply address of a case."""
        return f"{LOCAL_PART}+{self.token(case)}@{domain}"

    def message_id(self, case: int, nonce: str, domain: str) -> str:
        """The Message-ID of a mail about a case; the same nonce (letters, digits, dashes) gives the same one again."""
        return f"<{case}.{nonce}.{_seal(self.keys[0], 'message', f'{case}.{nonce}')}@{domain}>"

    def case_of_token(self, token: str) -> int | None:
        """The case that a token is for; None when we did not make it. Mail systems may have changed its case."""
        match = _TOKEN.fullmatch(token.lower())
        return int(match[1]) if match and self._ours("reply", match[1], match[2]) else None

    def case_of_message_id(self, message_id: str) -> int | None:
        """The case that a Message-ID of ours is about; None when we did not make it."""
        match = _MESSAGE_ID.fullmatch(message_id.strip())
        return int(match[1]) if match and self._ours("message", f"{match[1]}.{match[2]}", match[3]) else None

    def proven(self, thread: Thread) -> Thread:
        """The thread with what could be proven: `token` and each reference of ours as the bare number of its case.

        Message-IDs that others made stay as they are, a token that is not ours is dropped.
        """
        if not thread.token and not thread.references:
            return thread
        case = self.case_of_token(thread.token) if thread.token else None
        references = [self.case_of_message_id(reference) for reference in thread.references]
        return replace(
            thread,
            token=None if case is None else str(case),
            references=tuple(
                given if found is None else str(found)
                for given, found in zip(thread.references, references, strict=True)
            ),
        )

    def _ours(self, purpose: str, text: str, given: str) -> bool:
        return any(hmac.compare_digest(_seal(key, purpose, text), given) for key in self.keys)


def _seal(key: str, purpose: str, text: str) -> str:
    code = hmac.digest(key.encode(), f"mail {purpose}\0{text}".encode(), hashlib.sha256)
    return base64.b32encode(code[:16]).decode().rstrip("=").lower()
