"""The driver's callers: the robot phone, behind a provider that tries a webhook again when the line broke.

A caller says the nonce in their own words, waits for a promise (a case number or "we have it"), or hangs up half way.
A call is never repeated under the same nonce: who was cut off would ring again as a new call.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import aiohttp

from ivr.prompts import Phrases, read_catalogues
from tests.fakes import phone
from tests.fakes.provider import Provider
from tests.faults.ledger import Result
from tests.faults.tellings import Telling

SPOKEN_NUMBER = re.compile(r"number is (\d, ){4,}")
TO_THE_QUESTION = ("2", "2", "5")  # English, no danger, another question
NUMBER_IS_RIGHT, ENOUGH = "1", "3"
HANG_UPS = 0.15  # share of callers who hang up once they have said what is wrong
TRIES = 6  # a webhook and the five retries that can be configured (`#rc=5`)
WEBHOOK = 15.0  # seconds that a provider gives a webhook in all
HESITATION = 0.05  # seconds between what is heard and the next key


@dataclass
class PatientLine(phone.Line):
    """A line whose provider tries again, with the same fields, when a webhook could not be reached or broke off."""

    failures: list[str] = field(default_factory=list)
    ends: dict[str, int] = field(default_factory=dict)

    async def post(
        self, url: str, fields: Mapping[str, str], *, sign: bool = True, headers: Mapping[str, str] | None = None
    ) -> tuple[int, str]:
        async with asyncio.timeout(WEBHOOK):
            for nth in range(1, TRIES + 1):
                try:
                    status, document = await super().post(url, fields, sign=sign, headers=headers)
                    if status < 500:
                        break
                    self.failures.append(f"{url} answered {status}")
                except (aiohttp.ClientError, OSError):
                    status, document = 0, ""
                await asyncio.sleep(min(0.1 * 2**nth, 2.0))
        if fields.get("CallStatus") == "completed":
            self.ends[fields["CallSid"]] = status
        return status, document


@dataclass
class PhoneDoor:
    """Calls the support number. `provider` learns of every call, as its call log would."""

    session: aiohttp.ClientSession
    url: str
    token: str
    number: str
    provider: Provider
    rng: random.Random
    failures: list[str] = field(default_factory=list)
    kept_words: str = field(init=False)

    def __post_init__(self) -> None:
        self.kept_words = Phrases(read_catalogues()).say("kept", "en")
        self.line = PatientLine(self.session, self.url, self.token, number=self.number, failures=self.failures)

    async def tell(self, telling: Telling) -> Result:
        spoke = False
        try:
            call = await self.line.call(telling.phone)
            self.provider.add_call(sid=call.sid, **{"from": call.caller, "to": self.number})
            try:
                for keys in TO_THE_QUESTION:
                    await self._press(call, keys)
                spoke = True
                await asyncio.sleep(HESITATION)
                await call.speak(telling.words)
                if self.rng.random() < HANG_UPS:
                    await call.hang_up()
                    return self._dropped(call)
                await self._press(call, NUMBER_IS_RIGHT)
                told = " ".join(call.heard[-8:])
                promised = SPOKEN_NUMBER.search(told) or self.kept_words in told
                while not call.over:
                    await self._press(call, ENOUGH)
            finally:
                await call.hang_up()
        except (phone.Broken, TimeoutError, aiohttp.ClientError) as error:
            return Result("unknown" if spoke else "fail", 0, f"{type(error).__name__}: {error}"[:200])
        return Result("ok", 200) if promised else Result("unknown", 200, call.last[-200:])

    def _dropped(self, call: phone.Call) -> Result:
        """A report that was cut off is promised to the provider: its last callback was answered."""
        answered = self.line.ends.get(call.sid, 0)
        return Result("ok" if 200 <= answered < 300 else "unknown", answered, "hung up")

    async def _press(self, call: phone.Call, keys: str) -> None:
        await asyncio.sleep(HESITATION)
        await call.press(keys)
