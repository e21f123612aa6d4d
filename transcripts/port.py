"""The port: whoever turns sound into words, and what they hand back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Speaker = Literal["customer", "agent"]


@dataclass(frozen=True, slots=True)
class Said:
    """What one person said without a break, in seconds from the beginning. `speaker` is None in a mixed recording."""

    starts: float
    ends: float
    text: str
    speaker: Speaker | None = None


@dataclass(frozen=True, slots=True)
class Transcript:
    language: str | None
    said: Sequence[Said]


class NotTranscribed(Exception):
    """There is no text now; it may be asked for again."""


class Transcriber(Protocol):
    async def transcribe(self, sound: bytes, language: str | None) -> Transcript:
        """The words of one voice, or of several mixed. `language` (ISO 639-1) is a hint. Raises NotTranscribed."""
        ...
