"""Documents of turns, so that nothing is built twice: where no sentence varies, every caller hears the same document.

Where sentences carry facts of a call (a number, a place, a wait), their places in the document are kept, and never what
stands there. A document that says who answers is built for that call alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from xml.sax.saxutils import escape

from ivr import twiml
from ivr.engine import Line, Turn
from ivr.prompts import Phrases
from ivr.twiml import Ways

KEPT = 1024  # documents of a kilobyte each: all menus, in all languages, at the turns that they are usually met at
BLANK = "\0"  # where a sentence goes that varies; no sentence holds it


def scripts(phrases: Phrases) -> Callable[[str, Turn, Ways], str]:
    """`twiml.render` for the turns of one flow, each with the name of the node at which it waits."""
    made: dict[tuple[object, ...], list[str]] = {}
    blanks = _Blanks(phrases)

    def document(node: str, turn: Turn, ways: Ways) -> str:
        if ways.answerer:
            return twiml.render(turn, phrases, ways)
        lines, varying = [], []
        for line in turn.say:
            if phrases.varies(line):
                sentence = phrases.text(line)
                if not sentence:
                    continue
                varying.append(escape(sentence))
            lines.append(line)
        key = (node, turn.language, ways, *((line.prompt, line.language) for line in lines))
        parts = made.get(key)
        if parts is None:
            if len(made) == KEPT:
                made.clear()
            parts = made[key] = twiml.render(replace(turn, say=tuple(lines)), blanks, ways).split(BLANK)
        if not varying:
            return parts[0]
        return "".join([part + sentence for part, sentence in zip(parts, (*varying, ""), strict=True)])

    return document


@dataclass(frozen=True, slots=True)
class _Blanks:
    """The sentences that do not vary; for each that does, its place."""

    phrases: Phrases

    def text(self, line: Line) -> str:
        return BLANK if self.phrases.varies(line) else self.phrases.text(line)
