"""T3 and T4: the voice webhook, with signature, call state read and written, and TwiML, against a bare "hello"."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bench.figures import Row
from bench.house import House, answers, free_port, load, process
from bench.progress import tell

RATE, REQUESTS = 500, 5000
CONNECTIONS, SECONDS = 16, 4.0


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


def _row(
    name: str, what: str, ratios: list[float], better: str, bounds: tuple[float, float], beside: str, bad: int
) -> Row:
    """A row that counts for nothing when callers were put off or refused."""
    said = f"{beside}; {bad} put off or refused" if bad else beside
    return Row(name, what, ratios, "", better, *bounds, said, broken=bad > 0)


@asynccontextmanager
async def _hello(house: House) -> AsyncIterator[int]:
    port = free_port()
    async with process("-m", "bench.peers", "hello", str(port), log=house.folder / "hello"):
        await answers(port)
        yield port


async def _open(port: int, rate: float, requests: int, seed: int) -> dict[str, float]:
    return await load("load_http", "open", port, rate, requests, seed)


async def _closed(port: int, seconds: float, seed: int) -> dict[str, float]:
    return await load("load_http", "closed", port, CONNECTIONS, seconds, seed)
