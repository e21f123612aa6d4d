"""Files too large for a row: raw mails, attachments, recordings, stored under the SHA-256 of their content.

`keep` returns only when the bytes are durable: in a local folder the file and its folders are fsynced, elsewhere the
store's own answer counts. Storing the same content again costs nothing. Every failure is `BlobsUnavailable`.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url


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
        try:
            if self._folder is None:
                await self._store.put_async(_path(digest), content)
            else:
                await asyncio.to_thread(_write, self._folder / _path(digest), content)
        except (BaseError, OSError) as error:
            raise BlobsUnavailable(type(error).__name__) from error
        return digest

    async def read(self, digest: str) -> bytes | None:
        """The bytes, or None when nothing lies under this digest."""
        try:
            answer = await self._store.get_async(_path(digest))
            return bytes(await answer.bytes_async())
        except FileNotFoundError:
            return None
        except (BaseError, OSError) as error:
            raise BlobsUnavailable(type(error).__name__) from error

    async def erase(self, digest: str) -> None:
        """Remove the bytes; removing what is not there is no error."""
        try:
            await self._store.delete_async(_path(digest))
        except FileNotFoundError:
            return
        except (BaseError, OSError) as error:
            raise BlobsUnavailable(type(error).__name__) from error


def open_blobs(url: str | None, data_dir: Path) -> Blobs:
    """The store that `BLOB_URL` names, or a folder below the data directory."""
    if url and not url.startswith("file://"):
        return Blobs(from_url(url), None)
    folder = Path(unquote(urlsplit(url).path)) if url else data_dir / "blobs"
    folder.mkdir(parents=True, exist_ok=True)
    return Blobs(LocalStore(folder), folder)


def _path(digest: str) -> str:
    return f"{digest[:2]}/{digest[2:]}"


def _write(path: Path, content: bytes) -> None:
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.rename(path)
    for folder in (path.parent, path.parent.parent):
        sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
