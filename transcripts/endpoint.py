"""A transcriber behind an OpenAI-compatible endpoint, such as a Whisper server of one's own.

`https://[:KEY@]HOST[/v1][#MODEL]`: `POST …/v1/audio/transcriptions`, answered as `verbose_json`. What does not look
like such an answer is not transcribed; nothing of it is logged.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

from aiohttp import ClientError, ClientSession, ClientTimeout, FormData

from transcripts.port import NotTranscribed, Said, Transcript

MODEL = "whisper-1"
PATIENCE = ClientTimeout(total=600, connect=10)
LONGEST = 4000  # characters of one utterance
NAMES = {"swedish": "sv", "english": "en", "norwegian": "no", "danish": "da", "finnish": "fi", "german": "de"}


class Endpoint:
    """`Transcriber` over one HTTP session."""

    def __init__(self, session: ClientSession, url: str) -> None:
        parts = urlsplit(url)
        host = parts.hostname or ""
        where = f"[{host}]" if ":" in host else host
        port = f":{parts.port}" if parts.port else ""
        path = parts.path.rstrip("/").removesuffix("/v1")
        self._session = session
        self._url = f"{parts.scheme}://{where}{port}{path}/v1/audio/transcriptions"
        self._headers = {"Authorization": f"Bearer {unquote(parts.password)}"} if parts.password else {}
        self._model = parts.fragment or MODEL

    async def transcribe(self, sound: bytes, language: str | None) -> Transcript:
        form = FormData()
        form.add_field("file", sound, filename="sound.wav", content_type="audio/wav")
        form.add_field("model", self._model)
        form.add_field("response_format", "verbose_json")
        form.add_field("timestamp_granularities[]", "segment")
        if language:
            form.add_field("language", language)
        try:
            async with self._session.post(
                self._url, data=form, headers=self._headers, timeout=PATIENCE, allow_redirects=False
            ) as answer:
                if answer.status != 200:
                    raise NotTranscribed(f"status {answer.status}")
                found = await answer.json(content_type=None)
        except (ClientError, TimeoutError, ValueError) as error:
            raise NotTranscribed(type(error).__name__) from error
        return _read(found, language)


@asynccontextmanager
async def open_endpoint(url: str) -> AsyncIterator[Endpoint]:
    """The endpoint for as long as the block lasts."""
    async with ClientSession() as session:
        yield Endpoint(session, url)


def _read(found: Any, language: str | None) -> Transcript:
    if not isinstance(found, dict):
        raise NotTranscribed("not an object")
    named = str(found.get("language") or "").lower()
    heard = NAMES.get(named, named if len(named) == 2 else language)
    try:
        said = list(_said(found))
    except (KeyError, TypeError, ValueError) as error:
        raise NotTranscribed(f"not a transcript: {type(error).__name__}") from error
    return Transcript(heard, said)


def _said(found: dict[str, Any]) -> Iterator[Said]:
    """Its segments; an answer that has none is one utterance."""
    segments = found.get("segments") or [
        {"start": 0.0, "end": found.get("duration") or 0.0, "text": found.get("text") or ""}
    ]
    for segment in segments:
        if text := str(segment["text"]).strip()[:LONGEST]:
            starts, ends = float(segment["start"]), float(segment["end"])
            yield Said(round(starts, 2), round(max(starts, ends), 2), text)
