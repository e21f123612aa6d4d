"""What is kept about a person as one file to hand over: `person.json` and all files it names, in a ZIP.

A file that its store no longer has is left out, and stands in `missing.txt`. Nothing is kept of it here.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from tempfile import SpooledTemporaryFile
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile

from gateway.blobs import Blobs
from gateway.people.privacy import export_person
from gateway.record.db import Database, statements

SQL = statements("privacy")
IN_MEMORY = 8 << 20  # bytes; more lies in a temporary file
LONGEST_NAME = 100  # signs


async def take_out(db: Database, blobs: Blobs, person: int) -> IO[bytes]:
    """The ZIP as an open file that vanishes when it is closed. Raises Unavailable and BlobsUnavailable."""
    told = await export_person(db, person)
    file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - whoever sends it closes it
    with ZipFile(file, "w", ZIP_DEFLATED) as packed:
        packed.writestr("person.json", json.dumps(told, ensure_ascii=False, indent=2, default=str))
        missing = [name async for name, content in _files(db, blobs, told) if not await _added(packed, name, content)]
        if missing:
            packed.writestr("missing.txt", "\n".join(missing))
    file.seek(0)
    return file


async def _added(packed: ZipFile, name: str, content: bytes | None) -> bool:
    if content is not None:
        await asyncio.to_thread(packed.writestr, name, content)
    return content is not None


async def _files(db: Database, blobs: Blobs, told: Mapping[str, Any]) -> AsyncIterator[tuple[str, bytes | None]]:
    for report in told["reports"]:
        if report["channel"] == "email" and (kept := await db.row(SQL["raw_of"], {"report": report["id"]})):
            yield f"mails/{report['id']}.eml", await blobs.read(kept["raw_blob"]) if kept["raw_blob"] else kept["raw"]
    for nth, one in enumerate(told["attachments"], 1):
        yield f"attachments/{one['report_id']}-{nth}-{_plain(one['name'])}", await blobs.read(one["sha256"])
    for one in told["recordings"]:
        if one["sha256"]:
            sound = await blobs.read(one["sha256"])
            yield f"recordings/{one['sid']}.{'wav' if sound and sound.startswith(b'RIFF') else 'mp3'}", sound


def _plain(name: str) -> str:
    """A name that is a file's in any folder: a stranger chose it."""
    return "".join(sign if sign.isalnum() or sign in "-_. " else "_" for sign in name)[-LONGEST_NAME:]
