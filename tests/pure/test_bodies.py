"""Bodies are measured and decoded strictly: a bad one is a 4xx with a reason, never a 500."""

from __future__ import annotations

import gzip
import json
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from hypothesis import given
from hypothesis import strategies as st

from gateway.web import bodies
from gateway.web.bodies import strict_object
from gateway.web.problems import Problem

Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def client(aiohttp_client: Callable[[web.Application], Awaitable[Client]]) -> Client:
    @web.middleware
    async def tell(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        try:
            return await handler(request)
        except Problem as problem:
            return web.json_response(problem.document(), status=problem.status)

    async def take_json(request: web.Request) -> web.Response:
        return web.json_response(await bodies.json_object(request, 64 << 10))

    async def take_form(request: web.Request) -> web.Response:
        return web.json_response(list((await bodies.form(request)).items()))

    app = web.Application(middlewares=[tell])
    app.router.add_post("/json", take_json)
    app.router.add_post("/form", take_form)
    return await aiohttp_client(app)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"", 400),
        (b"[" * 100_000, 400),
        (b'{"a":' * 40 + b"1" + b"}" * 40, 400),
        (b'{"n": ' + b"9" * 5000 + b"}", 400),
        (b'{"n": NaN}', 422),
        (b'{"n": -Infinity}', 422),
        (b'{"n": 1e999}', 422),
        (b'{"a": 1, "a": 2}', 422),
        (rb'{"text": "\ud800"}', 422),
        (rb'{"text": "a\u0000b"}', 422),
        (rb'{"texts": [["\udfff"]]}', 422),
        (rb'{"\ud800": 1}', 422),
        (b'{"text": "\xff"}', 400),
        (b"[]", 400),
        (b'"text"', 400),
    ],
)
def test_b84_hostile_json_is_refused_with_a_reason(body: bytes, status: int) -> None:
    with pytest.raises(Problem) as problem:
        strict_object(body)
    assert problem.value.status == status


def test_json_with_brackets_and_quotes_in_its_texts_is_read() -> None:
    said = {"text": '[[[{{{"\\' * 200, "n": [1, -2.5, True, None], "emoji": "🔌"}
    assert strict_object(json.dumps(said).encode()) == said


def test_a_long_unclosed_text_is_refused_in_linear_time() -> None:
    with pytest.raises(Problem):
        strict_object(b'{"a": "' + rb"\"" * 400_000 + b"\\")


async def test_b84_a_body_over_the_limit_is_413_also_when_it_unfolds(client: Client) -> None:
    big = b'{"text": "' + b"a" * (80 << 10) + b'"}'
    headers = {"Content-Type": "application/json"}
    assert (await client.post("/json", data=big, headers=headers)).status == 413
    folded = gzip.compress(b'{"text": "' + b"a" * (20 << 20) + b'"}')
    assert len(folded) < 64 << 10
    answer = await client.post("/json", data=folded, headers=headers | {"Content-Encoding": "gzip"})
    assert answer.status == 413


async def test_b84_a_body_that_is_not_encoded_as_said_is_400(client: Client) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    assert (await client.post("/json", data=b"not gzip at all", headers=headers)).status == 400


async def test_another_content_type_is_415(client: Client) -> None:
    assert (await client.post("/json", data=b"{}", headers={"Content-Type": "text/plain"})).status == 415
    assert (await client.post("/form", data=b"{}", headers={"Content-Type": "application/json"})).status == 415


@pytest.mark.parametrize("body", [b"text=%ff", b"text=\xff", b"&".join(b"a=1" for _ in range(400))])
async def test_b75_a_form_that_cannot_be_read_is_400(client: Client, body: bytes) -> None:
    answer = await client.post("/form", data=body, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status == 400


@given(
    st.lists(st.sampled_from(["a", "=", "&", "+", ";", "%41", "%C3%A5", "%FF", "%zz", "%2B"]), max_size=14).map("".join)
)
def test_a_form_is_read_as_the_standard_library_reads_it(body: str) -> None:
    try:
        expected = parse_qsl(body, keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        with pytest.raises(Problem):
            bodies.form_fields(body.encode())
    else:
        assert list(bodies.form_fields(body.encode()).items()) == expected


async def test_a_form_keeps_blank_and_repeated_fields(client: Client) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await client.post("/form", data="a=1&b=&a=%C3%A5", headers=headers)
    assert await answer.json() == [["a", "1"], ["b", ""], ["a", "å"]]
