"""T9: what the whole product holds in memory, and whether it grows."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil

from bench.figures import Row
from bench.house import House, load
from bench.progress import tell
from tests.fakes.product import ROOT, Product

SETTLE = 5.0  # seconds of rest before memory is read
MB = 1_000_000


async def t9(house: House, reports: int) -> list[Row]:
    """The sum of the proportional set size (PSS) of `up` and everything below it, embedded servers included, with the
    demo's master data: at rest after 20 mails (the language detection is loaded then), and its growth after many more.
    """
    with tempfile.TemporaryDirectory(prefix="switchyard-bench-", ignore_cleanup_errors=True) as folder:
        product = Product(Path(folder) / "data", MAIL_DOMAINS="support.example")
        try:
            await asyncio.to_thread(_start, product)
            await _mails(product, house, 20, 0)
            idle = await _at_rest(product)
            at_rest = _parts(product)
            tell(f"T9: {idle / MB:.0f} MB at rest: {at_rest}")
            await _mails(product, house, 500, 1)
            before = await _at_rest(product)
            tell(f"T9: {before / MB:.0f} MB after 500 more: {_parts(product)}")
            for nth in range(10):
                await _mails(product, house, reports // 10, 2 + nth)
                tell(f"T9: {pss(product) / MB:.0f} MB after {(nth + 1) * (reports // 10)} reports")
            after = await _at_rest(product)
            at_end = _parts(product)
        finally:
            await asyncio.to_thread(product.end)
    growth = 100 * (after - before) / before
    beside = f"after 500 more {before / MB:.0f}, after {reports} more {after / MB:.0f} MB: {at_end}"
    return [
        Row("T9 idle", "PSS of the whole product", [idle / MB], "MB", "less", 900, 600, at_rest),
        Row("T9 growth", f"after {reports} reports", [growth], "%", "less", 5, 2, beside),
    ]


def pss(product: Product) -> int:
    return sum(_pss(member) for member in product.family())


def _pss(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.NoSuchProcess:
        return 0


def _parts(product: Product) -> str:
    """PSS by program, in MB."""
    sums: dict[str, int] = {}
    for member in product.family():
        try:
            words = member.cmdline() or [member.name()]
        except psutil.NoSuchProcess:
            continue
        name = "postgres" if "postgres" in words[0] else Path(words[0]).name
        if name.startswith("python"):
            name = words[2] if words[2].startswith("channels") else words[3] if len(words) > 3 else words[-1]
        sums[name] = sums.get(name, 0) + _pss(member)
    return ", ".join(f"{name} {held / MB:.0f}" for name, held in sorted(sums.items(), key=lambda item: -item[1]))


async def _at_rest(product: Product) -> int:
    await asyncio.sleep(SETTLE)
    return pss(product)


async def _mails(product: Product, house: House, count: int, seed: int) -> None:
    await load("load_smtp", product.smtp_port, 5, count, seed, house.persons)


def _start(product: Product) -> None:
    product.start()
    subprocess.run(
        [sys.executable, "-m", "gateway", "import", str(ROOT / "demo")],
        cwd=ROOT,
        env={"DATA_DIR": str(product.data_dir), "PATH": "/usr/bin:/bin"},
        check=True,
        capture_output=True,
    )
