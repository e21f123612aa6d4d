"""Reactions: a mail program's button under a mail, which writes an emoji and, for other programs, words around it.

Pure, never raises.
"""

from __future__ import annotations

import json

from channels.mail.tree import Part

KIND = "text/vnd.google.email-reaction+json"
_LONGEST = 16  # characters of an emoji


def reaction_of(root: Part) -> str | None:
    """The emoji that is all a mail says."""
    for part in root.leaves():
        if part.kind != KIND:
            continue
        try:
            emoji = json.loads(part.content[:1000])["emoji"]
        except (ValueError, KeyError, TypeError, RecursionError):
            continue
        if isinstance(emoji, str) and emoji.isprintable() and 0 < len(emoji) <= _LONGEST:
            return emoji
    return None
