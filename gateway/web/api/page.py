"""The readable page about the JSON API, made from the same description that machines read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from gateway.web.api.endpoints import BASE, USES, Endpoint
from gateway.web.api.openapi import description
from gateway.web.api.table import ENDPOINTS, RATES
from gateway.web.keys import runtime_of
from gateway.web.pages import page

DEEPEST = 4


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a body, an answer or a query: `name` as it is written, dots for what lies within."""

    name: str
    kind: str
    required: bool
    about: str


def add_routes(app: web.Application) -> None:
    app.router.add_get("/api", show)


async def show(request: web.Request) -> web.StreamResponse:
    """Every endpoint: who may call it, what it takes, what it answers."""
    document = description(ENDPOINTS, runtime_of(request).config.public_url)
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for endpoint in ENDPOINTS:
        groups.setdefault(endpoint.path.split("/")[1], []).append(_told(endpoint, document))
    uses, reports = request.app[USES], request.app[RATES].reports
    return page(request, "api/index.html", {"groups": groups, "base": BASE, "uses": uses, "reports": reports})


def _told(endpoint: Endpoint, document: Mapping[str, Any]) -> Mapping[str, Any]:
    schemas = document["components"]["schemas"]
    operation = document["paths"][BASE + endpoint.path][endpoint.method.lower()]
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    good = {status: one for status, one in operation["responses"].items() if status < "300"}
    return {
        "id": f"{endpoint.method}-{endpoint.path}".strip("/").replace("/", "-").replace("{", "").replace("}", ""),
        "method": endpoint.method,
        "path": BASE + endpoint.path,
        "summary": endpoint.summary,
        "about": operation["description"],
        "roles": sorted(endpoint.roles),
        "scope": endpoint.scope,
        "parameters": [
            Field(one["name"], f"{_kind(one['schema'], schemas)}, {one['in']}", one["required"], "")
            for one in operation["parameters"]
        ],
        "body": list(_fields(content["schema"], schemas)) if content else [],
        "answers": [
            (status, list(_fields(next(iter(one["content"].values()))["schema"], schemas)))
            for status, one in good.items()
        ],
        "problems": sorted(status for status in operation["responses"] if status >= "400"),
    }


def _fields(schema: Mapping[str, Any], schemas: Mapping[str, Any], within: str = "", depth: int = 0) -> Iterable[Field]:
    """The fields of an object, those of objects within it after it."""
    whole = _resolved(schema, schemas)
    needed = whole.get("required", ())
    for name, one in whole.get("properties", {}).items():
        yield Field(within + name, _kind(one, schemas), name in needed, _resolved(one, schemas).get("description", ""))
        inner = _inner(one, schemas)
        if depth < DEEPEST and inner:
            listed = "[]" if _resolved(_sole(one), schemas).get("type") == "array" else ""
            yield from _fields(inner, schemas, f"{within}{name}{listed}.", depth + 1)


def _inner(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any] | None:
    whole = _resolved(_sole(schema), schemas)
    if whole.get("type") == "array":
        whole = _resolved(whole.get("items", {}), schemas)
    return whole if whole.get("properties") else None


def _kind(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    """What may stand there, in a few words."""
    if choices := schema.get("anyOf"):
        kinds = [_kind(one, schemas) for one in choices]
        return " or ".join(dict.fromkeys(kinds))
    whole = _resolved(schema, schemas)
    if choices := whole.get("enum"):
        return " | ".join(map(str, choices))
    if "const" in whole:
        return str(whole["const"])
    if whole.get("type") == "array":
        return f"list of {_kind(whole.get('items', {}), schemas)}"
    return str(whole.get("format") or whole.get("type") or "any")


def _sole(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The one choice that is not null, where there is one."""
    choices = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    return choices[0] if len(choices) == 1 else schema


def _resolved(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = schema.get("$ref")
    if not reference:
        return schema
    found: Mapping[str, Any] = schemas[str(reference).rpartition("/")[2]]
    return found
