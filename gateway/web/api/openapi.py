"""The description of the JSON API (OpenAPI 3.1), made from the table and types that route and check its requests."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from pydantic.json_schema import models_json_schema

from gateway.web.api.endpoints import BASE, Endpoint
from gateway.web.api.models import ProblemItem

PARAMETER = re.compile(r"\{(\w+)\}")
REF = "#/components/schemas/{model}"


def description(endpoints: Sequence[Endpoint], public_url: str) -> dict[str, Any]:
    """The whole document."""
    sent = {e.body for e in endpoints if e.body} | {e.query for e in endpoints if e.query}
    answered = {model for e in endpoints for model in e.answers.values() if model} | {ProblemItem}
    wanted = [(model, "validation") for model in sent] + [(model, "serialization") for model in answered]
    wanted.sort(key=lambda pair: (pair[0].__name__, pair[1]))
    references, schemas = models_json_schema(wanted, by_alias=True, ref_template=REF)  # type: ignore[arg-type]
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        operation = _operation(endpoint, references, schemas["$defs"])
        paths.setdefault(BASE + endpoint.path, {})[endpoint.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "Switchyard", "version": "1", "summary": "Intake and support of an EV-charging operator"},
        "servers": [{"url": public_url.rstrip("/")}],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(endpoint: Endpoint, references: Mapping[Any, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in PARAMETER.findall(endpoint.path)
    ]
    parameters += [
        {
            "name": name,
            "in": "header",
            "required": True,
            "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[!-~]([ -~]*[!-~])?$"},
        }
        for name in endpoint.headers
    ]
    if endpoint.query:
        parameters += _query(schemas[_name(references[endpoint.query, "validation"])])
    operation: dict[str, Any] = {
        "operationId": (endpoint.name or f"{endpoint.method.lower()}{PARAMETER.sub('', endpoint.path)}")
        .strip("/")
        .replace("//", "/")
        .replace("/", "_"),
        "summary": endpoint.summary,
        "description": (endpoint.act.__doc__ or endpoint.summary).strip(),
        "parameters": parameters,
        "responses": _responses(endpoint, references),
    }
    if endpoint.body:
        required = any(field.is_required() for field in endpoint.body.model_fields.values())
        content = {"application/json": {"schema": references[endpoint.body, "validation"]}}
        operation["requestBody"] = {"required": required, "content": content}
    return operation


def _query(schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "query", "required": name in schema.get("required", ()), "schema": _bare(one)}
        for name, one in schema["properties"].items()
    ]


def _bare(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A parameter's schema without null: a parameter is given or it is not."""
    choices = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    return dict(choices[0]) if len(choices) == 1 else {k: v for k, v in schema.items() if k != "title"}


def _responses(endpoint: Endpoint, references: Mapping[Any, Any]) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, model in endpoint.answers.items():
        kind = "application/json" if model else "text/event-stream"
        schema = references[model, "serialization"] if model else {"type": "string"}
        responses[str(status)] = {"description": HTTPStatus(status).phrase, "content": {kind: {"schema": schema}}}
    for status in sorted(_faults(endpoint)):
        responses[str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": {"application/problem+json": {"schema": references[ProblemItem, "serialization"]}},
        }
    return responses


def _faults(endpoint: Endpoint) -> set[int]:
    faults = {400, 401, 403, 503, *endpoint.problems}
    if PARAMETER.search(endpoint.path):
        faults.add(404)
    if endpoint.body:
        faults |= {413, 415, 422}
    if endpoint.limited:
        faults.add(429)
    return faults


def _name(reference: Mapping[str, Any]) -> str:
    return str(reference["$ref"]).rpartition("/")[2]
