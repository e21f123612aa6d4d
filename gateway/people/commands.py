"""The commands `person export`, `person part` and `person erase`."""

from __future__ import annotations

import json
from dataclasses import asdict

from gateway.blobs import open_blobs
from gateway.clock import SystemClock
from gateway.config import Config
from gateway.people.identities import part as part_address
from gateway.people.privacy import erase_person, export_person, find_person, note_export
from gateway.record.db import opened
from gateway.record.timeline import SYSTEM


async def export(config: Config, who: str) -> str:
    """Everything about a person as JSON; that it was taken is on the audit. Raises Nobody."""
    async with opened(config.direct_url) as db:
        person = await find_person(db, who)
        told = await export_person(db, person)
        await note_export(db, person, SYSTEM, SystemClock().now())
    return json.dumps(told, ensure_ascii=False, indent=2, default=str)


async def erase(config: Config, who: str) -> str:
    """Erase a person and say what was erased. Raises Nobody and Deferred."""
    async with opened(config.direct_url) as db:
        blobs = open_blobs(config.blob_url, config.data_dir)
        counts = await erase_person(db, blobs, await find_person(db, who), SYSTEM, SystemClock().now())
    return json.dumps(counts)


async def part(config: Config, address: str) -> str:
    """Take an address from the person it is linked to and say who has it now. Raises NotLinked."""
    async with opened(config.direct_url) as db:
        return json.dumps(asdict(await part_address(db, address, SYSTEM, SystemClock().now())))
