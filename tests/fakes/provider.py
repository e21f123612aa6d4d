"""A provider's REST API that can be told to misbehave, with every request logged.

It answers 429, 500 or 401, is slow, or does what was asked and loses the answer. What the published description of the
API does not allow (unknown fields, missing ones, values outside an enumeration) is noted in `violations`. It knows
nothing of the product.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from gateway.demo import provider
from gateway.demo.provider import problem

ACCOUNT = "AC" + "a" * 32
DESCRIBED = json.loads((Path(__file__).parent.parent / "data" / "provider_fields.json").read_text())["operations"]


@dataclass
class Provider(provider.Provider):
    """The peer. `troubles` are taken one a request: a status, `lost` (done, answer dropped) or seconds of delay."""

    troubles: deque[int | float | str] = field(default_factory=deque)
    requests: list[tuple[str, str, Mapping[str, str]]] = field(default_factory=list)
    refusals: dict[str, int] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)

    def had(self, method: str, ending: str) -> list[Mapping[str, str]]:
        """The fields of every request of a method to a path that ends so."""
        return [fields for used, path, fields in self.requests if used == method and path.endswith(ending)]

    async def asked(self, request: web.Request, fields: Mapping[str, str]) -> None:
        self._describe(request, fields)
        self.requests.append((request.method, request.path, fields))
        if request.method == "GET" and self.troubles and self.troubles[0] == "no lists":
            self.troubles.popleft()
            raise web.HTTPServiceUnavailable

    def refused(self, fields: Mapping[str, str]) -> web.StreamResponse | None:
        if self.troubles and isinstance(self.troubles[0], int):
            return problem(int(self.troubles.popleft()), 20001)
        return problem(400, self.refusals[fields["To"]]) if fields.get("To") in self.refusals else None

    async def made(self, request: web.Request, row: dict[str, Any], fields: Mapping[str, str]) -> None:
        trouble = self.troubles.popleft() if self.troubles else None
        if isinstance(trouble, float):
            await asyncio.sleep(trouble)
        if trouble == "lost" and request.transport is not None:
            request.transport.abort()

    def _describe(self, request: web.Request, fields: Mapping[str, Any]) -> None:
        operation = _operation(request, self.account)
        if not operation.endswith(".json"):
            return
        described = DESCRIBED.get(operation)
        if described is None:
            self.violations.append(f"{operation} is not described")
            return
        self.violations += [
            f"{operation}: {name} is unknown" for name in set(fields) - set(described.get("fields", ()))
        ]
        self.violations += [
            f"{operation}: {name} is missing" for name in set(described.get("required", ())) - set(fields)
        ]
        for name, allowed in described.get("enums", {}).items():
            if name in fields and fields[name] not in allowed:
                self.violations.append(f"{operation}: {name} may not be {fields[name]}")


def variables(server: TestServer, numbers: str) -> dict[str, str]:
    """The environment of whoever has these numbers at this provider."""
    return {
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": "token",
        "TWILIO_API_URL": str(server.make_url("/")).rstrip("/"),
        "TWILIO_NUMBERS": numbers,
    }


def _operation(request: web.Request, account: str) -> str:
    path = request.path.removeprefix(f"/2010-04-01/Accounts/{account}")
    named = re.sub(r"(?<=/)(?:[A-Z]{2}[0-9A-Za-z]+|Twilio\.CURRENT|captions)(?=/|\.json)", "{Sid}", path)
    return f"{request.method} {named}"
