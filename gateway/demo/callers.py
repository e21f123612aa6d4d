"""What a caller of the demo does: listens to the question, and presses or says what a person would.

A caller knows only the words that are heard, Swedish or English. Who does not understand a question says nothing; who
hears the same one for the third time, or has had enough, hangs up. Raises Broken when the line itself is broken.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Callable
from dataclasses import dataclass

from gateway.demo.phone import Call, Line

PATIENCE = 40  # questions
HOLDS = 8  # times that the music is listened to
LANGUAGES = {
    "sv": r"svenska, tryck (\d)",
    "en": r"English, press (\d)",
    "no": r"norsk, trykk (\d)",
    "da": r"dansk, tryk (\d)",
    "fi": r"[Ss]uomeksi, paina (\d)",
    "de": r"Deutsch[^\d]*(\d)",
}
DANGER = re.compile(r"brinner|ryker|\brök|\bgnist|\bstöt\b|\bfire|smoke|\bspark|shock|burn", re.IGNORECASE)
# What is wrong: how the caller says it, and how the menu does.
WRONG = (
    (r"sitter fast|släpper inte|stuck|let go|står fast", r"sitter fast, tryck (\d)|is stuck, press (\d)"),
    (r"släck|svart|död|dead|no lights|lights on", r"ur funktion, tryck (\d)|out of order, press (\d)"),
    (r"avbr|slutade|stopped", r"avbröts, tryck (\d)|it stopped, press (\d)"),
    (r"startar inte|får inte igång|will not start|won't start", r"inte startar, tryck (\d)|does not start, press (\d)"),
    (r"långsam|slow", r"långsamt, tryck (\d)|is slow, press (\d)"),
    (r"kommer inte åt|står en bil|parkerad|blocked", r"kommer in, tryck (\d)|cannot get in, press (\d)"),
)
MONEY = re.compile(r"kvitto|betal|debiter|dragen|pengar|receipt|refund|charged twice|money back", re.IGNORECASE)


@dataclass
class Caller:
    """Somebody with something to say. `pace` is how many seconds they take for each answer."""

    text: str
    language: str | None
    charger: str | None
    phone: str | None
    dice: random.Random
    pace: float = 0.0

    async def ring(self, line: Line) -> Call:
        """Make the whole call; returns it when it is over."""
        call = await line.call(self.phone or "anonymous")
        asked: dict[str, int] = {}
        for _ in range(PATIENCE):
            if call.over:
                return call
            await asyncio.sleep(self.pace * self.dice.uniform(0.5, 1.5))
            question = _question(call)
            asked[question] = asked.get(question, 0) + 1
            if asked[question] > (HOLDS if _holding(question) else 3):
                break
            await self._answer(call, question)
        await call.hang_up()
        return call

    async def _answer(self, call: Call, question: str) -> None:
        assert call.waits is not None
        if call.waits.tag == "Record":
            await call.record(self.dice.randint(6, 20))
        elif call.waits.tag == "Dial":
            await call.talk()
        else:
            answer = next((act for heard, act in self._habits() if re.search(heard, question)), None)
            keys = answer(question) if answer else None
            if keys is None:
                await call.wait()
            elif keys == SPEAK:
                await call.speak(self.text)
            else:
                await call.press(keys)

    def _habits(self) -> tuple[tuple[str, Callable[[str], str | None]], ...]:
        """What is done on hearing what; the first that fits counts."""
        return (
            (r"English, press \d", self._own_language),
            (r"ryker|smoking", lambda _: "1" if DANGER.search(self.text) and self.dice.random() < 0.2 else "2"),
            (r"kvitto, tryck|receipt, press", lambda heard: _key(heard, MONEY_MENU) if self._money() else "1"),
            (r"hittat rätt laddare|found the right charger", lambda _: "*#"),
            (r"laddarens nummer|number of the charger", lambda _: f"{self.charger}#" if self.charger else "*#"),
            (r"sms när det är löst|text message when", lambda _: "1" if self.dice.random() < 0.3 else "2"),
            (r"Vad är fel|What is wrong", self._wrong),
            (r"nästa råd|next piece of advice", lambda _: self.dice.choice("2233331")),
            (r"gå vidare, tryck 2|move on, press 2", lambda _: self.dice.choice("1222")),
            (r"hjälpte, tryck 1|helped, press 1", lambda _: "2"),
            (r"egna ord|own words", lambda _: SPEAK),
            (r"stämmer, tryck 1|is right, press 1", lambda _: "1"),
            (r"nå dig på och|can reach you and", lambda _: "*#"),
            (r"klar, tryck 3|done, press 3", lambda _: self.dice.choice("33333312")),
            (r"spela in samtalet|record the call", lambda _: self.dice.choice("1112")),
            (r"uppringd i stället|called back instead", lambda _: "1" if self.dice.random() < 0.15 else None),
            (r"ingen medarbetare svara|[Nn]obody can answer", lambda _: self.dice.choice("12")),
            (r"klar, tryck 2|done, press 2", lambda _: "2"),
            (r"siffra från 1 till 5|number from 1 to 5", lambda _: self.dice.choice("34555")),
        )

    def _own_language(self, heard: str) -> str | None:
        return _key(heard, LANGUAGES.get(self.language or "sv", LANGUAGES["en"]))

    def _wrong(self, heard: str) -> str | None:
        if DANGER.search(self.text):
            return None
        return next((_key(heard, menu) for said, menu in WRONG if re.search(said, self.text, re.IGNORECASE)), None)

    def _money(self) -> bool:
        return bool(MONEY.search(self.text))


SPEAK = "speak"
MONEY_MENU = r"kvitto, tryck (\d)|receipt, press (\d)"


def _question(call: Call) -> str:
    """What the caller is asked: what stands in the verb that waits, else the last that was said."""
    assert call.waits is not None
    said = " ".join("".join(call.waits.itertext()).split())
    return said or call.now_hears


def _holding(question: str) -> bool:
    return bool(re.search(r"uppringd i stället|called back instead", question))


def _key(heard: str, menu: str) -> str | None:
    found = re.search(menu, heard)
    return next((key for key in found.groups() if key), None) if found else None
