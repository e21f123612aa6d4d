"""Comparing the provider's lists with ours: what its webhooks could not bring while we were away is brought here.

Every call that reached us is over and filed, every message is a report, every recording is noted, at the latest two
minutes after both sides are back; a call of which the last word never came is closed after ten, and so is the leg of a
colleague or customer whom we rang. A text of ours that did not arrive is noted as such. Repeating any of it changes
nothing: reports are known by their keys, calls, texts of ours and recordings by their SIDs. What went to a number that
is not ours is not for us, here as at the door. What came on a day, by the provider's lists, stands in the day's account
beside what of it is in the record, and what had to be brought.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta

import structlog

from channels.numbers import reaches
from channels.phone import PhoneDoor
from channels.phone_events import FINAL
from channels.provider import LOST, Listed, Picture, Provider
from channels.provider_http import ProviderAway
from channels.report import Channel, Report
from channels.sms import SmsDoor
from gateway.keeping.cleaning import clean_text
from gateway.record import accounts
from gateway.record.accounts import PROVIDER, Account, Missing
from gateway.record.calls import RecordedCalls
from gateway.record.db import statements
from gateway.record.facts import day_of, midnight
from gateway.record.heartbeats import beat
from gateway.runtime import Runtime

log = structlog.get_logger()
SQL = statements("reconciling")
SILENT = timedelta(minutes=2)  # after which a call that began before what is compared is looked for as well
REST = 120.0  # seconds between comparisons
ACCOUNT = 600.0  # seconds between accounts of what came
COMPARED = "compared"  # what leaves a heartbeat whenever the lists were compared to their end
TALK = timedelta(hours=4)  # the longest that the provider lets a call last, and so what is recorded of it
MAKING = frozenset({"in-progress", "paused", "stopped", "processing"})  # of a recording, of which nothing is there yet
UNDER_WAY = timedelta(seconds=2 * REST)  # what is younger may still be on its way to us


class Reconciler:
    """Compares, and draws up the account of what came every ten minutes or when something had to be brought. `numbers`
    are our own; they are not looked at while there are none."""

    def __init__(
        self, runtime: Runtime, provider: Provider, phone: PhoneDoor, sms: SmsDoor, numbers: Collection[str] = ()
    ) -> None:
        self._runtime, self._provider, self._phone, self._sms = runtime, provider, phone, sms
        self._numbers = numbers
        self._calls = RecordedCalls(runtime.db, runtime.clock)
        self._accounted: float | None = None
        self._mended: Counter[tuple[date, str]] = Counter()

    async def sweep(self) -> int:
        """Bring what is missing; returns how many calls and messages that were."""
        now, began = self._runtime.clock.monotonic(), self._runtime.clock.now()
        try:
            since = await self._since()
            brought = await self.compare(since)
            await beat(self._runtime.db, COMPARED, began)
            if brought or self._accounted is None or now - self._accounted >= ACCOUNT:
                await self.draw_up(min(day_of(began) - timedelta(days=1), day_of(since)))
                self._accounted = now
        except ProviderAway as error:
            log.warning("reconcile.provider_away", error=str(error))
            return 0
        return brought

    async def compare(self, since: datetime) -> int:
        """Compare everything from `since` on. Raises ProviderAway and Unavailable."""
        calls = [call async for call in self._provider.calls(since)]
        over = _over(calls)
        texts = [text async for text in self._provider.messages(since)]
        others = {call.sid for call in calls if not (call.outbound or reaches(call.recipient, self._numbers))}
        made = [sound async for sound in self._provider.recordings(since - TALK) if sound.status not in MAKING]
        sounds = [sound for sound in made if sound.call and sound.call not in others]
        brought = await self._bring_calls(self._to_us(over)) + await self._bring_texts(self._to_us(texts))
        await self._end_legs(over)
        await self._note_lost(texts)
        await self._bring_sounds(sounds)
        if brought:
            log.warning("reconcile.brought", brought=brought)
        return brought

    async def draw_up(self, since: date) -> list[Account]:
        """The provider's account of each day from `since` on, kept in the record. Raises ProviderAway, Unavailable."""
        now = self._runtime.clock.now()
        calls = self._to_us(_over([call async for call in self._provider.calls(midnight(since))]))
        texts = self._to_us([text async for text in self._provider.messages(midnight(since))])
        over = await self._calls.known([call.sid for call in calls])
        keys = {text.sid: _key(text, now) for text in texts}
        known = await accounts.known(self._runtime.db, keys.values())
        came: dict[tuple[date, str], list[tuple[Listed, bool]]] = {
            (since + timedelta(days=n), door): []
            for n in range((day_of(now) - since).days + 1)
            for door in ("phone", "sms")
        }
        for one, kept in [
            *((call, bool(over.get(call.sid))) for call in calls),
            *((text, keys[text.sid] in known) for text in texts),
        ]:
            day = day_of(one.at or now)
            if day >= since:
                came.setdefault((day, _door(one)), []).append((one, kept))
        mended, self._mended = self._mended, Counter()
        found = [_account(day, door, of, mended[day, door], now) for (day, door), of in came.items()]
        await accounts.keep(self._runtime.db, found, now)
        return found

    def _to_us(self, listed: list[Listed]) -> list[Listed]:
        return [one for one in listed if not one.outbound and reaches(one.recipient, self._numbers)]

    async def _since(self) -> datetime:
        now = self._runtime.clock.now()
        row = await self._runtime.db.row(SQL["since"], {"now": now, "compared": COMPARED})
        earliest = row["since"] if row else now - timedelta(hours=1)
        quiet = await self._calls.unfinished(earliest, now - SILENT)
        return min(earliest, now - timedelta(hours=6)) if quiet else earliest

    async def _bring_calls(self, listed: list[Listed]) -> int:
        done = await self._calls.known([call.sid for call in listed])
        missing = [call for call in listed if not done.get(call.sid)]
        brought = [call for call in missing if await self._phone.missed(_as_webhook(call))]
        self._note(brought)
        return len(brought)

    async def _end_legs(self, over: list[Listed]) -> None:
        """End what we rang and have not been told the end of: whoever rang would be on the line for ever."""
        rows = await self._runtime.db.rows(SQL["open_legs"], {"sids": [call.sid for call in over]})
        open_ = {row["sid"] for row in rows}
        for call in over:
            if call.sid in open_:
                await self._phone.status(_as_webhook(call))

    async def _note_lost(self, texts: list[Listed]) -> None:
        """Note which texts of ours did not arrive, where we still take them for sent: the word of it found nobody."""
        lost = {text.sid: text for text in texts if text.outbound and text.status in LOST}
        for row in await self._runtime.db.rows(SQL["taken_for_sent"], {"sids": list(lost)}):
            text = lost[row["provider_id"]]
            told = {"MessageSid": text.sid, "MessageStatus": text.status, "ErrorCode": text.error or ""}
            await self._sms.status(told)

    async def _bring_texts(self, listed: list[Listed]) -> int:
        now = self._runtime.clock.now()
        keys = {_key(text, now): text for text in listed}
        rows = await self._runtime.db.rows(SQL["known_reports"], {"digests": list(keys)})
        known = {bytes(row["digest"]) for row in rows}
        missing = [text for key, text in keys.items() if key not in known]
        for text in reversed(missing):
            said = {"MessageSid": text.sid, "From": text.sender, "To": text.recipient, "Body": text.text}
            await self._sms.sms(said | await self._pictures(text))
        self._note(missing)
        return len(missing)

    async def _pictures(self, text: Listed) -> dict[str, str]:
        """The fields in which a webhook names what came with a message; the door says which could not be had."""
        found: list[Picture] = []
        try:
            if text.pictures:
                found = [picture async for picture in self._provider.pictures(text.sid)]
        except ProviderAway as error:
            log.warning("reconcile.pictures_not_listed", message=text.sid, error=str(error))
        fields = {"NumMedia": str(text.pictures)}
        for at, picture in enumerate(found):
            fields |= {f"MediaUrl{at}": picture.url, f"MediaContentType{at}": picture.media_type}
        return fields

    def _note(self, brought: Collection[Listed]) -> None:
        now = self._runtime.clock.now()
        self._mended.update((day_of(one.at or now), _door(one)) for one in brought)

    async def _bring_sounds(self, listed: list[Listed]) -> None:
        rows = await self._runtime.db.rows(SQL["known_recordings"], {"sids": [sound.sid for sound in listed]})
        known = {row["sid"] for row in rows}
        for sound in listed:
            if sound.sid not in known:
                seconds, status = str(sound.seconds), sound.status
                about = {"RecordingSid": sound.sid, "CallSid": sound.call or ""}
                await self._phone.recording({**about, "RecordingDuration": seconds, "RecordingStatus": status})


