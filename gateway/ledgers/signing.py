"""The daily signed statement: what every ledger said of a day that is over, sealed so that it cannot be changed unseen.

Each statement names the seal of the one before it, so that none can be taken away either. Seals are HMACs over
`SECRET_KEYS`: whoever holds the keys can sign and verify. When a day's account changes after it was signed (something
missing was brought), a further edition is signed; the first stays as it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import groupby

from gateway import seals
from gateway.config import Config
from gateway.ledgers.statement import lines
from gateway.record import accounts
from gateway.record.accounts import Account, Statement
from gateway.record.db import opened
from gateway.record.facts import day_of, midnight
from gateway.runtime import Runtime

PURPOSE = "statement"
RIPE = timedelta(hours=6)  # after its end a day is signed: the morning's look at every ledger is over
BACK = timedelta(days=7)  # as far as accounts are drawn up again
REST = 600.0  # seconds between looks
NOTHING = "nothing"  # what the first statement follows


async def sign_days(runtime: Runtime) -> int:
    """Sign the days that are ripe and not signed as they stand now; returns how many statements that made."""
    now, keys = runtime.clock.now(), runtime.config.secret_keys
    last = day_of(now - RIPE) - timedelta(days=1)
    found = [one for one in await accounts.lately(runtime.db, last - BACK) if one.day <= last]
    found.sort(key=lambda one: one.day)
    bodies = [(day, body(list(of))) for day, of in groupby(found, key=lambda one: one.day)]
    signed = 0
    async with accounts.signing(runtime.db) as book:
        for day, said in bodies:
            earlier = await book.newest(day)
            if earlier is not None and earlier.text.partition("\n\n")[2] == said:
                continue
            edition, previous = earlier.edition + 1 if earlier else 1, await book.last_seal() or NOTHING
            moment = now.astimezone(midnight(day).tzinfo).isoformat(timespec="seconds")
            head = f"Statement of {day.isoformat()}, edition {edition}\nsigned {moment}\nafter {previous}"
            text = f"{head}\n\n{said}"
            await book.add(Statement(day, edition, text, seals.mac(keys[0], PURPOSE, text), now))
            signed += 1
    return signed


def body(found: Sequence[Account]) -> str:
    """What is stated of a day."""
    missing = sum(one.difference for one in found)
    verdict = f"{missing} MISSING" if missing else "everything adds up"
    return "\n".join([*lines(found), verdict, ""])


def sheet(one: Statement) -> str:
    """A statement as a text to keep: its seal is the last line."""
    return f"{one.text}seal {one.seal}\n"


def genuine(keys: Sequence[str], text: str) -> bool:
    """Whether a text that somebody kept is a statement as we signed it."""
    said, _, seal = text.rstrip("\n").rpartition("seal ")
    return seals.matches(keys, PURPOSE, said, seal)


def faults(keys: Sequence[str], book: Sequence[Statement]) -> list[str]:
    """What is wrong with statements in the order in which they were signed: wrong seals, and gaps in the chain."""
    found, previous = [], NOTHING
    for one in book:
        name = f"{one.day.isoformat()}, edition {one.edition}"
        if not seals.matches(keys, PURPOSE, one.text, one.seal):
            found.append(f"{name}: not as it was signed")
        if f"\nafter {previous}\n" not in one.text:
            found.append(f"{name}: a statement before it is missing")
        previous = one.seal
    return found


async def verify(config: Config) -> tuple[list[Statement], list[str]]:
    """Every statement of the record, and what is wrong with them. Raises Unavailable."""
    async with opened(config.direct_url) as db:
        book = await accounts.statements_since(db, date.min)
    return book, faults(config.secret_keys, book)
