"""A robot phone: calls a webhook, follows the TwiML over HTTP, signs what it sends, and does what a caller can.

It knows the provider's protocol and nothing of the product: that a `<Gather>` posts what it allows and otherwise falls
through, that a `<Record>` posts a recording, that a hung-up call gets a last status callback. It keeps a clock of what
the caller hears. Raises Broken for what the provider would not carry out.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin

import aiohttp

from gateway.demo.twiml import Broken, read

WORDS_A_SECOND = 2.3
DOCUMENTS_WITHOUT_CALLER = 40
MUSIC = 16  # seconds that what is played takes


@dataclass
class Line:
    """A subscription: whose webhooks to call, and the secret to sign with. `recorded` is told of every recording (its
    call, seconds) and names it; `ended` of every call
    that is over (its caller, seconds), `texted` of every text to us (its sender, words).
    """

    session: aiohttp.ClientSession
    url: str
    token: str
    account: str = "AC" + "a" * 32
    number: str = "+46313900100"
    public_url: str | None = None
    sids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    repeat: int = 1
    recorded: Callable[[str, int], str] | None = None
    ended: Callable[[str, str, int], object] | None = None
    texted: Callable[[str, str, str], object] | None = None

    def sid(self, prefix: str) -> str:
        seed = f"{self.url}{self.number}{prefix}{next(self.sids)}"
        return prefix + hashlib.md5(seed.encode(), usedforsecurity=False).hexdigest()

    async def post(
        self, url: str, fields: Mapping[str, str], *, sign: bool = True, headers: Mapping[str, str] | None = None
    ) -> tuple[int, str]:
        """POST signed fields as the provider does; `url` may be relative to the line's."""
        asked = urljoin(self.url, url)
        signed = asked.replace(self.url, self.public_url, 1) if self.public_url else asked
        sent = dict(headers or {})
        if sign:
            sent["X-Twilio-Signature"] = signature(self.token, signed, fields)
        if self.public_url and asked.startswith(self.public_url):
            asked = asked.replace(self.public_url, self.url, 1)
        async with self.session.post(asked, data=dict(fields), headers=sent) as answer:
            return answer.status, await answer.text()

    async def call(self, caller: str = "+46701740605", **extra: str) -> Call:
        """Ring. Returns when the call waits for the caller, or is over."""
        call = Call(self, self.sid("CA"), caller, extra)
        await call.begin()
        return call


