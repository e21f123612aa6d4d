"""What the processes say: one event a line on standard error, JSON unless somebody is watching.

Telephone numbers, mail addresses, passwords in URLs and the secret part of links are taken out of every line, also of
what the libraries log and of tracebacks. A log that cannot be written, or that nobody reads, holds nobody up: lines
that do not fit into the waiting room are counted and left out.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import threading
from contextlib import suppress
from queue import Full, Queue
from typing import TextIO

import structlog
from structlog.types import EventDict, Processor, WrappedLogger

_ROOM = 10_000
_LAST_WORDS = 2.0
_KEPT = frozenset({"timestamp", "level", "logger", "role"})
_PERSONAL = (
    (re.compile(r"(?<=://)[^\s/@]+@"), "…@"),
    (re.compile(r"[^\s@<>\"'(),;:=\[\]]+@[^\s@<>\"'(),;:\[\]]+\.[^\W\d_]{2,}"), "<address>"),
    (re.compile(r"(?<![\w.+-])(?:\+|00)[1-9](?:[ ()/.-]{0,2}\d){6,14}(?!\w)"), "<number>"),
    (re.compile(r"(?<![\w.+:-])0[1-9](?:[ ()/-]{0,2}\d){5,10}(?![\w:])"), "<number>"),
    (re.compile(r"(?<=/s/)[\w-]{12,}"), "<token>"),
)
_QUIET = (
    "aiosmtpd",
    "mail.log",
    "mail.debug",
    "aiohttp.access",
    "imapclient",
    "alembic",
    "procrastinate",
    "asyncio",
    "flufl.bounce",
)


class _Lines(logging.Handler):
    """Writes in a thread of its own, because a full disk or a stopped reader must not stop an event loop."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        # Unbuffered: what stayed in a buffer would be flushed, and waited for, when the interpreter ends.
        self._file = stream.fileno()
        self._waiting: Queue[str | None] = Queue(_ROOM)
        self._lost = 0
        self._thread = threading.Thread(target=self._write, name="log", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._waiting.put_nowait(self.format(record))
        except Full:
            self._lost += 1
        except Exception:
            self._lost += 1

    def close(self) -> None:
        """Give the last lines a moment to get out. Called by `logging.shutdown`, at the end of every process."""
        with suppress(Full):
            self._waiting.put_nowait(None)
            self._thread.join(_LAST_WORDS)
        super().close()

    def _write(self) -> None:
        while (line := self._waiting.get()) is not None:
            lost, self._lost = self._lost, 0
            rest = f"{line}\n{lost} log lines were left out\n" if lost else f"{line}\n"
            left = memoryview(rest.encode("utf-8", "backslashreplace"))
            with suppress(OSError):
                while left:
                    left = left[os.write(self._file, left) :]


def configure(role: str, *, stream: TextIO | None = None) -> None:
    """Set up structlog and the standard library's logging alike, once, at the start of a process.

    `role` stands in every event. The stream is standard error unless another is given.
    """
    stream = stream or sys.stderr

    def with_role(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
        return {**event, "role": role}

    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        with_role,
    ]
    watched = stream.isatty()
    renderer: Processor = structlog.processors.JSONRenderer(ensure_ascii=False)
    if watched:
        renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    handler = _Lines(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                without_personal_data,
                renderer,
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def without_personal_data(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    """A structlog processor: the event with what could name a person, and every secret we can recognise, replaced."""
    return {key: value if key in _KEPT else _clean(value) for key, value in event.items()}


def _clean(value: object) -> object:
    if isinstance(value, str):
        for pattern, instead in _PERSONAL:
            value = pattern.sub(instead, value)
        return value
    if isinstance(value, dict):
        return {key: _clean(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(inner) for inner in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return _clean(str(value))
