"""How an endpoint of the API is declared, mounted and guarded: one table for routes, checks and description.

In this order: who calls (401), whether their role and their key's scopes may (403), whether they ask too often (429;
never for reports), and whether what they send is what the endpoint takes (400, 413, 415, 422). Then the endpoint acts.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ValidationError

from gateway.web.api.bearer import Caller, caller
from gateway.web.bodies import UNKEEPABLE, json_object
from gateway.web.keys import runtime_of
from gateway.web.problems import Problem

BASE = "/api/v1"
USES = web.AppKey("uses", int)
A_MINUTE = 60
STAFF = frozenset({"agent", "lead", "manager", "admin"})
LEADS = frozenset({"lead", "manager", "admin"})
ANYONE = STAFF | {"owner", "platform"}


@dataclass(frozen=True, slots=True)
class Call:
    """One checked request: who, and what they sent."""

    request: web.Request
    caller: Caller
    body: Any = None
    query: Any = None

    @property
    def path(self) -> dict[str, str]:
        return dict(self.request.match_info)


Act = Callable[[Call], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`answers` names the model of each good status; `limited` False for reports, which no limiter refuses."""

    method: str
    path: str
    act: Act
    summary: str
    roles: frozenset[str]
    answers: dict[int, type[BaseModel] | None]
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    problems: tuple[int, ...] = ()
    headers: tuple[str, ...] = ()
    limited: bool = True

    @property
    def scope(self) -> str:
        """What a key that was made for less than everything needs."""
        return "read" if self.method == "GET" else "write" if self.limited else "report"

    name: str = ""


def mount(app: web.Application, endpoints: Sequence[Endpoint], uses: int) -> None:
    """Add the endpoints; a caller has `uses` requests a minute for reads and verbs."""
    app[USES] = uses
    for endpoint in endpoints:
        app.router.add_route(endpoint.method, BASE + endpoint.path, _handler(endpoint))


def answer(model: BaseModel, status: int = 200) -> web.Response:
    """A model as JSON under the contract's names."""
    return web.Response(
        text=model.model_dump_json(by_alias=True), status=status, content_type="application/json", charset="utf-8"
    )


def checked(model: type[BaseModel], values: Any, status: int = 422) -> Any:
    """The values as the model takes them. Raises Problem that names every field in fault."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        fields = {".".join(map(str, fault["loc"])) or "body": fault["msg"] for fault in error.errors(include_url=False)}
        raise Problem(status, "Something is missing or not as it must be.", fields=fields) from error


def _handler(endpoint: Endpoint) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        who = await caller(request)
        if who.role not in endpoint.roles:
            raise Problem(403, "This token's role may not do that.")
        if who.scopes is not None and endpoint.scope not in who.scopes:
            raise Problem(403, f"This key has no scope {endpoint.scope}.")
        if endpoint.limited:
            await _moderate(request, who)
        query = checked(endpoint.query, _query(request), 400) if endpoint.query else None
        body = checked(endpoint.body, await _body(request)) if endpoint.body else None
        return await endpoint.act(Call(request, who, body, query))

    return handle


async def _moderate(request: web.Request, who: Caller) -> None:
    uses = request.app[USES]
    if not await runtime_of(request).live.within(f"api:{who.token}", uses, A_MINUTE):
        raise Problem(429, f"At most {uses} requests a minute.", headers={"Retry-After": str(A_MINUTE)})


async def _body(request: web.Request) -> dict[str, Any]:
    if not request.can_read_body and request.content_type == "application/octet-stream":
        return {}
    return await json_object(request)


def _query(request: web.Request) -> dict[str, str]:
    values: dict[str, str] = {}
    for name, value in request.query.items():
        if name in values or UNKEEPABLE.search(value):
            raise Problem(400, "A parameter is given twice or cannot be read.", fields={name[:40]: "not as it must be"})
        if value != "":
            values[name] = value
    return values
