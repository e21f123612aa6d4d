"""The idempotency key of a mail: the same mail by another relay, mailbox or address of ours has the same key.

SHA-256 over Message-ID, From, Date, Subject and the decoded parts in order. Trace headers and recipients are not in it,
and nobody else's mail can be given its key without having its content.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

FIELDS = ("message-id", "from", "date", "subject")
_SPACE = re.compile(r"\s+")


def key_of(fields: Iterable[str | None], parts: Iterable[tuple[str, bytes]]) -> str:
    """The key as hexadecimal text; `parts` are media types and decoded contents. Line ends and folding do not count."""
    digest = hashlib.sha256()
    for value in fields:
        text = _SPACE.sub(" ", value).strip() if value is not None else "\0"
        _add(digest, text.encode("utf-8", "surrogateescape"))
    for kind, content in parts:
        _add(digest, kind.encode("utf-8", "surrogateescape"))
        _add(digest, content.replace(b"\r\n", b"\n").rstrip() if kind.startswith(("text/", "message/")) else content)
    return digest.hexdigest()


def _add(digest: hashlib._Hash, data: bytes) -> None:
    digest.update(len(data).to_bytes(8, "big"))
    digest.update(data)
