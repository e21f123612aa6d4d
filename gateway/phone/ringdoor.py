"""The webhooks of telephones that we rang, answered in time whatever happens.

A customer who is called back and a colleague at night meet neither silence nor an application error: slow work, or a
record that is away, is a holding sentence that comes back with the key that was pressed; and when that does not help,
the truth. Raises nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any

import structlog

from gateway.phone.legs import Legs, held
from ivr import twiml
from ivr.prompts import LANGUAGES, Phrases

log = structlog.get_logger()
DEADLINE = 1.7  # seconds, under the 2 s that a webhook may take
HOLDS = 12  # holding sentences


class RingDoor:
    """The door of one process."""

    def __init__(self, legs: Legs, phrases: Phrases, public_url: str) -> None:
        self._legs, self._phrases = legs, phrases
        self._url = f"{public_url.rstrip('/')}/twilio/ring"

    async def answer(self, ring: int, params: Mapping[str, str]) -> str:
        """The document for a ring, and for what was pressed; also before a holding sentence."""
        pressed = params.get("Digits") or params.get("pressed", "")
        work = self._legs.answer(ring, {**params, "Digits": pressed})
        return await self._in_time(work, f"{self._url}/{ring}", params, pressed)

    async def ended(self, ring: int, params: Mapping[str, str]) -> str:
        """A colleague's try to reach a customer is over."""
        return await self._in_time(self._legs.ended(ring), f"{self._url}/{ring}/ended", params)

    async def _in_time(
        self, work: Coroutine[Any, Any, str], url: str, params: Mapping[str, str], pressed: str = ""
    ) -> str:
        task = asyncio.create_task(work)
        task.add_done_callback(_noticed)
        try:
            return await asyncio.wait_for(asyncio.shield(task), DEADLINE)
        except Exception as error:
            log.warning("ring.not_answered", error=type(error).__name__)
        again = held(params) + 1
        if again > HOLDS:
            return twiml.goodbye([*self._both("ring_trouble"), *self._both("goodbye")])
        key = f"&pressed={pressed}" if pressed in ("1", "2") else ""
        return twiml.hold(self._both("hold"), f"{url}?held={again}{key}")

    def _both(self, prompt: str) -> list[tuple[str, str]]:
        return [(language, self._phrases.say(prompt, language)) for language in LANGUAGES]


def _noticed(done: asyncio.Task[str]) -> None:
    if not done.cancelled():
        done.exception()
