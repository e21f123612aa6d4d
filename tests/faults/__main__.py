"""`python -m tests.faults`: the whole product under fire, and what became of every report it had promised to keep.

It is started as a user starts it, with `up` in a folder of its own, and reports come in by every door while processes
are killed, paused and cut off. Afterwards everything is read back through the API and compared with the driver's
ledger. Exit status 1 when a promise was broken. 0 lost of n bounds the loss rate below 3/n at 95 %.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import os
import random
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from gateway.hosting.ports import unclaimed
from tests.fakes.product import ROOT, Product
from tests.fakes.provider import ACCOUNT, Provider
from tests.faults import nemesis as blows
from tests.faults.callers import PhoneDoor
from tests.faults.doors import ApiDoor, Door, FormDoor, MailDoor
from tests.faults.driver import Desk, Driver
from tests.faults.ledger import Ledger
from tests.faults.mailbox import MailboxDoor, mailbox_server
from tests.faults.nemesis import Nemesis
from tests.faults.reading import Reader
from tests.faults.sinks import MailSink, mail_sink, provider_server
from tests.faults.table import blows_table, ledger_table
from tests.faults.tellings import DOORS
from tests.faults.verdict import Verdict, judge

DEMO = ROOT / "demo"
NUMBER = "+46313900100"
RECIPIENT = "support@support.example"
A_BLOW = 4.5  # seconds that one blow takes, about
HEAL = 90.0
COMBINED = (  # F46: F1, F10 and F19 in any order
    *blows.DIALOGUE,
    "smtp.intake.before_commit",
    "smtp.intake.after_commit",
    "stop postgres at once",
    "kill postgres",
    "kill valkey",
    "flush valkey",
)
HARMLESS = ("pause", "freeze", "flush")


@dataclass(frozen=True)
class Options:
    reports: int
    kills: int
    minutes: float
    seed: int
    doors: tuple[str, ...]
    keep: bool
    only: tuple[str, ...]
    combined: bool


def main() -> None:
    options = _options()
    folder = Path(tempfile.mkdtemp(prefix="switchyard-faults-"))
    _say(f"seed {options.seed}; the ledger and what the product says: {folder}")
    verdict = asyncio.run(_run(options, folder))
    print("\n".join(f"VIOLATION {line}" for line in verdict.violations[:50]) or "No promise was broken.")
    if not verdict.violations and not options.keep:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(1 if verdict.violations else 0)


async def _run(options: Options, folder: Path) -> Verdict:
    rng = random.Random(options.seed)
    points = folder / "points"
    points.mkdir()
    provider, token, secret = Provider(), secrets.token_urlsafe(16), secrets.token_urlsafe(16)
    provider.secrets = {secret}
    provider_port = unclaimed()
    ledger = Ledger(folder / "ledger.jsonl")
    async with AsyncExitStack() as stack:
        sink = await stack.enter_async_context(mail_sink())
        await stack.enter_async_context(provider_server(provider, provider_port))
        mailbox = await stack.enter_async_context(mailbox_server())
        product = Product(
            folder / "data",
            CRASH_AT=str(points),
            ADMIN_TOKEN=token,
            OUTBOUND_SMTP_URL=f"smtp://127.0.0.1:{sink.port}",
            MAIL_DOMAINS=RECIPIENT.partition("@")[2],
            IMAP_URLS=mailbox.url,
            TWILIO_ACCOUNT_SID=ACCOUNT,
            TWILIO_AUTH_TOKEN=secret,
            TWILIO_API_URL=f"http://127.0.0.1:{provider_port}",
            TWILIO_NUMBERS=NUMBER,
        )
        stack.callback(product.end)
        await asyncio.to_thread(_start, product)
        session = await stack.enter_async_context(
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=None))
        )
        nemesis = Nemesis(product, ledger, rng, points)
        api = ApiDoor(session, product.url, token)
        phone = PhoneDoor(session, product.url, secret, NUMBER, provider, rng)
        doors: dict[str, Door] = {
            "email": MailDoor("127.0.0.1", product.smtp_port, RECIPIENT, nemesis.moment),
            "form": FormDoor(session, product.url),
            "api": api,
            "alarm": api,
            "phone": phone,
            "imap": MailboxDoor(mailbox, RECIPIENT),
        }
        plan = _plan(options, rng)
        lethal = sum(not what.startswith(HARMLESS) for what in plan)
        pace = options.reports / max(20.0, A_BLOW * len(plan))
        chosen = {name: door for name, door in doors.items() if name in options.doors}
        driver = Driver(chosen, ledger, rng, _column(DEMO / "chargers.csv", "charger_id"), pace)
        desk = Desk(session, product.url, token, _column(DEMO / "agents.csv", "agent_id"), rng)
        reader = Reader(session, product.url, token)
        await _under_fire(options, plan, driver, desk, nemesis, ledger)
        gave_up = await driver.finish(HEAL)
        await _healed(reader, sink, ledger)
        cases = [case async for case in reader.cases()]
        queues = await reader.get("/api/v1/queues")
        counted = sum(queue["open"] for queue in queues["items"])
        counted += sum(case["status"] in ("concluded", "closed") for case in cases)
        verdict = judge(ledger, nemesis, cases, sink, desk.claims, counted)
        verdict.violations += await _reconciled(product)
    verdict.violations += desk.violations
    verdict.violations += [f"I8: {failure}" for failure in phone.failures if "/twilio/voice" in failure]
    if gave_up:
        verdict.violations.append(f"I1: {gave_up} senders were still not promised anything after {HEAL:.0f} s")
    deaths = sum(blow.deaths for blow in nemesis.blows)
    if ledger.promised() < options.reports or sum(blow.deaths > 0 for blow in nemesis.blows) < lethal * 0.96:
        verdict.violations.append(
            f"cut short: {ledger.promised()} reports, {len(nemesis.blows)} blows, {deaths} deaths"
        )
    _report(verdict, nemesis, desk, phone, ledger, deaths)
    return verdict


def _plan(options: Options, rng: random.Random) -> list[str]:
    if options.combined:
        return [rng.choice(COMBINED) for _ in range(options.kills)]
    return list(options.only) * options.kills if options.only else blows.plan(rng, options.kills)


async def _under_fire(
    options: Options, plan: list[str], driver: Driver, desk: Desk, nemesis: Nemesis, ledger: Ledger
) -> None:
    end = ledger.now + options.minutes * 60
    struck = False

    def enough() -> bool:
        return (struck and ledger.promised() >= options.reports) or ledger.now > end

    telling, claiming = asyncio.create_task(driver.run(enough)), asyncio.create_task(desk.run())
    try:
        for nth, what in enumerate(plan, 1):
            if ledger.now > end or telling.done():
                break
            await asyncio.sleep(driver.rng.uniform(0.2, 1.5))
            done = await nemesis.strike(what)
            _say(f"{nth}/{len(plan)} {done}: {ledger.promised()} reports promised, {ledger.now:.0f} s")
        struck = True
        await telling
    finally:
        claiming.cancel()
        await asyncio.gather(claiming, return_exceptions=True)


async def _healed(reader: Reader, sink: MailSink, ledger: Ledger) -> None:
    """Wait until the spool is empty and every reporter has been answered: a killed sender's lease lasts a minute."""
    owed = {line.telling.email for line in ledger if line.promised and line.telling.answered}
    end = time.monotonic() + HEAL
    while time.monotonic() < end:
        state = await reader.ready()
        if state["status"] == "ok" and owed <= sink.arrived.keys():
            break
        await asyncio.sleep(1.0)


