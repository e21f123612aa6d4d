"""Traces and errors as optional extras, told to a peer that speaks their protocols: what is told, and what is not."""

from __future__ import annotations

import asyncio
import gzip
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from gateway.chores import Chore, Chores
from gateway.config import Config
from gateway.hosting.error_reports import reported
from gateway.hosting.tracing import NotInstalled, open_tracing, untraced
from gateway.web.health import traced

PERSON, PHONE = "kim@customer.example", "+46701234567"


@dataclass
class Peer:
    """Takes OTLP over HTTP, and Sentry's envelopes."""

    url: str = ""
    spans: list[Any] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    raw: bytes = b""

    async def take_spans(self, request: web.Request) -> web.Response:
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

        self.raw += (body := await request.read())
        told = ExportTraceServiceRequest.FromString(body)
        self.spans += [one for of in told.resource_spans for scope in of.scope_spans for one in scope.spans]
        return web.Response(content_type="application/x-protobuf")

    async def take_envelope(self, request: web.Request) -> web.Response:
        body = await request.read()
        lines = (gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body).splitlines()
        self.raw += b"\n".join(lines)
        self.events += [
            json.loads(said)
            for head, said in zip(lines[1::2], lines[2::2], strict=True)
            if json.loads(head)["type"] == "event"
        ]
        return web.json_response({})


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    peer, app = Peer(), web.Application()
    app.router.add_post("/v1/traces", peer.take_spans)
    app.router.add_post("/api/7/envelope/", peer.take_envelope)
    async with TestServer(app) as server:
        peer.url = str(server.make_url("/")).rstrip("/")
        yield peer


async def test_requests_and_sweeps_are_traced_without_what_they_are_about(config: Config, peer: Peer) -> None:
    pytest.importorskip("opentelemetry.sdk", reason="the extra `tracing` is not installed")

    async def broken(request: web.Request) -> web.Response:
        raise ValueError(f"nobody is called {PERSON}")

    async def sweep() -> int:
        raise LookupError(PERSON)

    configured = config.model_copy(update={"otel_exporter_otlp_endpoint": peer.url})
    async with open_tracing(configured, "web") as span:
        app = web.Application(middlewares=traced(span))
        app.router.add_get("/s/{token}", made)
        app.router.add_get("/broken", broken)
        app.router.add_get("/healthz", made)
        async with TestClient(TestServer(app)) as client:
            for path, status in ((f"/s/secret?who={PERSON}", 201), ("/broken", 500), ("/healthz", 201)):
                assert (await client.get(path)).status == status
        await Chores([Chore("outbox", sweep)], span).sweep()
    told = {one.name: {pair.key: pair.value for pair in one.attributes} for one in peer.spans}
    assert set(told) == {"GET /s/{token}", "GET /broken", "sweep outbox"}
    answered = told["GET /s/{token}"]
    assert answered["http.route"].string_value == "/s/{token}"
    assert answered["http.response.status_code"].int_value == 201
    assert told["GET /broken"]["error.type"].string_value == "ValueError"
    assert told["sweep outbox"]["error.type"].string_value == "LookupError"
    assert b"secret" not in peer.raw
    assert PERSON.encode() not in peer.raw


async def made(request: web.Request) -> web.Response:
    return web.Response(status=201)


async def test_a_collector_that_is_away_holds_nobody_up(config: Config) -> None:
    pytest.importorskip("opentelemetry.sdk", reason="the extra `tracing` is not installed")
    nobody = config.model_copy(update={"otel_exporter_otlp_endpoint": "http://127.0.0.1:9"})
    async with open_tracing(nobody, "web") as span:
        with span("GET /") as note:
            note({"http.response.status_code": 200})


async def test_errors_are_reported_by_place_and_never_by_what_they_say(config: Config, peer: Peer) -> None:
    pytest.importorskip("sentry_sdk", reason="the extra `errors` is not installed")
    log = structlog.get_logger("gateway.test")
    configured = config.model_copy(update={"sentry_dsn": peer.url.replace("http://", "http://public@") + "/7"})

    async def sweep() -> int:
        body = f"my number is {PHONE}"
        raise ValueError(f"{PERSON}: {body}")

    reporting = ExitStack()
    reporting.enter_context(reported(configured, "worker"))
    await Chores([Chore("outbox", sweep)]).sweep()
    log.error("mail.refused", to=PERSON, case=1042, exc_info=KeyError(PHONE))
    log.warning("nothing.to_report")
    await asyncio.to_thread(reporting.close)
    log.error("nobody.listens")
    failed, refused = peer.events
    assert (failed["message"], failed["tags"]) == ("sweep.failed", {"role": "worker"})
    assert failed["extra"]["sweep"] == "outbox"
    (error,) = failed["exception"]["values"]
    assert (error["type"], error["value"]) == ("ValueError", "")
    assert [frame["function"] for frame in error["stacktrace"]["frames"]] == ["_once", "sweep"]
    assert refused["extra"] == {"to": "<address>", "case": 1042}
    for secret in (PERSON, PHONE, "my number"):
        assert secret.encode() not in peer.raw


async def test_nothing_of_either_is_loaded_unless_it_is_configured(config: Config) -> None:
    async with open_tracing(config, "web") as span:
        assert span is untraced
        assert traced(span) == ()
    code = "import sys, gateway.web.app, gateway.worker as w; print(*(m in sys.modules for m in {names}))"
    code = code.format(names=("sentry_sdk", "opentelemetry.exporter"))
    said = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=subprocess.PIPE)
    assert (await said.communicate())[0].split() == [b"False", b"False"]


async def test_a_role_whose_extra_is_missing_says_how_to_get_it(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sentry_sdk", None)
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with (
        pytest.raises(NotInstalled, match=r"pip install -e .*\[errors\]"),
        reported(config.model_copy(update={"sentry_dsn": "http://public@127.0.0.1:9/7"}), "web"),
    ):
        raise AssertionError
    traced = config.model_copy(update={"otel_exporter_otlp_endpoint": "http://127.0.0.1:9"})
    with pytest.raises(NotInstalled, match=r"pip install -e .*\[tracing\]"):
        async with open_tracing(traced, "web"):
            raise AssertionError
