"""Somebody else's address or number typed into the form: they hear from us at most once, and in our words alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from channels.report import Channel
from gateway.clock import SystemClock
from gateway.config import Config
from gateway.messages.outbox import Delivery, Outgoing, Sweeper, facts_from
from tests.fakes.clock import LeaseClock
from tests.fakes.house import House, open_house

VICTIM = "victim@example.net"
BAIT = "Klicka på http://evil.example och vinn"


class Letterbox:
    """Where messages end in this test."""

    def __init__(self) -> None:
        self.sent: list[Outgoing] = []

    async def deliver(self, outgoing: Outgoing) -> Delivery:
        self.sent.append(outgoing)
        return Delivery("sent")


@pytest.fixture
async def house(config: Config) -> AsyncIterator[House]:
    async with open_house(config, clock=LeaseClock(SystemClock().now(), config.database_url)) as opened:
        yield opened


def sweeper(house: House, box: Letterbox) -> Sweeper:
    runtime = house.runtime
    facts = facts_from("https://support.example", None, lambda *about: [], lambda *about: "")
    return Sweeper(runtime.db, runtime.clock, {str(Channel.EMAIL): box, str(Channel.SMS): box}, facts)


async def test_b78_an_address_typed_in_by_many_forms_is_written_to_once_an_hour_and_never_in_a_stranger_s_words(
    house: House,
) -> None:
    box = Letterbox()
    for nth in range(30):
        fields = {
            "form_token": await house.form_token(),
            "text": f"{BAIT} {nth}",
            "name": BAIT,
            "email": VICTIM,
            "charger": "21052",
        }
        assert (await house.submit(fields)).status == 303
    await sweeper(house, box).sweep()
    assert len(box.sent) == 1
    (letter,) = box.sent
    assert letter.recipient == VICTIM
    for part in (letter.words.subject, letter.words.text):
        assert "evil.example" not in part
        assert "vinn" not in part
    row = await house.runtime.db.row("SELECT bool_or(verified) AS v FROM identities WHERE value = %(v)s", {"v": VICTIM})
    assert row is not None
    assert row["v"] is False


async def test_b78_forms_about_many_places_do_not_fill_a_mailbox(house: House) -> None:
    box, clock = Letterbox(), house.runtime.clock
    for nth, charger in enumerate(list(house.runtime.directory().chargers)[:200:10]):
        fields = {"form_token": await house.form_token(), "text": f"{BAIT} {nth}", "email": VICTIM, "charger": charger}
        assert (await house.submit(fields)).status == 303
        await sweeper(house, box).sweep()
    within_the_hour = len(box.sent)
    assert within_the_hour == 1
    clock.forward(timedelta(hours=2))  # type: ignore[attr-defined]
    fields = {"form_token": await house.form_token(), "text": "En gång till", "email": VICTIM, "charger": "22809"}
    assert (await house.submit(fields)).status == 303
    await sweeper(house, box).sweep()
    assert len(box.sent) == 2
