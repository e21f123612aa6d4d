"""`python -m tests.faults.hanging_relay`: F30, a relay that says nothing for eleven minutes after the dot.

The worker waits for the ten minutes that a relay has, keeps the mail meanwhile, sends every other one, raises the
alarm, and hands it over again under the same Message-ID. Exit status 1 when anything of it is not so.
"""

from __future__ import annotations

import asyncio
import email
import re
import sys
import time
from collections import Counter

import aiohttp
import psycopg

from bench.house import House, open_house
from tests.fakes.mail import MailServer

HANG = 11 * 60.0  # seconds
TOKEN = "a token of twenty letters"
STATE = """
SELECT m.state, m.attempts, m.uncertain_at IS NOT NULL
FROM messages m JOIN report_contents t ON t.report_id = m.report_id
WHERE t.sender_email = %s
"""
OLDEST = re.compile(r"^switchyard_outbox_oldest_seconds(?:\{[^}]*\})? ([\d.e+]+)$", re.MULTILINE)


class Watch:
    """What was promised and is not so."""

    def __init__(self) -> None:
        self.wrong: list[str] = []
        self._began = time.monotonic()

    def expect(self, true: object, what: str) -> None:
        print(f"{time.monotonic() - self._began:6.0f} s  {'yes' if true else 'NO'}: {what}", flush=True)
        self.wrong += [] if true else [what]


async def hang(house: House, watch: Watch) -> None:
    server = MailServer()
    first = True

    async def slow() -> str | None:
        nonlocal first
        if first:
            first = False
            await asyncio.sleep(HANG)
        return None

    server.answer_data = slow
    database = house.database("relay")
    async with server:
        out = {"OUTBOUND_SMTP_URL": server.url, "ADMIN_TOKEN": TOKEN, "SECRET_KEYS": TOKEN * 2}
        async with (
            house.role("web", database, **out) as web,
            house.role("worker", database, **out),
            house.role("worker", database, **out),
            aiohttp.ClientSession(headers={"Authorization": f"Bearer {TOKEN}"}) as session,
        ):
            url = f"http://127.0.0.1:{web}"

            async def report(sender: str, text: str) -> None:
                body = {"from": {"email": sender}, "text": text}
                async with session.post(
                    f"{url}/api/v1/reports", json=body, headers={"Idempotency-Key": sender}
                ) as said:
                    watch.expect(said.status == 201, f"the report of {sender} is kept")

            async def state(sender: str) -> tuple[str, int, bool]:
                async with await psycopg.AsyncConnection.connect(database) as connection:
                    found = await (await connection.execute(STATE, [sender])).fetchone()
                    return found or ("", 0, False)

            async def within(seconds: float, sender: str, wanted: tuple[str, bool]) -> bool:
                end = time.monotonic() + seconds
                while (found := await state(sender))[0] != wanted[0] or found[2] != wanted[1]:
                    if time.monotonic() > end:
                        return False
                    await asyncio.sleep(1)
                return True

            await report("anna@driver.example", "Charger 30001 does not start.")
            while not server.mails:
                await asyncio.sleep(0.1)
            began = time.monotonic()
            await report("bo@driver.example", "Charger 30777 is dark.")
            watch.expect(await within(60, "bo@driver.example", ("sent", False)), "another mail is sent meanwhile")
            await asyncio.sleep(began + 400 - time.monotonic())
            async with session.get(f"{url}/metrics") as said:
                oldest = OLDEST.search(await said.text())
            watch.expect(oldest and float(oldest[1]) > 300, "the outbox's age is an alarm")
            watch.expect(await state("anna@driver.example") == ("queued", 1, False), "one has it, and goes on waiting")
            watch.expect(len(server.mails) == 2, "nobody else has sent it")
            await asyncio.sleep(began + 590 - time.monotonic())
            watch.expect(
                await state("anna@driver.example") == ("queued", 1, False), "up to the ten minutes of RFC 5321"
            )
            watch.expect(await within(60, "anna@driver.example", ("queued", True)), "then it may have arrived")
            watch.expect(await within(300, "anna@driver.example", ("sent", True)), "and is sent again")
    sent = Counter((taken.recipients[0], email.message_from_bytes(taken.raw)["Message-ID"]) for taken in server.mails)
    watch.expect(sorted(sent.values()) == [1, 2], f"twice under one Message-ID, the other once: {dict(sent)}")


def main() -> None:
    watch = Watch()
    with open_house(2000) as house:
        asyncio.run(hang(house, watch))
    sys.exit(1 if watch.wrong else 0)


if __name__ == "__main__":
    main()
