"""What is spoken: sentences by prompt name, from one gettext catalogue a language (`prompts/sv.po`, `prompts/en.po`).

A placeholder `%(name)s` is a fact; `%(name_digits)s` is the same fact digit by digit. A fact that is missing is left
out and never raises. A fact named `…_text` is our own sentences: they are spoken whole. A prompt named `…_in_fi` is
spoken by the Finnish voice in every catalogue.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Protocol

from babel.messages.pofile import read_po

from ivr.engine import Line

PROMPTS = Path(__file__).parent / "prompts"
LANGUAGES = ("sv", "en")
PLACEHOLDER = re.compile(r"%\((\w+)\)s")
FOREIGN = re.compile(r"_in_(sv|en|no|da|fi|de)$")
UNSPEAKABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
LONGEST_FACT = 300
LONGEST_TEXT = 2500  # letters of our own sentences; some voices of the provider read no more than 3,000 bytes at once
READ = f".{{0,{LONGEST_TEXT}}}"
WHOLE = re.compile(rf"(?s){READ}(?:\Z|(?<=[.!?])(?=\s))|{READ}(?=\s)|{READ}")
DIGITS = "_digits"
TEXT = "_text"

Catalogues = Mapping[str, Mapping[str, str]]


@cache
def read_catalogues() -> Catalogues:
    """All sentences, read once a process: language -> prompt -> sentence. An entry without one counts as missing."""
    return {language: _read(PROMPTS / f"{language}.po") for language in LANGUAGES}


class Sentences(Protocol):
    """What a line says."""

    def text(self, line: Line) -> str: ...


class Phrases:
    """Turns lines into sentences."""

    def __init__(self, catalogues: Catalogues) -> None:
        self._catalogues = catalogues

    def text(self, line: Line) -> str:
        """The sentence of a line, free of characters that XML cannot carry."""
        sentence = self._catalogues[line.language].get(line.prompt, "")
        if "%(" not in sentence:
            return sentence
        return PLACEHOLDER.sub(lambda found: _fact(found.group(1), line.facts), sentence)

    def varies(self, line: Line) -> bool:
        """Whether a line's sentence depends on facts."""
        return "%(" in self._catalogues[line.language].get(line.prompt, "")

    def say(self, prompt: str, language: str, facts: Mapping[str, str] | None = None) -> str:
        """A sentence in one of the two languages that prompts exist in."""
        return self.text(Line(prompt, language, facts or {}))


def voice_of(line: Line) -> str:
    """The language in which a line is read aloud."""
    found = FOREIGN.search(line.prompt)
    return found.group(1) if found else line.language


def placeholders(sentence: str) -> frozenset[str]:
    return frozenset(PLACEHOLDER.findall(sentence))


def facts_named(sentence: str) -> frozenset[str]:
    """The facts that a sentence needs, however they are read out."""
    return frozenset(name.removesuffix(DIGITS) for name in placeholders(sentence))


def speakable(text: str) -> str:
    """A text without control characters, at most 300 characters long."""
    return _sayable(text[:LONGEST_FACT])


def _fact(name: str, facts: Mapping[str, str]) -> str:
    if name in facts and name.endswith(TEXT):
        return _sayable(_whole(facts[name]))
    if name in facts:
        return speakable(facts[name])
    if name.endswith(DIGITS):
        digits = (character for character in facts.get(name.removesuffix(DIGITS), "") if character.isalnum())
        return speakable(", ".join(digits))
    return ""


def _whole(text: str) -> str:
    """As many whole sentences as may be spoken at once, or words where a sentence is longer."""
    found = WHOLE.match(text)
    return found.group() if found else ""


def _sayable(text: str) -> str:
    return UNSPEAKABLE.sub(" ", text)


def _read(path: Path) -> dict[str, str]:
    with path.open("rb") as file:
        catalogue = read_po(file)
    return {str(message.id): str(message.string) for message in catalogue if message.id and message.string}
