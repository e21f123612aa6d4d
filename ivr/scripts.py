"""Documents of turns, so that nothing is built twice: where no sentence varies, every caller hears the same document.

What carries a fact of a call (a number, a place, a wait, who answers) is built for that call alone and never kept.
"""

from __future__ import annotations

from collections.abc import Callable

from ivr import twiml
from ivr.engine import Turn
from ivr.prompts import Phrases
from ivr.twiml import Ways

KEPT = 1024  # documents of a kilobyte each: all menus, in all languages, at the turns that they are usually met at


def scripts(phrases: Phrases) -> Callable[[str, Turn, Ways], str]:
    """`twiml.render` for the turns of one flow, each with the name of the node at which it waits."""
    made: dict[tuple[object, ...], str] = {}

    def document(node: str, turn: Turn, ways: Ways) -> str:
        if ways.answerer or any(phrases.varies(line) for line in turn.say):
            return twiml.render(turn, phrases, ways)
        key = (node, turn.language, ways, *((line.prompt, line.language) for line in turn.say))
        found = made.get(key)
        if found is None:
            if len(made) == KEPT:
                made.clear()
            found = made[key] = twiml.render(turn, phrases, ways)
        return found

    return document
