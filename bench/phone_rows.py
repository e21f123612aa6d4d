"""T3 to T6: the voice webhook, with signature, call state read and written, and TwiML: against a bare "hello", while
mail floods in against quiet, and with a thousand calls at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bench.figures import Row
from bench.house import House, answers, load, process
from bench.progress import tell
from gateway.hosting.ports import unclaimed

RATE, REQUESTS = 500, 5000
CONNECTIONS, SECONDS = 16, 4.0
CALM = 200  # webhooks a second beside a flood of mail
MAILS = 10  # a second
CALLS, BETWEEN = 1000, 5  # at once, and seconds between a caller's turns


async def t3(house: House, rounds: int) -> list[Row]:
    """The 99th percentile of 5,000 webhooks at 500 a second, whole calls that end in a filed report, divided by that of
    bare aiohttp on the same requests. Open loop: a request is timed from when it was due. Rounds alternate.
    """
    ratios, said, bad = [], [], 0
    async with _hello(house) as hello, house.role("web", house.database("t3")) as web:
        await _open(web, RATE / 5, 500, 0)
        for nth in range(1, rounds + 1):
            theirs = await _open(hello, RATE, REQUESTS, nth)
            ours = await _open(web, RATE, REQUESTS, nth)
            bad += int(ours["errors"] + ours["held"])
            ratios.append(ours["p99"] / theirs["p99"])
            said.append((ours["p99"], theirs["p99"], ours["max"]))
            tell(f"T3 round {nth}: p99 {ours['p99']:.1f} against {theirs['p99']:.1f} ms, p50 {ours['p50']:.1f} ms")
    ours_ms, theirs_ms, _ = sorted(said)[len(said) // 2]
    beside = f"p99 {ours_ms:.1f} against {theirs_ms:.1f} ms; longest {max(longest for *_, longest in said):.0f} ms"
    return [_row("T3", "voice webhook p99 / hello p99, open loop", ratios, "less", (8, 4), beside, bad)]


async def t4(house: House, rounds: int) -> list[Row]:
    """Webhooks a second over 16 connections that never wait, divided by those of bare aiohttp. Rounds alternate."""
    ratios, rates, bad = [], [], 0
    async with _hello(house) as hello, house.role("web", house.database("t4")) as web:
        await _closed(web, 1.0, 0)
        for nth in range(1, rounds + 1):
            theirs = await _closed(hello, SECONDS, nth)
            ours = await _closed(web, SECONDS, nth)
            bad += int(ours["errors"] + ours["held"])
            ratios.append(ours["requests"] / theirs["requests"])
            rates.append((ours["requests"] / SECONDS, theirs["requests"] / SECONDS))
            tell(f"T4 round {nth}: {rates[-1][0]:.0f} against {rates[-1][1]:.0f} requests/s")
    ours_rate, theirs_rate = sorted(rates)[len(rates) // 2]
    beside = f"{ours_rate:.0f} against {theirs_rate:.0f} requests/s"
    return [_row("T4", "voice webhooks/s / hello requests/s, closed loop", ratios, "more", (0.10, 0.13), beside, bad)]


async def t5(house: House, rounds: int) -> list[Row]:
    """The 99th percentile at 200 webhooks a second while ten mails a second arrive, of 1 MB and header bombs in turns,
    divided by that without mail; `web` and `smtp` share one database. Rounds alternate.
    """
    ratios, said, bad, mails = [], [], 0, 0.0
    database = house.database("t5")
    async with house.role("web", database) as web, house.role("smtp", database) as door:
        await _open(web, CALM, 1000, 0)
        for nth in range(1, rounds + 1):
            quiet = await _open(web, CALM, CALM * 15, 2 * nth)
            flooded, flood = await asyncio.gather(
                _open(web, CALM, CALM * 15, 2 * nth + 1), load("load_flood", door, MAILS, 18, nth)
            )
            bad += int(flooded["errors"] + flooded["held"] + flood["refused"])
            mails += flood["taken"]
            ratios.append(flooded["p99"] / quiet["p99"])
            said.append((flooded["p99"], quiet["p99"]))
            tell(f"T5 round {nth}: p99 {flooded['p99']:.1f} against {quiet['p99']:.1f} ms")
    ours_ms, quiet_ms = sorted(said)[len(said) // 2]
    beside = f"p99 {ours_ms:.1f} against {quiet_ms:.1f} ms; {mails:.0f} mails taken"
    return [_row("T5", "voice p99 under 1 MB mails and header bombs / quiet", ratios, "less", (2, 1.3), beside, bad)]


async def t6(house: House, rounds: int) -> list[Row]:
    """A thousand calls at once, each with a turn every five seconds: about 200 webhooks a second to one role `web`."""
    found = []
    async with house.role("web", house.database("t6")) as web:
        await _open(web, CALM, 500, 0)
        for nth in range(1, rounds + 1):
            found.append(await load("load_http", "crowd", web, CALLS, BETWEEN, nth))
            tell(f"T6 round {nth}: p99 {found[-1]['p99']:.1f}, longest {found[-1]['max']:.0f} ms")
    bad = sum(one["errors"] + one["held"] for one in found)
    beside = f"{sum(one['requests'] for one in found):.0f} webhooks"
    what = f"{CALLS} calls at once"
    return [
        Row("T6 p99", f"{what}: 99th percentile", [one["p99"] for one in found], "ms", "less", 300, 100, beside),
        Row("T6 max", f"{what}: longest", [one["max"] for one in found], "ms", "less", 3000, 1000, beside),
        Row("T6 errors", f"{what}: put off or refused", [bad], "", "less", 0, 0, beside),
    ]


def _row(
    name: str, what: str, ratios: list[float], better: str, bounds: tuple[float, float], beside: str, bad: int
) -> Row:
    """A row that counts for nothing when callers were put off or refused."""
    said = f"{beside}; {bad} put off or refused" if bad else beside
    return Row(name, what, ratios, "", better, *bounds, said, broken=bad > 0)


@asynccontextmanager
async def _hello(house: House) -> AsyncIterator[int]:
    port = unclaimed()
    async with process("-m", "bench.peers", "hello", str(port), log=house.folder / "hello"):
        await answers(port)
        yield port


async def _open(port: int, rate: float, requests: int, seed: int) -> dict[str, float]:
    return await load("load_http", "open", port, rate, requests, seed)


async def _closed(port: int, seconds: float, seed: int) -> dict[str, float]:
    return await load("load_http", "closed", port, CONNECTIONS, seconds, seed)
