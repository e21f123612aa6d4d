"""Zero loss, shown: every channel's own ledger against what is in reports, the differences listed and mended."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from channels.provider import Account, Provider
from channels.report import Channel, Report, Sender
from gateway import alerts
from gateway.clock import SystemClock
from gateway.config import Config
from gateway.ledgers import receipts, signing, statement
from gateway.ledgers.accounting import draw_up
from gateway.ledgers.reconciling import Reconciler
from gateway.phone import telephony
from gateway.record import accounts
from gateway.record.facts import day_of
from tests.fakes import provider as fakes
from tests.fakes.house import House, open_house

PASSWORD = "a quiet shift for everybody"
OURS, CALLER = "+46313900100", "+46846500421"
WEEK = timedelta(days=7)


@pytest.fixture
async def house(config: Config) -> AsyncIterator[House]:
    async with open_house(config) as house:
        await house.hire("a01", PASSWORD, "manager")
        assert (await house.log_in("agent01@support.example", PASSWORD)).status == 303
        yield house


async def drawn(house: House) -> dict[str, accounts.Account]:
    runtime = house.runtime
    since = day_of(runtime.clock.now()) - WEEK
    found = await draw_up(runtime.db, runtime.clock, runtime.spool, runtime.config.data_dir, since)
    return {one.door: one for one in found}


async def test_every_promise_is_in_the_doors_own_book_and_in_reports(house: House) -> None:
    await house.report("Laddaren 22809 startar inte", key="once")
    await house.report("Laddaren 22809 startar inte", key="once")
    mail = Report(Channel.EMAIL, "m1", house.runtime.clock.now(), "Hej", Sender(email="p@example.com"))
    await house.runtime.intake.accept(mail)
    found = await drawn(house)
    assert {door: (one.came, one.kept, one.difference) for door, one in found.items()} == {
        "api": (1, 1, 0),
        "web": (1, 1, 0),  # mail, under the role that took it in
    }
    page = await (await house.client.get("/managers/accounts?language=en")).text()
    assert "adds up" in page
    assert "does not add up" not in page


@pytest.mark.parametrize(("role", "channel", "door"), [("web", Channel.FORM, "form"), ("smtp", Channel.EMAIL, "smtp")])
async def test_f43_what_a_database_set_back_no_longer_knows_is_listed_by_time_and_door(
    house: House, role: str, channel: Channel, door: str
) -> None:
    runtime = house.runtime
    await house.report("Laddaren 22809 startar inte")
    forgotten = Report(channel, "before the restore", runtime.clock.now(), "Hej")
    receipts.Receipts(runtime.config.data_dir, role, runtime.clock).note(forgotten)
    found = await drawn(house)
    assert found["api"].difference == 0
    assert found[door].difference == 1
    mark = forgotten.digest().hex()[:16]
    page = await (await house.client.get("/managers/accounts?language=en")).text()
    assert mark in page
    assert "does not add up" in page
    assert "1 thing came and is not in the record." in page
    assert any(mark in line for line in statement.lines(found.values()))
    assert await alerts.look(runtime) == 0  # it begins
    assert await alerts.look(runtime) == 1  # and is told, once
    assert await alerts.look(runtime) == 0
    assert "Zero loss" in await (await house.client.get("/managers/alarms?language=en")).text()
    await runtime.intake.accept(forgotten)  # the sender came again
    assert (await drawn(house))[door].difference == 0
    await alerts.look(runtime)
    assert await alerts.standing(runtime) == []


async def test_n5_every_day_is_signed_and_nothing_signed_changes_unseen(house: House) -> None:
    runtime, day = house.runtime, timedelta(days=1)
    keys, today = runtime.config.secret_keys, day_of(runtime.clock.now())
    kept = accounts.Account(today - 2 * day, "smtp", "doors x", 5, 5)
    lost = accounts.Account(today - 2 * day, "form", "doors x", 2, 1, missing=[accounts.Missing("ab12", None)])
    await accounts.keep(runtime.db, [kept, lost, replace(kept, day=today)], runtime.clock.now())
    assert await signing.sign_days(runtime) == 1
    assert await signing.sign_days(runtime) == 0
    assert "1 MISSING" in (await accounts.statements_since(runtime.db, date.min))[0].text
    await accounts.keep(runtime.db, [replace(lost, kept=2, mended=1, missing=())], runtime.clock.now())
    assert await signing.sign_days(runtime) == 1
    first, second = book = await accounts.statements_since(runtime.db, date.min)
    assert [(one.day, one.edition) for one in book] == [(today - 2 * day, 1), (today - 2 * day, 2)]
    assert f"after {first.seal}\n" in second.text
    assert "everything adds up" in second.text
    assert signing.faults(keys, book) == []
    answer = await house.client.get(f"/managers/accounts/{first.seal}.txt")
    text = await answer.text()
    assert text == signing.sheet(first)
    assert signing.genuine(keys, text)
    assert not signing.genuine(keys, text.replace("5 came", "4 came"))
    assert not signing.genuine(["another key of another house, long enough"], text)
    assert (await house.client.get("/managers/accounts/nothing.txt")).status == 404
    assert first.seal in await (await house.client.get("/managers/accounts?language=en")).text()
    assert signing.faults(keys, [second]) == [f"{second.day}, edition 2: a statement before it is missing"]
    changed = replace(first, text=first.text.replace("MISSING", "kept"))
    assert signing.faults(keys, [changed, second]) == [f"{first.day}, edition 1: not as it was signed"]
    with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        await runtime.db.run("UPDATE statements SET text = ''")


async def test_what_waits_in_the_spool_is_waiting_and_not_missing(house: House) -> None:
    runtime = house.runtime
    spooled = Report(Channel.FORM, "while the database was away", runtime.clock.now(), "Hej")
    await runtime.spool.keep(spooled)
    (path,) = runtime.spool.waiting()
    aside = path.rename(path.with_suffix(".aside"))  # as long as nobody empties it
    assert (await drawn(house))["form"].difference == 1
    aside.rename(path)
    runtime.spool.arrived.clear()
    one = (await drawn(house))["form"]
    assert (one.came, one.kept + one.waiting, one.difference) == (1, 1, 0)


async def test_a_long_day_is_accounted_for_in_parts_and_comes_out_the_same(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = house.runtime
    for nth in range(8):
        await house.report(f"Laddaren {nth % 6} startar inte", key=f"kept {nth % 6}")
    book = receipts.Receipts(runtime.config.data_dir, "web", runtime.clock)
    lost = [Report(Channel.FORM, f"lost {nth}", runtime.clock.now(), "Hej") for nth in range(20)]
    for report in (*lost, *lost):
        book.note(report)
    waits = Report(Channel.FORM, "waits", runtime.clock.now(), "Hej")
    await runtime.spool.keep(waits)
    whole = await drawn(house)
    assert (whole["api"].came, whole["api"].difference) == (6, 0)
    assert (whole["form"].came, whole["form"].difference) == (21, 20)
    assert [one.id for one in whole["form"].missing] == [report.digest().hex()[:16] for report in lost]
    monkeypatch.setattr(receipts, "LONG", 0)
    assert len(list(receipts.promised(runtime.config.data_dir, day_of(runtime.clock.now())))) == 16
    parts = await drawn(house)  # what waited may be taken in meanwhile
    assert {name: (one.came, one.kept + one.waiting, one.missing) for name, one in parts.items()} == {
        name: (one.came, one.kept + one.waiting, one.missing) for name, one in whole.items()
    }


async def test_a_book_survives_torn_lines_and_full_disks(config: Config) -> None:
    clock = SystemClock()
    today = day_of(clock.now())
    book = receipts.Receipts(config.data_dir, "smtp", clock)
    report = Report(Channel.EMAIL, "k", clock.now(), "x")
    book.note(report)
    book.note(report)
    book.close()
    folder = config.data_dir / "receipts"
    with (folder / f"{today.isoformat()}.txt").open("a") as file:
        file.write("smtp 00ff\nsmtp zz 2026-01-01\nsmtp 0")
    assert [list(part["smtp"]) for part in receipts.promised(config.data_dir, today)] == [[report.digest()]]
    assert receipts.name_of(config.data_dir) == receipts.name_of(config.data_dir)
    (folder / "2020-01-01.txt").write_text("")
    receipts.forget(config.data_dir, today)
    assert receipts.days(config.data_dir) == [today]
    blocked = receipts.Receipts(config.data_dir / "receipts" / "name", "smtp", clock)  # a file where a folder should be
    blocked.note(report)  # costs nobody a report


async def test_the_providers_lists_are_compared_day_by_day_and_mended(house: House) -> None:
    peer, runtime = fakes.Provider(), house.runtime
    async with TestServer(peer.app()) as server, ClientSession() as session:
        url = str(server.make_url("/")).rstrip("/")
        port = Provider(Account(fakes.ACCOUNT, "token", url, "https://support.example"), session)
        reconciler = Reconciler(runtime, port, telephony.phone_door(runtime), telephony.sms_door(runtime, {OURS}))
        lost = peer.add_call(**{"from": CALLER, "to": OURS})
        peer.add_message(**{"from": CALLER, "to": OURS, "body": "laddaren är sönder"})
        peer.add_call(**{"from": OURS, "to": CALLER, "direction": "outbound-api"})
        since = day_of(runtime.clock.now() - timedelta(hours=2))  # what came may have come before midnight
        before = {one.door: one for one in await reconciler.draw_up(since) if one.came}
        assert {one.came - one.kept for one in before.values()} == {1}
        assert lost in [gone.id for gone in before["phone"].missing] or before["phone"].waiting == 1
        assert await reconciler.sweep() == 2
        found = {
            one.door: one
            for one in await accounts.lately(runtime.db, since)
            if one.ledger == accounts.PROVIDER and one.came
        }
        assert {door: (one.came, one.kept, one.mended, one.difference) for door, one in found.items()} == {
            "phone": (1, 1, 1, 0),
            "sms": (1, 1, 1, 0),
        }
        await reconciler.draw_up(since)
        again = await accounts.lately(runtime.db, since)
        assert [
            one.mended for one in again if one.door == "phone" and one.ledger == accounts.PROVIDER and one.came
        ] == [1]


async def test_a_mailboxs_days_are_told_apart(house: House) -> None:
    db, now = house.runtime.db, datetime(2026, 11, 25, 12, tzinfo=UTC)
    today = now.date()
    yesterday = today - timedelta(days=1)
    await accounts.keep(db, [accounts.Account(yesterday, "imap", "support@m", 12, 10, 2)], now)
    await accounts.keep(db, [accounts.Account(today, "imap", "support@m", 19, 18, 1)], now)
    found = {one.day: (one.came, one.kept, one.waiting, one.difference) for one in await accounts.lately(db, yesterday)}
    assert found == {yesterday: (12, 10, 2, 0), today: (9, 8, 1, 0)}