async def _reconciled(product: Product) -> list[str]:
    """The product's own account of every channel, which must add up too."""
    said = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway", "reconcile"),
        cwd=ROOT,
        env=product.environ,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    lines = (await said.communicate())[0].decode().splitlines()
    print(*lines, "", sep="\n")
    wrong = [f"L3: {line}" for line in lines if not line.endswith("adds up")]
    return wrong or ([] if lines and said.returncode == 0 else [f"L3: reconcile ended with {said.returncode}"])


def _start(product: Product) -> None:
    product.start()
    subprocess.run(
        [sys.executable, "-m", "gateway", "import", str(DEMO)],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "DATA_DIR": str(product.data_dir)},
        check=True,
        stdout=subprocess.DEVNULL,
    )


def _column(path: Path, name: str) -> list[str]:
    with path.open(encoding="utf-8") as file:
        return [row[name] for row in csv.DictReader(file)]


def _report(verdict: Verdict, nemesis: Nemesis, desk: Desk, phone: PhoneDoor, ledger: Ledger, deaths: int) -> None:
    print(ledger_table(verdict), "", blows_table(nemesis.blows), "", sep="\n")
    print(f"{verdict.reports} reports in {verdict.cases} cases read back after {ledger.now:.0f} s; {deaths} deaths.")
    print(f"{len(desk.claims)} of {desk.races} races for a case were won by one agent.")
    print(f"{len(phone.failures)} last words on calls were put off with 503.")
    print(f"{verdict.mails} mails to reporters, {verdict.mails_again} once more under the same Message-ID.")


def _options() -> Options:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--reports", type=int, default=1000, help="reports to be acknowledged at least")
    parser.add_argument("--kills", type=int, default=52)
    parser.add_argument("--minutes", type=float, default=15.0, help="give up after so long")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--doors", default=",".join(DOORS), help="of " + ", ".join(DOORS))
    parser.add_argument("--only", default="", help="strike only these blows, commas between")
    parser.add_argument("--combined", action="store_true", help="F46: mail doors, PostgreSQL and Valkey only")
    parser.add_argument("--keep", action="store_true", help="keep the folder also when all is well")
    given = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) if given.seed is None else given.seed
    only = tuple(filter(None, given.only.split(",")))
    doors = tuple(filter(None, given.doors.split(",")))
    return Options(given.reports, given.kills, given.minutes, seed, doors, given.keep, only, given.combined)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
