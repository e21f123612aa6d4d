"""What is kept about a person as one file to hand over: `person.json` and all files it names, in a ZIP.

A file that its store no longer has is left out, and stands in `missing.txt`. Nothing is kept of it here.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack
from tempfile import SpooledTemporaryFile
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile

from channels.mail.attachments import clean_name
from gateway.blobs import Blobs
from gateway.people.privacy import export_person
from gateway.record.db import Database, statements

SQL = statements("privacy")
IN_MEMORY = 8 << 20  # bytes; more lies in a temporary file


async def take_out(db: Database, blobs: Blobs, person: int) -> IO[bytes]:
    """The ZIP as an open file that vanishes when it is closed. Raises Unavailable and BlobsUnavailable."""
    told = await export_person(db, person)
    with ExitStack() as stack:
        file = stack.enter_context(SpooledTemporaryFile(max_size=IN_MEMORY))
        with ZipFile(file, "w", ZIP_DEFLATED) as packed:
            packed.writestr("person.json", json.dumps(told, ensure_ascii=False, indent=2, default=str))
            files = _files(db, blobs, told)
            missing = [name async for name, content in files if not await _added(packed, name, content)]
            if missing:
                packed.writestr("missing.txt", "\n".join(missing))
        file.seek(0)
        stack.pop_all()  # whoever sends it closes it
    return file


async def _added(packed: ZipFile, name: str, content: bytes | None) -> bool:
    if content is not None:
        await asyncio.to_thread(packed.writestr, name, content)
    return content is not None


async def _files(db: Database, blobs: Blobs, told: Mapping[str, Any]) -> AsyncIterator[tuple[str, bytes | None]]:
    for report in told["reports"]:
        if kept := await db.row(SQL["raw_of"], {"report": report["id"]}):
            name = f"mails/{report['id']}.eml" if report["channel"] == "email" else f"received/{report['id']}"
            yield name, await blobs.read(kept["raw_blob"]) if kept["raw_blob"] else kept["raw"]
    for part, key in (("attachments", "report_id"), ("files", "message_id"), ("documents", "case_id")):
        for nth, one in enumerate(told[part], 1):
            yield f"{part}/{one[key]}-{nth}-{clean_name(one['name'])}", await blobs.read(one["sha256"])
    for one in told["recordings"]:
        if one["sha256"]:
            sound = await blobs.read(one["sha256"])
            yield f"recordings/{one['sid']}.{'wav' if sound and sound.startswith(b'RIFF') else 'mp3'}", sound
