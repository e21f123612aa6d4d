"""Errors reported to Sentry, an optional extra: what the log says of a failure, with where in our code it happened.

Nothing of Sentry is loaded unless `SENTRY_DSN` is set, and nothing of it looks by itself: an error that is logged is
told by its event, its fields as the log would write them (no number, no address, no token) and the places of its
traceback. No message of an exception, no variable, no request is sent.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from traceback import walk_tb
from types import TracebackType
from typing import Any

from gateway.config import Config
from gateway.hosting.logs import without_personal_data
from gateway.hosting.tracing import NotInstalled

LAST_WORDS = 2.0  # seconds for what is not sent yet when a role ends
KNOWN = ("exc_info", "exception", "event", "level", "timestamp", "role")


@contextmanager
def reported(config: Config, role: str) -> Iterator[None]:
    """Report what is logged as an error while the block lasts. Raises NotInstalled."""
    if config.sentry_dsn is None:
        yield
        return
    try:
        from sentry_sdk import Client
    except ImportError as error:
        raise NotInstalled("SENTRY_DSN is set: pip install -e '.[errors]' in the clone") from error
    client = Client(
        dsn=config.sentry_dsn,
        default_integrations=False,
        auto_enabling_integrations=False,
        send_client_reports=False,
        auto_session_tracking=False,
        include_local_variables=False,
        include_source_context=False,
        max_breadcrumbs=0,
        server_name=role,
    )
    handler = _Errors(client.capture_event, role)
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
        client.close(timeout=LAST_WORDS)


class _Errors(logging.Handler):
    def __init__(self, send: Callable[[Any], Any], role: str) -> None:
        super().__init__(logging.ERROR)
        self._send, self._role = send, role

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._send(event_of(record, self._role))
        except Exception:
            self.handleError(record)


def event_of(record: logging.LogRecord, role: str) -> dict[str, Any]:
    """What is sent of a log record."""
    said: Mapping[str, Any] = record.msg if isinstance(record.msg, dict) else {"event": record.name}
    fields = without_personal_data(None, "", {name: value for name, value in said.items() if name not in KNOWN})
    event: dict[str, Any] = {
        "level": "error",
        "logger": record.name,
        "message": str(said.get("event", record.name)),
        "tags": {"role": role},
        "extra": dict(fields),
    }
    error = _error(said.get("exc_info"), record)
    if error is not None:
        values = [{"type": type(error).__name__, "value": "", "stacktrace": {"frames": _frames(error.__traceback__)}}]
        event["exception"] = {"values": values}
    return event


def _error(given: Any, record: logging.LogRecord) -> BaseException | None:
    if isinstance(given, BaseException):
        return given
    if given is True:
        return sys.exc_info()[1]
    return record.exc_info[1] if record.exc_info else None


def _frames(traceback: TracebackType | None) -> list[dict[str, Any]]:
    return [
        {
            "module": frame.f_globals.get("__name__"),
            "function": frame.f_code.co_name,
            "filename": frame.f_code.co_filename.rpartition("/")[2],
            "lineno": line,
            "in_app": str(frame.f_globals.get("__name__", "")).startswith("gateway."),
        }
        for frame, line in walk_tb(traceback)
    ]
