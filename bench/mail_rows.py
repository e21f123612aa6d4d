"""T1 and T2: the mail door, from the SMTP dialogue to the case in its queue."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bench.figures import Row
from bench.house import House, answers, load, process
from bench.progress import tell
from gateway.hosting.ports import unclaimed

WARM = 200  # mails before anything is measured


async def t1(house: House, rounds: int, mails: int) -> list[Row]:
    """Mails a second through the `smtp` role (parse, judge, open or attach, COMMIT, 250) on 200,000 persons, divided by
    those of aiosmtpd with a Maildir: the same client, the same mails in kind and size, both on uvloop, in turns. The
    worker is not running: what follows a report is not on its way to the queue. Rounds alternate.
    """
    rows = []
    async with _sink(house) as sink, house.role("smtp", house.database("t1")) as door:
        for sessions in (10, 50):
            ratios, rates, tails = [], [], []
            await _round(house, door, sessions, WARM, 0)
            await _round(house, sink, sessions, WARM, 0)
            for nth in range(1, rounds + 1):
                seed = 1000 * sessions + nth
                theirs = await _round(house, sink, sessions, mails, seed)
                ours = await _round(house, door, sessions, mails, seed)
                ratios.append(_rate(ours) / _rate(theirs))
                rates.append((_rate(ours), _rate(theirs)))
                tails.append(ours["p99"])
                tell(f"T1 {sessions} sessions, round {nth}: {rates[-1][0]:.0f} against {rates[-1][1]:.0f} mails/s")
            middle = sorted(rates)[len(rates) // 2]
            beside = f"{middle[0]:.0f} against {middle[1]:.0f} mails/s; answer to the dot p99 {max(tails):.0f} ms"
            rows.append(
                Row(
                    f"T1 {sessions} sessions",
                    "SMTP to queue / aiosmtpd + Maildir",
                    ratios,
                    "",
                    "more",
                    0.45,
                    0.7,
                    beside,
                )
            )
    return rows


async def t2(house: House, rounds: int, mails: int, cases: int) -> list[Row]:
    """The mail door with many stored cases against one with 1,000, in turns, 10 sessions; and from an empty database,
    the slowest of 20 rounds in a row against their median.
    """
    tell(f"T2: storing {cases} cases")
    many, few = house.database("t2_many", cases), house.database("t2_few", 1000)
    ratios = []
    async with house.role("smtp", many) as large, house.role("smtp", few) as small:
        for port in (large, small):
            await _round(house, port, 10, WARM, 0)
        for nth in range(1, rounds + 1):
            at_small = await _round(house, small, 10, mails, nth)
            at_large = await _round(house, large, 10, mails, nth)
            ratios.append(_rate(at_large) / _rate(at_small))
            tell(f"T2 round {nth}: {_rate(at_large):.0f} against {_rate(at_small):.0f} mails/s")
    rates = []
    async with house.role("smtp", house.database("t2_empty")) as growing:
        await _round(house, growing, 10, WARM, 0)
        for nth in range(1, 21):
            rates.append(_rate(await _round(house, growing, 10, mails // 2, 100 + nth)))
            tell(f"T2 growing, round {nth}: {rates[-1]:.0f} mails/s")
    middle = sorted(rates)[len(rates) // 2]
    slowest = Row(
        "T2 growing",
        "slowest round / median, from empty",
        [min(rates) / middle],
        "",
        "more",
        0.6,
        0.8,
        f"{20 * (mails // 2) + WARM} mails; {min(rates):.0f} to {max(rates):.0f} mails/s",
    )
    return [Row("T2 stored", f"{cases} stored cases / 1000", ratios, "", "more", 0.85, 0.95), slowest]


@asynccontextmanager
async def _sink(house: House) -> AsyncIterator[int]:
    port = unclaimed()
    async with process(
        "-m", "bench.peers", "sink", str(port), str(house.folder / "maildir"), log=house.folder / "sink"
    ):
        await answers(port)
        yield port


async def _round(house: House, port: int, sessions: int, mails: int, seed: int) -> dict[str, float]:
    found = await load("load_smtp", port, sessions, mails, seed, house.persons)
    if found["refused"]:
        raise RuntimeError(f"{found['refused']:.0f} mails were refused")
    return found


def _rate(found: dict[str, float]) -> float:
    return found["mails"] / found["seconds"]
