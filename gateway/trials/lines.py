"""JSON that is one line to every reader: what some take for line ends within its texts is written as escapes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_LINE_ENDS = {ord(end): f"\\u{ord(end):04x}" for end in "\x7f\x85\u2028\u2029"}


def one_line(told: Mapping[str, Any]) -> str:
    """An object as a line without its end."""
    return json.dumps(told, ensure_ascii=False).translate(_LINE_ENDS)