@dataclass
class Call:
    """One call in progress. `waits` is the verb that waits for the caller, None once it is over; `voiceless` is the
    longest time, in seconds to the microsecond, that the caller heard no voice; `recorded` is whether their talk is,
    `captions` what has it written down while it lasts."""

    line: Line
    sid: str
    caller: str
    extra: Mapping[str, str]
    heard: list[str] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)
    seconds: float = 0.0
    presses: int = 0
    documents: int = 0
    waits: ET.Element | None = None
    rest: list[ET.Element] = field(default_factory=list)
    over: bool = False
    hung_up: bool = False
    dialled: str | None = None
    last: str = ""
    voiceless: float = 0.0
    voice_ended: float = 0.0
    urls: list[str] = field(default_factory=list)
    recordings: list[str] = field(default_factory=list)
    recorded: bool = False
    captions: ET.Element | None = None

    @property
    def now_hears(self) -> str:
        """What was said since the caller last did something."""
        return self.last

    async def begin(self) -> None:
        await self._fetch("/twilio/voice", {})

    async def press(self, keys: str) -> str:
        """Press keys, as far as the verb takes them; returns what is then heard."""
        gather = self._waiting("Gather")
        if "dtmf" not in gather.get("input", "dtmf"):
            raise Broken(f"keys {keys} pressed where only speech is taken")
        self.presses += len(keys)
        finish = gather.get("finishOnKey", "#")
        most = int(gather.get("numDigits", "0")) or len(keys)
        digits = keys[:most]
        if finish and finish in digits:
            digits = digits[: digits.index(finish)]
        if not digits:
            return await self.wait()
        return await self._answer(gather, {"Digits": digits, "FinishedOnKey": finish if finish in keys else ""})

    async def speak(self, words: str, confidence: float = 0.9) -> str:
        gather = self._waiting("Gather")
        if "speech" not in gather.get("input", "dtmf"):
            raise Broken(f"spoke where only keys are taken: {words}")
        self.seconds += len(words.split()) / WORDS_A_SECOND
        return await self._answer(gather, {"SpeechResult": words, "Confidence": str(confidence)})

    async def wait(self) -> str:
        """Do nothing until the verb gives up."""
        if self.waits is None:
            raise Broken("nothing waits for this caller")
        self.last = ""
        self.seconds += float(self.waits.get("timeout", "5"))
        self.waits = None
        await self._go_on()
        return self.last

    async def led(self, url: str) -> str:
        """Whatever waits, the provider was told to go on elsewhere."""
        self.last, self.waits, self.rest = "", None, []
        await self._fetch(url, {})
        return self.last

    async def record(self, seconds: int = 12, *, callback: bool = True) -> str:
        """Speak after the tone for some seconds (0: an empty recording is given up and nothing is posted)."""
        verb = self._waiting("Record")
        if seconds == 0:
            return await self.wait()
        self.seconds += seconds
        fields = self._recorded(seconds)
        if callback:
            await self._callback(verb, fields)
        return await self._answer(verb, {**fields, "Digits": "#"})

    async def talk(self, *, answered: bool = True) -> str:
        """Be connected for a while, or find that nobody is there."""
        dial = self._waiting("Dial")
        self.seconds += 120 if answered else 1
        status = {"DialCallStatus": "completed" if answered else "no-answer", "DialCallDuration": "120"}
        return await self._answer(dial, status)

    async def hang_up(self) -> None:
        """Put the phone down, wherever the call stands."""
        if self.over:
            return
        self.hung_up = True
        if self.waits is not None and self.waits.tag == "Record":
            fields = self._recorded(3)
            await self._callback(self.waits, fields)
            url = self.waits.get("action")
            if url:
                await self.line.post(url, {**self._fields("completed"), **fields, "Digits": "hangup"})
        await self._finish()

    async def _answer(self, verb: ET.Element, fields: Mapping[str, str]) -> str:
        url = verb.get("action")
        if url is None:
            raise Broken(f"<{verb.tag}> has no action")
        self.last = ""
        self.waits, self.rest = None, []
        await self._fetch(url, fields)
        return self.last

    async def _fetch(self, url: str, fields: Mapping[str, str]) -> None:
        self.urls.append(url)
        posted = {**self._fields("ringing" if self.documents == 0 else "in-progress"), **fields}
        answers = [await self.line.post(url, posted) for _ in range(self.line.repeat)]
        if len({document for _, document in answers}) > 1:
            raise Broken(f"{url} answered the same request differently: {answers}")
        status, document = answers[0]
        if status != 200:
            raise Broken(f"{url} answered {status}")
        self.documents += 1
        self.rest = list(read(document))
        await self._go_on()

    async def _go_on(self) -> None:
        """Carry out verbs until one waits for the caller or the call is over."""
        for _ in range(DOCUMENTS_WITHOUT_CALLER):
            while self.rest:
                verb = self.rest.pop(0)
                if verb.tag == "Redirect":
                    break
                if self._carry_out(verb):
                    return
                if self.over:
                    await self._finish()
                    return
            else:
                await self._finish()
                return
            posted = self._fields("in-progress")
            self.urls.append(verb.text or "")
            status, document = await self.line.post(verb.text or "", posted)
            if status != 200:
                raise Broken(f"{verb.text} answered {status}")
            self.documents += 1
            self.rest = list(read(document))
        raise Broken("redirected round and round without the caller")

    def _carry_out(self, verb: ET.Element) -> bool:
        """Whether the call now waits for the caller."""
        match verb.tag:
            case "Say":
                self._hear(verb)
            case "Pause":
                self.seconds += float(verb.get("length", "1"))
            case "Play":
                self.seconds += MUSIC * (int(verb.get("loop", "1")) or DOCUMENTS_WITHOUT_CALLER)
            case "Start":
                self.recorded = self.recorded or verb.find("Recording") is not None
                self.captions = verb.find("Transcription") if self.captions is None else self.captions
            case "Gather":
                for child in verb:
                    self._carry_out(child)
                self.waits = verb
                return True
            case "Record":
                self.waits = verb
                return True
            case "Dial":
                self.dialled = (verb.text or "").strip() or None
                if verb.get("action"):
                    self.waits = verb
                    return True
            case "Hangup" | "Reject":
                self.over = True
        return False

    def _hear(self, say: ET.Element) -> None:
        words = "".join(say.itertext()).strip()
        if not words:
            raise Broken("a <Say> says nothing")
        self.voiceless = max(self.voiceless, round(self.seconds - self.voice_ended, 6))
        self.heard.append(words)
        self.languages.append(say.get("language", ""))
        self.last = f"{self.last} {words}".strip()
        self.seconds += len(words.split()) / WORDS_A_SECOND
        self.voice_ended = self.seconds

    async def _finish(self) -> None:
        self.over, self.waits, self.rest = True, None, []
        if not self.heard and not self.hung_up:
            raise Broken("the caller heard nothing at all")
        fields = {**self._fields("completed"), "CallDuration": str(int(self.seconds))}
        await self.line.post("/twilio/status", fields)
        if self.line.ended:
            self.line.ended(self.sid, self.caller, int(self.seconds))

    async def _callback(self, verb: ET.Element, fields: Mapping[str, str]) -> None:
        url = verb.get("recordingStatusCallback")
        if url:
            await self.line.post(url, {**self._fields("in-progress"), **fields, "RecordingStatus": "completed"})

    def _recorded(self, seconds: int) -> dict[str, str]:
        sid = self.line.recorded(self.sid, seconds) if self.line.recorded else self.line.sid("RE")
        self.recordings.append(sid)
        return {
            "RecordingSid": sid,
            "RecordingDuration": str(seconds),
            "RecordingUrl": f"https://api.twilio.com/2010-04-01/Accounts/{self.line.account}/Recordings/{sid}",
        }

    def _waiting(self, tag: str) -> ET.Element:
        if self.waits is None or self.waits.tag != tag:
            found = "nothing" if self.waits is None else f"<{self.waits.tag}>"
            raise Broken(f"{found} waits where <{tag}> was expected; last heard: {self.last!r}")
        return self.waits

    def _fields(self, status: str) -> dict[str, str]:
        return {
            "CallSid": self.sid,
            "AccountSid": self.line.account,
            "From": self.caller,
            "Caller": self.caller,
            "To": self.line.number,
            "Called": self.line.number,
            "CallStatus": status,
            "Direction": "inbound",
            "ApiVersion": "2010-04-01",
            "FromCountry": "SE",
            "ToCountry": "SE",
            **self.extra,
        }


def signature(token: str, url: str, fields: Mapping[str, str]) -> str:
    """The provider's signature: HMAC-SHA1 over the URL and the sorted fields, base64 (its "Security" page)."""
    text = url + "".join(f"{name}{fields[name]}" for name in sorted(fields))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()
