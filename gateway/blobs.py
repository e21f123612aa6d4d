"""Files too large for a row: raw mails, attachments, recordings, stored under the SHA-256 of their content.

`keep` returns only when the bytes are durable: in a local folder the file and its folders are fsynced, elsewhere the
store's own answer counts. Storing the same content again costs nothing. Every failure is `BlobsUnavailable`, told in
`PATIENCE`. A store elsewhere takes its credentials from the variables of its maker (`AWS_ACCESS_KEY_ID`, …).
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import LocalStore, ObjectStore, from_url

PATIENCE = 10.0  # seconds for one file, all tries of it together
ABSENT = "0" * 64  # the digest of nothing that will ever be kept
_NETWORK: dict[str, Any] = {
    # Whoever names an address without TLS (AWS_ENDPOINT) means it: a store beside us.
    "client_options": {
        "connect_timeout": timedelta(seconds=2),
        "timeout": timedelta(seconds=PATIENCE),
        "allow_http": True,
    },
    "retry_config": {"max_retries": 3, "retry_timeout": timedelta(seconds=PATIENCE / 2)},
}


class BlobsUnavailable(Exception):
    """The blob store did not answer or could not store."""


class Blobs:
    """A blob store given by URL (`file:///…`, `s3://…`), or a folder."""

    def __init__(self, store: ObjectStore, folder: Path | None) -> None:
        self._store = store
        self._folder = folder

    async def keep(self, content: bytes) -> str:
        """Store the bytes and return their SHA-256 in hexadecimal."""
        digest = hashlib.sha256(content).hexdigest()
        async with _told():
            if self._folder is None:
                await self._store.put_async(_path(digest), content)
            else:
                await asyncio.to_thread(_write, self._folder / _path(digest), content)
        return digest

    async def read(self, digest: str) -> bytes | None:
        """The bytes, or None when nothing lies under this digest."""
        async with _told():
            try:
                answer = await self._store.get_async(_path(digest))
                return bytes(await answer.bytes_async())
            except FileNotFoundError:
                return None

    async def erase(self, digest: str) -> None:
        """Remove the bytes; removing what is not there is no error."""
        async with _told():
            with suppress(FileNotFoundError):
                await self._store.delete_async(_path(digest))


def open_blobs(url: str | None, data_dir: Path) -> Blobs:
    """The store that `BLOB_URL` names, or a folder below the data directory."""
    if url and not url.startswith("file://"):
        return Blobs(from_url(url, **_NETWORK), None)
    folder = Path(unquote(urlsplit(url).path)) if url else data_dir / "blobs"
    folder.mkdir(parents=True, exist_ok=True)
    return Blobs(LocalStore(folder), folder)


def faults(url: str) -> list[str]:
    """Why files could not be kept at this `BLOB_URL`, a line each. One that does not answer has no faults here."""
    if not url or url.startswith("file://"):
        return []
    try:
        store, trial = from_url(url, **_NETWORK), f"trial/{os.getpid()}.{os.urandom(4).hex()}"
    except (BaseError, ValueError) as error:
        return [f"BLOB_URL: {_first_line(error)}"]
    try:
        store.put(trial, b"")
        store.delete(trial)
    except (PermissionDeniedError, UnauthenticatedError):
        return ["BLOB_URL: the store refuses us: files must be put, read and deleted there; are the credentials right?"]
    except FileNotFoundError:
        return ["BLOB_URL: there is no such bucket or container"]
    except BaseError:
        return []
    return []


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


@asynccontextmanager
async def _told() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(PATIENCE):
            yield
    except (BaseError, OSError) as error:  # a time-out is one too
        raise BlobsUnavailable(type(error).__name__) from error


def _path(digest: str) -> str:
    return f"{digest[:2]}/{digest[2:]}"


def _write(path: Path, content: bytes) -> None:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}"), content)
    # Of a file that is there already, too: whoever wrote it may not have come so far.
    for folder in (path.parent, path.parent.parent):
        sync_folder(folder)


def write_whole(path: Path, partial: Path, content: bytes) -> None:
    """A file with all of its content on the disk, written as `partial` until it is; its name is not durable yet."""
    try:
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
