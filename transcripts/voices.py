"""Two people in one recording: a WAV with a voice a channel is taken apart, and their words are put in order again.

The first channel is the caller, whose leg is recorded; the second is whoever they talk to.
"""

from __future__ import annotations

import asyncio
import io
import wave
from array import array
from collections.abc import Sequence
from dataclasses import replace

from transcripts.port import Speaker, Transcriber, Transcript

WIDTH = 2  # bytes of a sample, the only width that is taken apart
SPEAKERS: tuple[Speaker, Speaker] = ("customer", "agent")


async def transcribed(transcriber: Transcriber, sound: bytes, language: str | None) -> Transcript:
    """Who said what, in the order of time; without speakers when the voices are mixed. Raises NotTranscribed."""
    voices = await asyncio.to_thread(apart, sound)
    if len(voices) == 1:
        return await transcriber.transcribe(sound, language)
    heard = [await transcriber.transcribe(voice, language) for voice in voices]
    said = [replace(one, speaker=speaker) for speaker, of in zip(SPEAKERS, heard, strict=True) for one in of.said]
    said.sort(key=lambda one: (one.starts, one.ends))
    return Transcript(next((of.language for of in heard if of.said), language), said)


def apart(sound: bytes) -> Sequence[bytes]:
    """The two voices of a WAV with two channels, each as a WAV; anything else whole."""
    try:
        with wave.open(io.BytesIO(sound)) as file:
            if (file.getnchannels(), file.getsampwidth()) != (len(SPEAKERS), WIDTH):
                return [sound]
            rate, frames = file.getframerate(), file.readframes(file.getnframes())
    except (wave.Error, EOFError):
        return [sound]
    samples = array("h")
    samples.frombytes(frames[: len(frames) // (2 * WIDTH) * 2 * WIDTH])
    return [_alone(samples[channel::2], rate) for channel in range(len(SPEAKERS))]


def _alone(samples: array[int], rate: int) -> bytes:
    kept = io.BytesIO()
    with wave.open(kept, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(WIDTH)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return kept.getvalue()
