"""`python -m tests.faults.mail_bomb`: F41, ten thousand mails in ten minutes, from one sender and from a thousand.

The roles run on a stocked database while calls come in at an even pace, before the bomb, under it and after it. Every
mail is offered again until it is taken, as a mail server does, and read back through the API. Exit status 1 when a mail
that was told 250 is not there exactly once, when one was told anything but 250 or 4xx, when a call was put off, when
what one sender sent is not a few cases, when trouble in its midst is not seen, or when calls had to wait for longer.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import secrets
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

import aiohttp

from bench.house import House, load, open_house
from tests.faults.doors import MailDoor
from tests.faults.reading import Reader
from tests.faults.sinks import mail_sink
from tests.faults.tellings import Telling

RECIPIENT = "support@support.example"
TROUBLE = ("anna@driver.example", "Laddaren brinner", "Det ryker och sprakar ur laddaren vid garaget, kom fort!")
CALLS = 20  # webhooks a second
QUIET = 120.0  # seconds of calls before the bomb, and after it
LONGER = 2.0  # times the 99th percentile without a bomb, DESIGN 8's T5
HEAP = 0.02  # cases that the mails of one sender may be, as a share of them
SESSIONS = 20
WORDS = (
    *("backup", "disk", "host", "job", "finished", "failed", "warning", "retry", "volume", "node", "queue", "timeout"),
    *("mirror", "archive", "log", "rotate", "sync", "snapshot", "report", "status", "window", "batch", "cluster"),
    *("exit", "code", "memory", "quota", "index", "table", "restore", "stream", "worker", "daemon", "signal"),
)
LISTS = ("newsletter", "offers", "weekly news", "members' club", "updates", "catalogue", "webinar", "account")


@dataclass
class Bomb:
    """What became of the mails: which were taken, and the answers to those that were not yet."""

    senders: int
    taken: dict[str, str] = field(default_factory=dict)  # the sender of each, by what only it says
    put_off: Counter[int] = field(default_factory=Counter)
    refused: Counter[int] = field(default_factory=Counter)
    calls: dict[str, Mapping[str, float]] = field(default_factory=dict)
    trouble: str = ""


def mail(sender: str, subject: str, text: str, mark: str) -> bytes:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"], made["Message-ID"] = sender, RECIPIENT, subject, f"<{mark}@bomb.example>"
    made.set_content(f"{text}\n{mark}\n")
    return made.as_bytes()


def of_a_machine(rng: random.Random, nth: int, mark: str) -> bytes:
    """What a machine that went wrong sends: words that change, from one address."""
    text = " ".join(rng.choices(WORDS, k=12))
    return mail("root@machine.example", f"Cron job {rng.choice(WORDS)} {nth}", text, mark)


def of_a_crowd(rng: random.Random, sender: str, mark: str) -> bytes:
    """What comes when somebody enters our address into a thousand forms."""
    what = rng.choice(LISTS)
    text = f"Thank you for signing up to our {what}. Please confirm your address: https://{sender.partition('@')[2]}/{mark}"
    return mail(sender, f"Confirm your subscription to our {what}", text, mark)


async def throw(door: MailDoor, bomb: Bomb, mails: int, seconds: float, rng: random.Random) -> None:
    """Offer the mails at an even pace, each until it is taken or refused for good."""
    began, free = asyncio.get_running_loop().time(), asyncio.Semaphore(SESSIONS)

    async def offer(nth: int, sender: str, raw: bytes, mark: str) -> None:
        telling = Telling(mark, "email", "", "", "", sender, "")
        door.mails[mark] = raw
        while True:
            async with free:
                result = await door.tell(telling)
            if result.kind == "ok":
                bomb.taken[mark] = sender
                break
            if result.code >= 500:
                bomb.refused[result.code] += 1
                break
            bomb.put_off[result.code] += 1
            await asyncio.sleep(rng.uniform(1, 5))
        del door.mails[mark]

    async with asyncio.TaskGroup() as group:
        for nth in range(mails):
            await asyncio.sleep(max(0.0, began + nth * seconds / mails - asyncio.get_running_loop().time()))
            mark = f"m{nth}x{rng.getrandbits(48):012x}"
            if nth == mails // 2:
                sender, subject, text = TROUBLE
                raw, bomb.trouble = mail(sender, subject, text, mark), mark
            elif bomb.senders == 1:
                sender, raw = "root@machine.example", of_a_machine(rng, nth, mark)
            else:
                sender = f"hello@list{nth % bomb.senders}.example"
                raw = of_a_crowd(rng, sender, mark)
            group.create_task(offer(nth, sender, raw, mark))


async def drop(house: House, senders: int, given: argparse.Namespace) -> tuple[Bomb, list[dict[str, Any]]]:
    """One bomb on roles of its own: what became of it, and all cases as the API tells them."""
    bomb, rng, token = Bomb(senders), random.Random(given.seed + senders), secrets.token_urlsafe(16)
    database = house.database(f"bomb_{senders}")
    async with mail_sink() as sink:
        out = {"OUTBOUND_SMTP_URL": f"smtp://127.0.0.1:{sink.port}", "ADMIN_TOKEN": token}
        async with (
            house.role("web", database, **out) as web,
            house.role("smtp", database, **out) as smtp,
            house.role("worker", database, **out),
            aiohttp.ClientSession() as session,
        ):
            seconds = given.minutes * 60
            await calls(web, 10, 0)
            bomb.calls["before"] = await calls(web, given.quiet, 1)
            door = MailDoor("127.0.0.1", smtp, RECIPIENT)
            under, _ = await asyncio.gather(calls(web, seconds, 2), throw(door, bomb, given.mails, seconds, rng))
            bomb.calls["under"] = under
            bomb.calls["after"] = await calls(web, given.quiet, 3)
            reader = Reader(session, f"http://127.0.0.1:{web}", token)
            return bomb, [case async for case in reader.cases()]


async def calls(web: int, seconds: float, seed: int) -> dict[str, float]:
    return await load("load_http", "open", web, CALLS, int(CALLS * seconds), seed)


def judge(bomb: Bomb, cases: list[dict[str, Any]], mails: int) -> list[str]:
    """What was promised and is not so."""
    wrong, seen, heaps = [], Counter[str](), defaultdict(set)
    for case in cases:
        for report in case["reports"]:
            if report["channel"] == "email":
                mark = report["text"].split()[-1]
                seen[mark] += 1
                heaps[bomb.taken.get(mark, "?")].add(case["number"])
                if mark == bomb.trouble and (case["priority"], case["queue"]) != ("P1", "emergency"):
                    wrong.append(f"trouble became {case['priority']} in {case['queue']}")
    lost = [mark for mark in bomb.taken if not seen[mark]]
    doubled = [mark for mark, times in seen.items() if times > 1]
    wrong += [f"{len(lost)} lost, {len(doubled)} doubled"] if lost or doubled else []
    wrong += [f"{len(bomb.taken)} of {mails} taken, refused: {dict(bomb.refused)}"] if len(bomb.taken) != mails else []
    wrong += [f"answers {set(bomb.put_off)}"] if set(bomb.put_off) - set(range(400, 500)) else []
    most = max((len(heaps[s]) for s in heaps if s != TROUBLE[0]), default=0)
    if most > max(16, HEAP * mails / bomb.senders):
        wrong.append(f"the mails of one sender are {most} cases")
    before, under, after = (bomb.calls[when] for when in ("before", "under", "after"))
    wrong += [f"{under['errors'] + under['held']:.0f} calls were put off"] if under["errors"] + under["held"] else []
    ratio = under["p99"] / max(before["p99"], after["p99"])
    wrong += [f"the 99th percentile of calls is {ratio:.1f} times that without"] if ratio > LONGER else []
    print(
        f"{bomb.senders} senders: {len(bomb.taken)} of {mails} taken, put off {dict(bomb.put_off)}, "
        f"{sum(map(len, heaps.values()))} cases, at most {most} of one sender; calls' p99 "
        + ", ".join(f"{when} {found['p99']:.1f} ms" for when, found in bomb.calls.items())
        + f"; longest under it {under['max']:.0f} ms"
    )
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.mail_bomb", description=__doc__)
    parser.add_argument("--mails", type=int, default=10_000)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--senders", default="1,1000")
    parser.add_argument("--quiet", type=float, default=QUIET)
    parser.add_argument("--seed", type=int, default=41)
    given = parser.parse_args()
    wrong = []
    with open_house(2000) as house:
        for senders in map(int, given.senders.split(",")):
            bomb, cases = asyncio.run(drop(house, senders, given))
            wrong += [f"{senders} senders: {line}" for line in judge(bomb, cases, given.mails)]
    print("\n".join(f"VIOLATION {line}" for line in wrong) or "No promise was broken.")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