def _over(calls: list[Listed]) -> list[Listed]:
    return [call for call in calls if call.status in FINAL]


def _as_webhook(call: Listed) -> Mapping[str, str]:
    return {
        "CallSid": call.sid,
        "CallStatus": call.status,
        "CallDuration": str(call.seconds),
        "From": clean_text(call.sender),
        "To": call.recipient,
        "Direction": "outbound-api" if call.outbound else "inbound",
    }


def _door(one: Listed) -> str:
    if one.sid.startswith("CA"):
        return "phone"
    return "whatsapp" if one.sender.startswith("whatsapp:") else "sms"


def _account(day: date, door: str, came: Sequence[tuple[Listed, bool]], mended: int, now: datetime) -> Account:
    open_ = [one for one, kept in came if not kept]
    young = [one for one in open_ if one.at and now - one.at - timedelta(seconds=one.seconds) < UNDER_WAY]
    missing = [Missing(one.sid, one.at) for one in open_ if one not in young]
    kept = len(came) - len(open_)
    return Account(day, door, PROVIDER, len(came), kept, len(young), mended, missing)


def _key(text: Listed, now: datetime) -> bytes:
    channel = Channel.WHATSAPP if text.sender.startswith("whatsapp:") else Channel.SMS
    return Report(channel=channel, key=text.sid, received_at=now, text="").digest()
