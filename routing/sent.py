"""Values that go from process to process, written as their fields alone: the usual way costs twice as much."""

from __future__ import annotations

from operator import attrgetter
from typing import TypeVar

_T = TypeVar("_T")


def sent(kind: type[_T]) -> type[_T]:
    """A frozen dataclass with slots, to be pickled as a call with its fields in order."""
    fields = attrgetter(*kind.__slots__)  # type: ignore[attr-defined]
    kind.__reduce__ = lambda value: (kind, fields(value))  # type: ignore[assignment]
    return kind
