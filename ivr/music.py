"""What waits sound like: sixteen seconds of soft chords, made here, so that no recording has to be licensed or shipped.

A WAV document, 8 kHz, 16 bit, mono: what a telephone line carries.
"""

from __future__ import annotations

import io
import math
import wave
from array import array
from functools import cache

RATE = 8000  # samples a second
BEAT = 0.5  # seconds
CHORDS = ((220.0, 277.18, 329.63), (246.94, 293.66, 369.99), (196.0, 246.94, 293.66), (220.0, 277.18, 329.63))
PATTERN = (0, 1, 2, 1, 0, 2, 1, 2)
LOUDNESS = 5200


@cache
def waiting_music() -> bytes:
    """The WAV document."""
    samples = array("h", bytes(2 * int(RATE * BEAT) * len(CHORDS) * len(PATTERN)))
    for bar, chord in enumerate(CHORDS):
        for beat, note in enumerate(PATTERN):
            _pluck(samples, (bar * len(PATTERN) + beat) * BEAT, chord[note])
    sound = io.BytesIO()
    with wave.open(sound, "wb") as document:
        document.setparams((1, 2, RATE, len(samples), "NONE", "not compressed"))
        document.writeframes(samples.tobytes())
    return sound.getvalue()


def _pluck(samples: array[int], at: float, pitch: float) -> None:
    start, length = int(at * RATE), int(RATE * BEAT)
    turn = 2 * math.pi * pitch / RATE
    for sample in range(length):
        fade = min(1.0, sample / 80) * math.exp(-3.2 * sample / length) * (1 - sample / length)
        samples[start + sample] = int(LOUDNESS * fade * (math.sin(turn * sample) + 0.3 * math.sin(2 * turn * sample)))
