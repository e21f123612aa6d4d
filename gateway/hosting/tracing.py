"""Traces, an optional extra: a span for each answered request and each sweep, sent by OTLP over HTTP.

Nothing of OpenTelemetry is loaded unless `OTEL_EXPORTER_OTLP_ENDPOINT` is set. Spans hold the route as it is declared,
the method, the status and the class of an error: no address, no query, no number, no text. A collector that is away or
slow holds nobody up: what does not fit into its waiting room is left out.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from typing import Any

from gateway.config import Config

LAST_WORDS = 2  # seconds for spans that are not sent yet when a role ends
Note = Callable[[Mapping[str, Any]], None]
Span = Callable[[str], AbstractContextManager[Note]]


class NotInstalled(Exception):
    """An extra is configured and its packages are not there; the message says how to get them."""


@contextmanager
def untraced(name: str) -> Iterator[Note]:
    """What is traced when nothing is: nothing."""
    yield lambda attributes: None


@asynccontextmanager
async def open_tracing(config: Config, role: str) -> AsyncIterator[Span]:
    """`span(name)` is a block whose time is told; what it yields takes attributes. Raises NotInstalled."""
    if config.otel_exporter_otlp_endpoint is None:
        yield untraced
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.trace import Status, StatusCode
    except ImportError as error:
        raise NotInstalled("OTEL_EXPORTER_OTLP_ENDPOINT is set: pip install -e '.[tracing]' in the clone") from error
    resource = Resource({"service.name": "switchyard", "service.instance.role": role})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    endpoint = f"{config.otel_exporter_otlp_endpoint.rstrip('/')}/v1/traces"
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint, timeout=LAST_WORDS)))
    tracer = provider.get_tracer("switchyard")

    @contextmanager
    def span(name: str) -> Iterator[Note]:
        # What an exception says may hold anything: only its class is told.
        with tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=False) as current:
            try:
                yield current.set_attributes
            except BaseException as error:
                current.set_attribute("error.type", type(error).__name__)
                current.set_status(Status(StatusCode.ERROR))
                raise

    try:
        yield span
    finally:
        await asyncio.to_thread(provider.shutdown)
