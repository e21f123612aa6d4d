"""Two of every role against one PostgreSQL and one Valkey given by URL: nothing doubled, one charger one case."""

from __future__ import annotations

import asyncio
import os
import signal
import smtplib
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from gateway.hosting.ports import unclaimed
from tests.fakes.product import ROOT, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")
TOKEN = "a token of twenty letters"
PATIENCE = 180.0


@dataclass(frozen=True)
class Twins:
    web: tuple[int, int]
    smtp: tuple[int, int]
    http: aiohttp.ClientSession

    async def report(self, door: int, key: str, text: str, phone: str, charger: str) -> dict[str, Any]:
        body = {"from": {"phone": phone}, "text": text, "charger": charger}
        headers = {"Idempotency-Key": key}
        url = f"http://127.0.0.1:{self.web[door]}/api/v1/reports"
        async with self.http.post(url, json=body, headers=headers) as answer:
            told: dict[str, Any] = await answer.json()
            assert answer.status == 201, told
            return told

    async def cases(self, door: int) -> list[dict[str, Any]]:
        async with self.http.get(f"http://127.0.0.1:{self.web[door]}/api/v1/cases?limit=100") as answer:
            told = await answer.json()
            return list(told["items"])

    async def case(self, door: int, number: str) -> dict[str, Any]:
        async with self.http.get(f"http://127.0.0.1:{self.web[door]}/api/v1/cases/{number}") as answer:
            told: dict[str, Any] = await answer.json()
            return told


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def twins(
    shared_database_url: str, shared_redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Twins]:
    """Started once: six processes, each of which learns for seconds. Every test has chargers and callers of its own."""
    folder = tmp_path_factory.mktemp("twins")
    servers = {"DATABASE_URL": shared_database_url, "REDIS_URL": shared_redis_url}
    web, smtp = (unclaimed(), unclaimed()), (unclaimed(), unclaimed())
    with roles(servers, folder, web, smtp):
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with aiohttp.ClientSession(headers=headers) as http:
            for port in web:
                assert await asyncio.to_thread(eventually, lambda port=port: ready(port), PATIENCE)
            for port in smtp:
                assert await asyncio.to_thread(eventually, lambda port=port: greets(port), PATIENCE)
            yield Twins(web, smtp, http)


@contextmanager
def roles(servers: Mapping[str, str], folder: Path, web: tuple[int, int], smtp: tuple[int, int]) -> Iterator[None]:
    started = []
    for twin in (0, 1):
        environ = {
            "PATH": os.environ["PATH"],
            **servers,
            "BLOB_URL": (folder / "blobs").as_uri(),
            "DATA_DIR": str(folder / f"twin{twin}"),
            "SECRET_KEYS": "one secret key that both of the twins know",
            "ADMIN_TOKEN": TOKEN,
            "PORT": str(web[twin]),
            "WEB_PROCESSES": "1",
            "SMTP_PORT": str(smtp[twin]),
        }
        for role in ("web", "smtp", "worker"):
            command = [sys.executable, "-m", "gateway", role]
            with (folder / f"{role}{twin}.said").open("wb") as said:
                started.append(subprocess.Popen(command, cwd=ROOT, env=environ, stdout=said, stderr=said))
    try:
        yield
    finally:
        for process in started:
            process.terminate()
        # A role that was told to stop before it had opened ends by the signal itself.
        assert {process.wait(30) for process in started} <= {0, -signal.SIGTERM}


def ready(port: int) -> bool:
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def greets(port: int) -> bool:
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=5) as door:
            return door.noop()[0] == 250
    except (OSError, smtplib.SMTPException):
        return False


def mail(port: int, sender: str) -> None:
    text = (
        f"From: Anna <{sender}>\r\nTo: support@support.example\r\nSubject: Laddare 22809\r\n"
        f"Message-ID: <{sender}>\r\nDate: Mon, 14 Sep 2026 08:00:00 +0200\r\n\r\nLaddare 22809 startar inte.\r\n"
    )
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as door:
        door.sendmail(sender, ["support@support.example"], text)


async def test_twenty_first_reports_at_once_about_one_charger_are_one_case(twins: Twins) -> None:
    said = [
        twins.report(n % 2, f"key {n}", "Laddaren är helt död, ingen lampa.", f"+467017400{n:02d}", "21052")
        for n in range(20)
    ]
    receipts = await asyncio.gather(*said)
    assert len({receipt["case"] for receipt in receipts}) == 1
    assert sorted(receipt["outcome"] for receipt in receipts) == ["attached"] * 19 + ["opened"]
    full = await twins.case(1, receipts[0]["case"])
    assert len(full["reports"]) == 20


async def test_the_same_through_both_doors_is_there_once_and_is_answered_once(twins: Twins) -> None:
    before = {case["number"] for case in await twins.cases(0)}
    both = await asyncio.gather(
        *(
            twins.report(door, "one key", "Laddningen startar inte.", "+46701740101", "21007")
            for door in (0, 1)
            for _ in range(5)
        )
    )
    assert len({receipt["report"] for receipt in both}) == 1
    await asyncio.gather(*(asyncio.to_thread(mail, port, "anna@mail.example") for port in twins.smtp for _ in range(3)))
    for door in (0, 1):
        new = [case for case in await twins.cases(door) if case["number"] not in before]
        found = {case["charger"]: case for case in new}
        assert sorted(case["charger"] for case in new) == ["21007", "22809"]
        full = await twins.case(door, found["22809"]["number"])
        assert len(full["reports"]) == 1
        assert full["channels"] == ["email"]
        assert (full["language"], full["site"], full["sla_level"], full["priority"]) == ("sv", "s026", "basic", "P3")


async def test_an_agent_who_claims_at_one_process_is_seen_at_the_other(twins: Twins) -> None:
    receipt = await twins.report(0, "k", "Laddningen startar inte.", "+46701740201", "23005")
    assert receipt["outcome"] == "opened"
    claims = [
        twins.http.post(
            f"http://127.0.0.1:{twins.web[n % 2]}/api/v1/cases/{receipt['case']}/claim", json={"as": f"a{n + 1:02d}"}
        )
        for n in range(10)
    ]
    statuses = [answer.status for answer in await asyncio.gather(*claims)]
    assert sorted(statuses) == [200] + [409] * 9
    assert (await twins.case(0, receipt["case"]))["assignee"] == (await twins.case(1, receipt["case"]))["assignee"]
