"""A form with files, read in two steps: first what was written, then what is attached.

A file that cannot be kept never costs the words beside it: it is left out and its fault is named. Only a fault before
the first file is a Problem (400, 413); after it, the form counts as whole but for its files.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, cast

from aiohttp import BodyPartReader, MultipartReader, web

from channels.mail.attachments import clean_name
from gateway.web.arriving import Arriving
from gateway.web.bodies import BROKEN, form
from gateway.web.problems import Problem

MULTIPART = "multipart/form-data"
FAULTS = (*BROKEN, ValueError, RuntimeError, LookupError, AssertionError)


class _TooMuch(ValueError):
    """Everything together is more than anyone sends."""


class FileFault(StrEnum):
    TOO_LARGE = "too_large"
    TOO_MANY = "too_many"
    TOO_MUCH = "too_much"
    EMPTY = "empty"
    BROKEN_OFF = "broken_off"


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """Bytes of one text field, one file, everything together; numbers of fields and files."""

    text: int = 128 << 10
    file: int = 16 << 20
    whole: int = 100 << 20
    fields: int = 60
    files: int = 10


@dataclass(slots=True)
class Files:
    """The contents that came whole, in order, with the names they were given, and why others did not."""

    contents: list[bytes] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    faults: list[FileFault] = field(default_factory=list)


class Upload:
    """One posted form. `fields()` first, then `files()`; each reads as far as it needs to."""

    def __init__(self, request: web.Request, limits: UploadLimits | None = None) -> None:
        self._request = request
        self.limits = limits or UploadLimits()
        self._body = Arriving(request.content)
        self._parts: AsyncIterator[BodyPartReader] | None = None
        self._first_file: BodyPartReader | None = None
        self._fields: dict[str, str] = {}
        self._seen = 0

    async def first(self, name: str) -> str | None:
        """What a form begins with, when it is this field. Raises Problem 400 or 413."""
        await self._next()
        return self._fields.get(name)

    async def fields(self) -> dict[str, str]:
        """The text fields that come before the first file. Raises Problem 400, 413 or 415."""
        if self._request.content_type != MULTIPART:
            self._fields.update(await form(self._request))
            return self._fields
        while self._first_file is None and await self._next():
            pass
        self._body.by_line = False
        return self._fields

    async def files(self) -> Files:
        """The files, and the text fields after them, which join what `fields()` gave. Never raises for a bad file."""
        files = Files()
        if self._parts is None or self._first_file is None:
            return files
        try:
            await self._take_file(self._first_file, files)
            async for part in self._parts:
                if part.filename is not None:
                    await self._take_file(part, files)
                else:
                    await self._take_field(part)
        except _TooMuch:
            files.faults.append(FileFault.TOO_MUCH)
        except (*FAULTS, Problem):
            files.faults.append(FileFault.BROKEN_OFF)
        return files

    async def close(self) -> None:
        """Stop reading, whatever is still to come."""
        await self._body.stop()

    async def _next(self) -> bool:
        """Take one more field, or see that the files begin; False when nothing follows."""
        if self._parts is None:
            self._body.start()
            self._parts = self._read_parts()
        try:
            part = await anext(self._parts, None)
            if part is not None and part.filename is not None:
                self._first_file = part
            elif part is not None:
                await self._take_field(part)
        except FAULTS as error:
            raise Problem(400, "The form is not encoded as it should be.") from error
        return part is not None

    async def _read_parts(self) -> AsyncIterator[BodyPartReader]:
        reader = MultipartReader(self._request.headers, cast(Any, self._body))
        while (part := await reader.next()) is not None:
            if isinstance(part, MultipartReader):
                raise ValueError("parts within parts")
            self._seen += 1
            if self._seen > self.limits.fields:
                raise Problem(413, "The form has too many fields.")
            yield part

    async def _take_field(self, part: BodyPartReader) -> None:
        content = await self._content(part, self.limits.text)
        if content is None:
            raise Problem(413, "A field of the form is too long.")
        if part.name:
            self._fields.setdefault(part.name, content.decode("utf-8"))

    async def _take_file(self, part: BodyPartReader, files: Files) -> None:
        wanted = len(files.contents) < self.limits.files
        content = await self._content(part, self.limits.file if wanted else 0)
        if not wanted:
            files.faults.append(FileFault.TOO_MANY)
        elif content is None:
            files.faults.append(FileFault.TOO_LARGE)
        elif content:
            files.contents.append(content)
            files.names.append(clean_name(part.filename or ""))
        elif part.filename:
            files.faults.append(FileFault.EMPTY)

    async def _content(self, part: BodyPartReader, limit: int) -> bytes | None:
        """The bytes of a part, read to its end; None when there are more than `limit`."""
        content = bytearray()
        fits = True
        while not part.at_eof():
            raw = await part.read_chunk(64 << 10)
            if self._body.total > self.limits.whole:
                raise _TooMuch
            if fits:
                content += raw
                fits = len(content) <= limit
        if not fits:
            return None
        whole = bytearray()
        async for decoded in part.decode_iter(content):
            whole += decoded
        return bytes(whole)


BEGUN = web.RequestKey("begun", Upload)  # a form in a guarded room: of what is there, its token has been read


def begun(request: web.Request, limits: UploadLimits | None = None) -> Upload:
    """The form that is posted, within these limits from here on."""
    upload = request.get(BEGUN) or Upload(request)
    upload.limits = limits or UploadLimits()
    return upload
