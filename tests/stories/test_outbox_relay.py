"""F30, B103: whatever the relay does, a mail is owed until it is told otherwise, and sent by one at a time."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from channels.report import Channel, Report, Sender
from gateway import alerts
from gateway.clock import SetClock
from gateway.config import Config
from gateway.messages import outbox
from gateway.messages.outbox import Sweeper
from gateway.messages.post import MailPost, mail_ids
from gateway.runtime import open_runtime
from gateway.settings import read_number
from tests.fakes.mail import MailServer
from tests.fakes.provider import Provider
from tests.stories.test_outbox import OURS, Office, opened, shown

TLS = Path(__file__).parents[1] / "data" / "tls"
HOUR = timedelta(hours=1)


@pytest.fixture
async def office(config: Config) -> AsyncIterator[Office]:
    numbers = (read_number(f"{OURS}=both"),)
    async with MailServer() as server, opened(config, server, Provider(), twilio_numbers=numbers) as office:
        yield office


def let_hang(office: Office) -> asyncio.Event:
    """The relay answers no mail until this is set."""
    over = asyncio.Event()

    async def slow() -> str | None:
        await over.wait()
        return None

    office.server.answer_data = slow
    return over


def through(office: Office, url: str, clock: SetClock | None = None) -> Sweeper:
    """A worker of its own, whose relay or whose clock is another."""
    config = office.runtime.config.model_copy(update={"outbound_smtp_url": url})
    facts = outbox.facts_from("https://support.example", None, lambda *about: [], lambda *about: "")
    runtime = office.runtime
    return Sweeper(
        runtime.db, clock or office.clock, {"email": MailPost(config, runtime.blobs)}, facts, mail_ids(config)
    )


async def owed(office: Office) -> tuple[str, str]:
    (row,) = await office.runtime.db.rows("SELECT state, reason FROM messages")
    return row["state"], row["reason"] or ""


async def until(true: Callable[[], object]) -> None:
    """Let the others go on until it is so."""
    async with asyncio.timeout(30):
        while not true():
            await asyncio.sleep(0)


async def test_f30_a_relay_that_never_has_time_is_asked_for_five_days_and_then_the_agent_is_told(
    office: Office,
) -> None:
    asked: list[str] = []
    office.server.answer_rcpt = lambda address: asked.append(address) or "450 4.2.0 come back later"
    case = await office.hear("Charger 21052 does not start.")
    await office.runtime.db.run("UPDATE messages SET kind = 'concluded'")
    worker = through(office, office.server.url)
    await worker.sweep()
    for _ in range(4):
        await worker.sweep()
    assert len(asked) == 1, "not before its time"
    office.clock.forward(timedelta(minutes=6))
    signs = {sign.kind: sign.value for sign in await alerts.signs(office.runtime, office.clock.now())}
    assert signs["outbox_ageing"] >= 360
    began = office.clock.now()
    while (await owed(office))[0] == "queued":
        await worker.sweep()
        office.clock.forward(HOUR)
    assert timedelta(days=5) - 6 * HOUR < office.clock.now() - began < timedelta(days=5) + 6 * HOUR
    assert await owed(office) == ("failed", "450 4.2.0 come back later")
    assert 30 < len(asked) < 60
    assert await shown(office, case) == ["failed"]
    assert (await office.kinds(case))[-1] == "message_failed"


async def test_f30_b103_what_may_have_arrived_says_so_and_goes_out_again_as_the_same_mail(office: Office) -> None:
    async def gone() -> str | None:
        office.server.hang_up()
        return None

    office.server.answer_data = gone
    case = await office.hear("Charger 21052 does not start.")
    await office.sweep()
    assert await shown(office, case) == ["uncertain"]
    assert "message_sent" not in await office.kinds(case)
    office.server.answer_data = None
    office.server.answer_rcpt = lambda address: "450 4.2.0 come back later"
    await office.sweep(timedelta(seconds=31))
    assert await shown(office, case) == ["uncertain"], "what came after does not take it back"
    office.server.answer_rcpt = lambda address: None
    await office.sweep(timedelta(seconds=61))
    assert await shown(office, case) == ["sent"]
    first, second = office.mails
    assert first["Message-ID"] == second["Message-ID"]


async def test_b103_what_may_have_arrived_and_is_given_up_is_never_called_lost(office: Office) -> None:
    async def gone() -> str | None:
        office.server.hang_up()
        return None

    case = await office.hear("Charger 21052 does not start.")
    await office.runtime.db.run("UPDATE messages SET kind = 'concluded'")
    office.server.answer_data = gone
    await through(office, office.server.url).sweep()
    office.server.answer_rcpt = lambda address: "450 4.2.0 come back later"
    office.clock.forward(timedelta(days=5))
    await through(office, office.server.url).sweep()
    assert await owed(office) == ("uncertain", "450 4.2.0 come back later")
    assert await shown(office, case) == ["uncertain"]


async def test_b103_a_relay_that_took_it_and_hung_up_has_it_once(office: Office) -> None:
    office.server.ungraceful = True
    case = await office.hear("Charger 21052 does not start.")
    await office.sweep()
    await office.sweep(HOUR)
    assert len(office.mails) == 1
    assert await shown(office, case) == ["sent"]


@pytest.mark.parametrize("scheme", ["smtps", "smtp+starttls"])
async def test_f30_without_a_certificate_to_trust_nothing_is_said_in_the_open(office: Office, scheme: str) -> None:
    await office.hear("Charger 21052 does not start.")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "cert.pem", TLS / "key.pem")
    async with MailServer(tls=context if scheme == "smtps" else None) as broken:
        await through(office, f"{scheme}://127.0.0.1:{broken.port}").sweep()
        assert (broken.commands, broken.mails) == ([], [])
    state, reason = await owed(office)
    assert (state, reason.startswith(("no connection", "the relay does not let us in"))) == ("queued", True)
    await office.sweep(timedelta(seconds=31))
    assert len(office.mails) == 1


async def test_f30_a_relay_whose_name_nobody_knows_costs_only_time(office: Office) -> None:
    await office.hear("Charger 21052 does not start.")
    await through(office, "smtp://relay.invalid:25").sweep()
    state, reason = await owed(office)
    assert (state, reason.startswith("no connection")) == ("queued", True)
    await office.sweep(timedelta(seconds=31))
    assert len(office.mails) == 1


async def test_f30_a_relay_that_hangs_on_one_mail_holds_up_no_other_and_no_text(office: Office) -> None:
    held, hanging = [True], asyncio.Event()

    async def slow() -> str | None:
        if held:
            held.pop()
            await hanging.wait()
        return None

    office.server.answer_data = slow
    await office.hear("Charger 21052 does not start.")
    lanes = {chore.name: chore.sweep for chore in office.chores.all}
    stuck = asyncio.create_task(lanes["mails 1"]())
    await until(lambda: office.mails)
    await office.hear("Laddare 22809 startar inte", channel=Channel.SMS, sender=Sender(phone="+46701740605"))
    await office.hear("Charger 24915 is dark.", sender=Sender(email="aino@example.com"))
    assert await lanes["mails 2"]() == 1
    assert await lanes["texts"]() == 1
    assert [mail["To"] for mail in office.mails] == ["mette@example.com", "aino@example.com"]
    assert len(office.provider.messages) == 1
    hanging.set()
    await stuck
    assert await office.states() == ["sent"] * 3


async def test_f30_whoever_waits_ten_minutes_for_an_answer_keeps_the_mail_meanwhile(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "HOLD", 0.0)
    hanging = let_hang(office)
    await office.hear("Charger 21052 does not start.")
    stuck = asyncio.create_task(through(office, office.server.url).sweep())
    await until(lambda: office.mails)
    for _ in range(12):
        office.clock.forward(timedelta(seconds=55))
        held = "SELECT lease_until > lease_now() + interval '50 seconds' AS held FROM messages"
        async with asyncio.timeout(30):
            while not (await office.runtime.db.rows(held))[0]["held"]:
                await asyncio.sleep(0)
        assert await through(office, office.server.url).sweep() == 0
    hanging.set()
    assert await stuck == 1
    assert (len(office.mails), await office.states()) == (1, ["sent"])


@pytest.mark.parametrize("wrong", [HOUR, -HOUR])
@pytest.mark.parametrize("astray_first", [True, False])
async def test_f23_a_worker_whose_clock_is_wrong_sends_nothing_twice_and_nothing_never(
    office: Office, wrong: timedelta, astray_first: bool
) -> None:
    hanging = let_hang(office)
    await office.hear("Charger 21052 does not start.")
    astray = through(office, office.server.url, SetClock(office.clock.now() + wrong))
    first, second = sorted(
        (astray, through(office, office.server.url)), key=lambda one: (one is astray) != astray_first
    )
    sending = asyncio.create_task(first.sweep())
    await until(lambda: office.mails)
    assert await second.sweep() == 0, "another has it"
    hanging.set()
    assert await sending == 1
    assert (len(office.mails), await office.states()) == (1, ["sent"])


@pytest.mark.parametrize("wrong", [8 * 24 * HOUR, -8 * 24 * HOUR])
@pytest.mark.parametrize("astray_first", [True, False])
async def test_f23_b67_a_worker_whose_clock_is_wrong_acknowledges_no_more_than_others(
    office: Office, wrong: timedelta, astray_first: bool
) -> None:
    async def written(sites: range) -> None:
        for nth in sites:
            sender = Sender(email="script@example.com")
            await office.hear(f"The charger does not start {nth}.", sender=sender, site=f"s{nth:03d}")

    astray = through(office, office.server.url, SetClock(office.clock.now() + wrong))
    first, second = sorted(
        (astray, through(office, office.server.url)), key=lambda one: (one is astray) != astray_first
    )
    await written(range(1, 13))
    await first.sweep()
    assert len(office.mails) == 10
    await written(range(13, 17))
    await second.sweep()
    assert len(office.mails) == 10
    office.clock.forward(timedelta(days=1, seconds=1))
    await written(range(17, 19))
    await second.sweep()
    assert len(office.mails) == 12, "the day is over by the database's clock"


@pytest.mark.parametrize("wrong", [25 * HOUR, -25 * HOUR])
async def test_f23_what_a_machine_with_a_wrong_clock_asks_for_is_sent_at_once_and_not_called_too_old(
    office: Office, wrong: timedelta
) -> None:
    config = office.runtime.config
    async with open_runtime(config, "web", SetClock(office.clock.now() + wrong)) as astray:
        said = Report(
            Channel.EMAIL, "x", astray.clock.now(), "Charger 21052 does not start.", Sender(email="a@b.example")
        )
        await astray.intake.accept(said)
    assert await through(office, office.server.url).sweep() == 1
    assert (len(office.mails), await office.states()) == (1, ["sent"])
