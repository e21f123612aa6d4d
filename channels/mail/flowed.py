"""Format=flowed (RFC 3676): soft line ends joined within one quote depth, space-stuffing taken away. Never raises."""

from __future__ import annotations

import re

_QUOTES = re.compile(r">+")


def unwrap(text: str, delete_space: bool = False) -> str:
    """The text with the paragraphs that its writer saw; `delete_space` is the parameter DelSp=yes."""
    out: list[list[str]] = []  # the pieces of each line
    open_depth: int | None = None
    for line in text.split("\n"):
        match = _QUOTES.match(line)
        depth = match.end() if match else 0
        content = line[depth:]
        content = content.removeprefix(" ")
        flows = content.endswith(" ") and content != "-- "
        kept = content[:-1] if flows and delete_space else content
        if open_depth == depth and content != "-- ":
            out[-1].append(kept)
        else:
            out.append([f"{'>' * depth} {kept}" if depth else kept])
        open_depth = depth if flows else None
    return "\n".join("".join(pieces) for pieces in out)
