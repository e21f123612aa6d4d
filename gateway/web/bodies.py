"""The one guard around reading request bodies: measured first, decoded strictly, every fault a Problem and never a 500.

413 too large, 415 another content type, 400 not readable as what it claims to be, 422 readable but with values that the
record cannot hold (NaN, repeated names, lone surrogates, NUL). A body that was compressed is measured as it unfolds.
"""

from __future__ import annotations

import json
import math
import re
import zlib
from typing import Any, NoReturn
from urllib.parse import unquote_to_bytes

from aiohttp import ClientError, web
from aiohttp.http_exceptions import HttpProcessingError
from multidict import MultiDict

from gateway.web.problems import Problem

JSON_LIMIT = 1 << 20  # bytes
FORM_LIMIT = 256 << 10  # bytes
FORM_FIELDS = 300
DEPTH = 32
DIGITS = 100
FORM = "application/x-www-form-urlencoded"
FIELDS = web.RequestKey("fields", MultiDict[str])
TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)  # also ends a text at the end of the body
UNKEEPABLE = re.compile("[\0\ud800-\udfff]")
BROKEN = (HttpProcessingError, ClientError, web.RequestPayloadError, ConnectionError, EOFError, zlib.error)


async def read(request: web.Request, limit: int) -> bytes:
    """The whole body. Raises Problem 413 beyond `limit` bytes, 400 when it breaks off or cannot be unfolded."""
    if (request.content_length or 0) > limit:
        raise _too_large(limit)
    body = bytearray()
    try:
        while not request.content.at_eof():
            body += await request.content.readany()
            if len(body) > limit:
                raise _too_large(limit)
    except BROKEN as error:
        raise Problem(400, "The body broke off or is not encoded as its headers say.") from error
    return bytes(body)


async def json_object(request: web.Request, limit: int = JSON_LIMIT) -> dict[str, Any]:
    """The body as a JSON object (RFC 8259 read strictly, RFC 7493)."""
    if request.content_type != "application/json" and not request.content_type.endswith("+json"):
        raise Problem(415, "Send the body as application/json.")
    return strict_object(await read(request, limit))


def strict_object(body: bytes) -> dict[str, Any]:
    """Parse a JSON object. Raises Problem 400 when it is not one, 422 when it holds values that cannot be kept."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Problem(400, "The body is not UTF-8.") from error
    if _depth(text) > DEPTH:
        raise Problem(400, f"The body is nested deeper than {DEPTH} levels.")
    try:
        value = json.loads(
            text, parse_constant=_no_constant, parse_int=_integer, parse_float=_float, object_pairs_hook=_object
        )
    except ValueError as error:
        raise Problem(400, "The body is not JSON.") from error
    if not isinstance(value, dict):
        raise Problem(400, "The body is not a JSON object.")
    return value


async def form(request: web.Request, limit: int = FORM_LIMIT) -> MultiDict[str]:
    """The fields of an urlencoded form, read once a request. Raises Problem 400, 413 or 415."""
    kept: MultiDict[str] | None = request.get(FIELDS)
    if kept is not None:
        return kept
    if request.content_type != FORM:
        raise Problem(415, f"Send the body as {FORM}.")
    fields = form_fields(await read(request, limit))
    request[FIELDS] = fields
    return fields


def form_fields(body: bytes) -> MultiDict[str]:
    """Decode urlencoded fields strictly. Raises Problem 400 for bad UTF-8 or more fields than anyone fills in."""
    try:
        if body.count(b"&") >= FORM_FIELDS:
            raise ValueError("too many fields")
        fields = []
        for pair in body.decode("ascii").replace("+", " ").split("&"):
            name, _, value = pair.partition("=")
            if "%" in pair:
                name, value = unquote_to_bytes(name).decode(), unquote_to_bytes(value).decode()
            if pair:
                fields.append((name, value))
        return MultiDict(fields)
    except ValueError as error:
        raise Problem(400, "The form is not encoded as it should be.") from error


def _too_large(limit: int) -> Problem:
    return Problem(413, f"The body is larger than {limit} bytes.")


def _depth(text: str) -> int:
    depth = deepest = 0
    for token in TOKEN.finditer(text):
        first = token.group()[0]
        if first in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif first in "]}":
            depth -= 1
    return deepest


def _no_constant(name: str) -> NoReturn:
    raise Problem(422, f"{name} is not a JSON value.")


def _integer(digits: str) -> int:
    if len(digits) > DIGITS:
        raise Problem(400, f"A number has more than {DIGITS} digits.")
    return int(digits)


def _float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise Problem(422, "A number is too large.")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name, value in pairs:
        if name in result:
            raise Problem(422, f"The name {_shown(name)} is given twice.")
        result[name] = value
        for text in (name, value):
            _check_text(text)
    return result


def _check_text(value: Any) -> None:
    if isinstance(value, str):
        if UNKEEPABLE.search(value):
            raise Problem(422, "A text holds NUL or half a surrogate pair.")
    elif isinstance(value, list):
        for item in value:
            _check_text(item)


def _shown(name: str) -> str:
    return ascii(name[:40])
