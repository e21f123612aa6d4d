"""Files under their content's digest: in a folder or in a bucket, and never a long silence when the store is away."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway import blobs
from gateway.blobs import Blobs, BlobsUnavailable, faults, open_blobs
from tests.fakes.disk import failing_sync
from tests.fakes.s3 import BUCKET, Bucket

URL = f"s3://{BUCKET}/files"


@pytest.fixture
async def bucket(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bucket]:
    opened = Bucket()
    await opened.server.start_server()
    for name, value in opened.environ().items():
        monkeypatch.setenv(name, value)
    yield opened
    await opened.server.close()


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    if request.param == "folder":
        return open_blobs(None, tmp_path)
    request.getfixturevalue("bucket")
    return open_blobs(URL, tmp_path)


async def test_what_is_kept_is_read_again_until_it_is_erased(store: Blobs) -> None:
    content = bytes(range(256)) * 5000
    digest = await store.keep(content)
    assert digest == hashlib.sha256(content).hexdigest() == await store.keep(content)
    assert await store.read(digest) == content
    await store.erase(digest)
    assert await store.read(digest) is None
    await store.erase(digest)


@pytest.mark.parametrize("nth", [1, 2, 3])
async def test_f21_what_a_disk_cannot_make_durable_is_not_kept_until_it_can_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    store, synced = open_blobs(None, tmp_path), failing_sync(monkeypatch, nth)
    with pytest.raises(BlobsUnavailable):
        await store.keep(b"photo")
    digest = await store.keep(b"photo")
    folder = tmp_path / "blobs" / digest[:2]
    assert synced[-2:] == [folder, folder.parent], "whoever finds it there knows that it stays"
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [digest[2:]]


async def test_a_store_that_hangs_is_told_of_in_time(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_blobs(URL, Path())
    digest = await store.keep(b"before")
    bucket.mood = "hangs"
    monkeypatch.setattr(blobs, "PATIENCE", 0.2)
    for act in (store.keep(b"now"), store.read(digest), store.erase(digest)):
        with pytest.raises(BlobsUnavailable, match="TimeoutError"):
            async with asyncio.timeout(5):
                await act


async def test_a_store_that_is_busy_is_asked_again_a_few_times(bucket: Bucket) -> None:
    bucket.mood = "too many"
    with pytest.raises(BlobsUnavailable):
        await open_blobs(URL, Path()).keep(b"now")
    assert 2 <= bucket.asked <= 5


async def test_a_store_that_cannot_be_used_is_refused_at_start(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await asyncio.to_thread(faults, URL) == []
    assert bucket.objects == {}
    assert await asyncio.to_thread(faults, "s3://other/files") == ["BLOB_URL: there is no such bucket or container"]
    bucket.mood = "too many"
    assert await asyncio.to_thread(faults, URL) == [], "one that is away may come back"
    bucket.mood = "well"
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIASOMEBODYELSE")
    (refused,) = await asyncio.to_thread(faults, URL)
    assert "the store refuses us" in refused


@pytest.mark.parametrize("url", ["ftp://files.example.com/x", "files", "s3://", "az://container/x"])
def test_an_address_that_is_none_is_refused_with_its_name(url: str) -> None:
    (fault,) = faults(url)
    assert fault.startswith("BLOB_URL: ")
    assert "\n" not in fault
