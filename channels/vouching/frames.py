"""How a mail goes to the process that checks where it comes from, and what comes back: numbered frames on pipes.

Plain data only; answers come in any order.
"""

from __future__ import annotations

import json
import struct
from dataclasses import astuple

from channels.vouching.values import Origin

REQUEST = struct.Struct(">QQQ")  # number, lengths of what is said of the mail and of the mail
ANSWER = struct.Struct(">QQ")  # number, length of the answer
ANSWER_LIMIT = 64 * 1024  # bytes
READY = ANSWER.pack(0, 0)  # what a process says first


def asked(number: int, raw: bytes, origin: Origin) -> tuple[bytes, bytes, bytes]:
    said = json.dumps(astuple(origin)).encode("ascii")
    return REQUEST.pack(number, len(said), len(raw)), said, raw


def origin_of(said: bytes) -> Origin:
    return Origin(*json.loads(said))


def answered(number: int, value: str) -> bytes:
    told = value.encode("ascii", "replace")
    return ANSWER.pack(number, len(told)) + told
