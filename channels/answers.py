"""What is answered when we asked: by text one digit how a call was, and yes or no, whether a case is solved, alone or
with no more than thanks, regret, or that it works or does not; by key in a call how it was or that it is, while that
could not be noted.

A digit goes to the case of its call, and rates it, also one that is spelt out, "of 5" or followed by thanks; a word
goes to the one case that its sender was asked about, and closes it or opens it again. 1 and 2 mean the same as words,
unless a call is to be rated: only words were asked for. What a message answers is kept with it, so that its repeat
answers nothing else. Whenever it is read, only what was asked before it came counts. Raises what the record raises when
it is away.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from channels.digits import DIGITS
from channels.report import ANSWER, UNSOLVED, Channel, Report, Thread, Unconfirmed
from channels.solved import THANKS, says_solved

TEXTS = frozenset({Channel.SMS, Channel.WHATSAPP})
RATES, SOLVES = "rates", "solves"  # flags of an answer, before the call that it rates or the report of who says yes
DURING = "during"  # the flag of what somebody told who had reported in the same call before, before that call
_BURNS = "fire"  # four in Norwegian and Danish, and no answer in English
SPELT = {word: digit for word, digit in DIGITS.items() if 1 <= digit <= 5 and word != _BURNS}
OF = r"(?:/|av|af|of|out of|von|kautta)"
RATED = re.compile(rf"([1-5]|{'|'.join(SPELT)})(?:\ufe0f?\u20e3)?(?:\s*{OF}\s*5)?(?:[\s.,!]+{THANKS})?[\s.!]*")


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody was asked and has not answered: how a call was; `token` is that of its case, for a thread."""

    call: str
    token: str


class Ratings(Protocol):
    async def question(self, phone: str, at: datetime) -> Question | None:
        """The question that a number was asked last before a moment."""
        ...

    async def about(self, call: str) -> str | None:
        """The token of the case that a call was about, for a thread."""
        ...

    async def rated(self, call: str, rating: int, by: str) -> None:
        """Note what was answered, once, by `phone` or `sms`."""
        ...


class Conclusions(Protocol):
    async def asked(self, phone: str, at: datetime) -> Unconfirmed | None:
        """The case that a number was asked about before a moment and has not answered; None also when there are
        several."""
        ...

    async def confirm(self, report: int, at: datetime, by: str) -> None:
        """A reporter's yes of a moment, once, by `phone` or `sms`; to a later conclusion it is none."""
        ...


class Answers:
    def __init__(self, ratings: Ratings, conclusions: Conclusions) -> None:
        self._ratings, self._conclusions = ratings, conclusions

    async def understood(self, report: Report) -> Report:
        """A report with what it answers and the case that is about; any other as it is."""
        told = _answered(report.flags)
        if report.thread.token is None and (call := told.get(RATES) or told.get(DURING)):
            return replace(report, thread=Thread(await self._ratings.about(call)))
        phone, at, solved = report.sender.phone, report.received_at, says_solved(report.text)
        if phone is None or report.auto_reply or report.channel not in TEXTS:
            return report
        if _rating(report.text) and (question := await self._ratings.question(phone, at)):
            return _answering(report, question.token, ANSWER, f"{RATES}:{question.call}")
        if solved is not None and (asked := await self._conclusions.asked(phone, at)):
            said = (ANSWER, f"{SOLVES}:{asked.report}") if solved else (UNSOLVED,)
            return _answering(report, asked.token, *said)
        return report

    async def apply(self, report: Report, flags: Sequence[str]) -> None:
        """Rate or confirm what a report answers by the flags that it is kept with; again, that changes nothing."""
        answered, by = _answered(flags), "phone" if report.channel is Channel.PHONE else "sms"
        if (call := answered.get(RATES)) and (rating := _rating(report.text)):
            await self._ratings.rated(call, rating, by)
        if asked := answered.get(SOLVES):
            await self._conclusions.confirm(int(asked), report.received_at, by)


def during(flags: Sequence[str]) -> str | None:
    """The call in which something was told that is not the report of that call."""
    return _answered(flags).get(DURING)


def _answered(flags: Sequence[str]) -> dict[str, str]:
    known = (f"{RATES}:", f"{SOLVES}:", f"{DURING}:")
    return dict(flag.split(":", 1) for flag in flags if flag.startswith(known))


def _answering(report: Report, token: str, *flags: str) -> Report:
    return replace(report, thread=Thread(token), flags=(*report.flags, *flags))


def _rating(text: str) -> int | None:
    """A message as the digit that it may be."""
    found = RATED.fullmatch(text.strip().casefold())
    return SPELT.get(found[1]) or int(found[1]) if found else None
