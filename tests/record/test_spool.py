"""What waits for the database: durable, once, oldest first, and never in the way."""

import asyncio
import os
from pathlib import Path

import pytest

from channels.report import Alarm, Attachment, Channel, NotStored, Receipt, Report, Sender
from gateway import spool
from gateway.emptying import keep_empty
from gateway.hosting.stopping import end
from gateway.record import cases
from gateway.runtime import Runtime
from gateway.spool import SpoolUnusable, open_spool
from tests.fakes.disk import failing_sync
from tests.record.conftest import NOON


def report(key: str) -> Report:
    return Report(
        channel=Channel.FORM,
        key=key,
        received_at=NOON,
        text="Laddare 21007 startar inte.",
        sender=Sender("Anna", "+46701740001"),
        attachments=(Attachment("b.jpg", "image/jpeg", bytes(range(256))),),
        alarm=Alarm(error="GroundFailure"),
        raw=b"\x00\xff",
        fingerprint=b"\x01\xfe",
    )


async def test_a_kept_report_comes_back_whole_and_the_same_key_is_one_file(tmp_path: Path):
    held = open_spool(tmp_path)
    for key in ("one", "two", "one"):
        await held.keep(report(key))
    seen: list[Report] = []

    async def accept(given: Report) -> Receipt:
        seen.append(given)
        return Receipt("1-1", 1, "opened", "t", "0000", "P3", "other", "helpdesk")  # type: ignore[arg-type]

    assert await held.empty(accept) == 2
    assert sorted(r.key for r in seen) == ["one", "two"]
    assert report("one") in seen
    assert held.waiting() == []


@pytest.mark.parametrize("nth", [1, 2])
async def test_f21_what_a_disk_cannot_make_durable_is_not_kept_until_it_can_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nth: int
):
    held, synced = open_spool(tmp_path), failing_sync(monkeypatch, nth)
    with pytest.raises(NotStored):
        await held.keep(report("one"))
    await held.keep(report("one"))
    assert synced[-1] == tmp_path / "spool", "whoever finds it there knows that it stays"
    assert list((tmp_path / "spool").iterdir()) == held.waiting()


async def test_while_the_database_is_away_files_stay_in_their_order(tmp_path: Path):
    held = open_spool(tmp_path)
    for age, key in ((10, "young"), (1000, "old")):
        await held.keep(report(key))
        file = next(path for path in held.waiting() if report(key).digest().hex() in path.name)
        os.utime(file, (0, 10_000 - age))
    tried: list[str] = []

    async def refuse(given: Report) -> Receipt:
        tried.append(given.key)
        raise NotStored

    with pytest.raises(NotStored):
        await held.empty(refuse)
    assert tried == ["old"]
    assert len(held.waiting()) == 2
    assert held.oldest() is not None


async def test_a_file_that_cannot_be_read_is_moved_aside_and_holds_nobody_up(tmp_path: Path):
    held = open_spool(tmp_path)
    (tmp_path / "spool" / "broken.report").write_bytes(b"{")
    await held.keep(report("one"))

    async def accept(given: Report) -> Receipt:
        return Receipt("1-1", 1, "opened", "t", "0000", "P3", "other", "helpdesk")  # type: ignore[arg-type]

    assert await held.empty(accept) == 1
    assert [path.name for path in (tmp_path / "spool").iterdir()] == ["broken.unreadable"]


def test_who_starts_shows_nothing_of_its_trial_to_who_empties_the_same_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    beside = open_spool(tmp_path)
    seen: list[list[Path]] = []
    monkeypatch.setattr(spool, "sync_folder", lambda _: seen.append(beside.waiting()))
    open_spool(tmp_path)
    assert seen == [[]]


async def test_what_another_process_takes_away_meanwhile_is_passed_over(tmp_path: Path):
    held = open_spool(tmp_path)
    await held.keep(report("one"))
    (tmp_path / "spool" / "gone.report").symlink_to(tmp_path / "nowhere")
    assert [path.name for path in held.waiting()] == [f"{report('one').digest().hex()}.report"]
    assert held.oldest() is not None


def test_a_folder_that_cannot_be_written_is_refused_at_start(tmp_path: Path):
    (tmp_path / "spool").write_text("a file where the folder should be")
    with pytest.raises(SpoolUnusable, match="spool"):
        open_spool(tmp_path)


async def test_a_process_empties_its_spool_by_itself(runtime: Runtime):
    emptying = asyncio.create_task(keep_empty(runtime))
    async with asyncio.timeout(10), runtime.live.subscribe() as events:
        await runtime.spool.keep(report("one"))
        await anext(events)
    await end([emptying])
    listed, _ = await cases.listing(runtime.db, cases.Filters(), 10)
    assert [entry.case.opened_at for entry in listed] == [NOON]
