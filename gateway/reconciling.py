"""Comparing the provider's lists with ours: what its webhooks could not bring while we were away is brought here.

Every call that reached us is over and filed, every message is a report, every recording is noted, at the latest two
minutes after both sides are back; a call of which the last word never came is closed after ten. Repeating any of it
changes nothing: reports are known by their keys, calls and recordings by their SIDs.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog

from channels.phone import PhoneDoor
from channels.phone_events import FINAL
from channels.provider import Listed, Provider
from channels.provider_http import ProviderAway
from channels.report import Channel, Report
from channels.sms import SmsDoor
from gateway.record.calls import RecordedCalls
from gateway.record.db import statements
from gateway.runtime import Runtime

log = structlog.get_logger()
SQL = statements("reconciling")
SILENT = timedelta(minutes=10)
REST = 120.0  # seconds


class Reconciler:
    """Compares at most every two minutes, however often it is woken."""

    def __init__(self, runtime: Runtime, provider: Provider, phone: PhoneDoor, sms: SmsDoor) -> None:
        self._runtime, self._provider, self._phone, self._sms = runtime, provider, phone, sms
        self._calls = RecordedCalls(runtime.db, runtime.clock)
        self._last: float | None = None

    async def sweep(self) -> int:
        """Bring what is missing; returns how many calls and messages that were."""
        now = self._runtime.clock.monotonic()
        if self._last is not None and now - self._last < REST:
            return 0
        self._last = now
        try:
            return await self.compare(await self._since())
        except ProviderAway as error:
            log.warning("reconcile.provider_away", error=str(error))
            return 0

    async def compare(self, since: datetime) -> int:
        """Compare everything from `since` on. Raises ProviderAway and Unavailable."""
        calls = [call async for call in self._provider.calls(since) if not call.outbound and call.status in FINAL]
        texts = [text async for text in self._provider.messages(since) if not text.outbound]
        sounds = [sound async for sound in self._provider.recordings(since) if sound.call]
        brought = await self._bring_calls(calls) + await self._bring_texts(texts)
        await self._bring_sounds(sounds)
        if brought:
            log.warning("reconcile.brought", brought=brought)
        return brought

    async def _since(self) -> datetime:
        now = self._runtime.clock.now()
        row = await self._runtime.db.row(SQL["since"], {"now": now})
        quiet = await self._calls.unfinished(now - SILENT)
        earliest = row["since"] if row else now - timedelta(hours=1)
        return min(earliest, now - timedelta(hours=6)) if quiet else earliest

    async def _bring_calls(self, listed: list[Listed]) -> int:
        done = await self._calls.known([call.sid for call in listed])
        missing = [call for call in listed if not done.get(call.sid)]
        return sum([await self._phone.missed(_as_webhook(call)) for call in missing])

    async def _bring_texts(self, listed: list[Listed]) -> int:
        now = self._runtime.clock.now()
        keys = {_key(text, now): text for text in listed}
        rows = await self._runtime.db.rows(SQL["known_reports"], {"digests": list(keys)})
        known = {bytes(row["digest"]) for row in rows}
        missing = [text for key, text in keys.items() if key not in known]
        for text in reversed(missing):
            await self._sms.sms({"MessageSid": text.sid, "From": text.sender, "To": text.recipient, "Body": text.text})
        return len(missing)

    async def _bring_sounds(self, listed: list[Listed]) -> None:
        rows = await self._runtime.db.rows(SQL["known_recordings"], {"sids": [sound.sid for sound in listed]})
        known = {row["sid"] for row in rows}
        for sound in listed:
            if sound.sid not in known:
                await self._phone.recording(
                    {"RecordingSid": sound.sid, "CallSid": sound.call or "", "RecordingDuration": str(sound.seconds)}
                )


def _as_webhook(call: Listed) -> Mapping[str, str]:
    return {
        "CallSid": call.sid,
        "CallStatus": call.status,
        "CallDuration": str(call.seconds),
        "From": call.sender,
        "To": call.recipient,
        "Direction": "inbound",
    }


def _key(text: Listed, now: datetime) -> bytes:
    channel = Channel.WHATSAPP if text.sender.startswith("whatsapp:") else Channel.SMS
    return Report(channel=channel, key=text.sid, received_at=now, text="").digest()
