"""A request that cannot be answered as asked: one exception for every door, told by the error middleware in each way.

`detail` is one English sentence for the caller and never holds what went wrong inside.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any


class Problem(Exception):
    """Answered with `status`; `fields` says per field what is wrong, `more` are further members (RFC 9457, 3.2)."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        fields: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.fields = dict(fields or {})
        self.more = dict(more or {})
        self.headers = dict(headers or {})

    def document(self) -> dict[str, Any]:
        """The problem details object of RFC 9457."""
        document: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        if self.fields:
            document["fields"] = self.fields
        return document | self.more


def try_later(seconds: int = 5) -> Problem:
    """The record does not answer: nothing was done, and the same request may be sent again."""
    return Problem(503, "The record does not answer now. Try again soon.", headers={"Retry-After": str(seconds)})
