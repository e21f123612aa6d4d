"""A whole web role for a test: a real runtime on real servers, the demo's master data, and a browser-like client."""

from __future__ import annotations

import io
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import ClientResponse, FormData, web, web_app
from aiohttp.test_utils import TestClient, TestServer
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST

from channels.report import NotStored, Receipt, Report
from gateway.clock import Clock
from gateway.config import Config
from gateway.people.passwords import Passwords
from gateway.record import agents
from gateway.record.db import Database
from gateway.runtime import Runtime, open_runtime
from gateway.web.api.table import Rates
from gateway.web.app import create_app
from gateway.web.login import Patience

DEMO = Path(__file__).parents[2] / "demo"
CHEAP = PasswordHasher.from_parameters(CHEAPEST)  # a hash is verified at the cost that it was made at
FORM_TOKEN = re.compile(r'name="form_token" value="([^"]+)"')
CSRF = re.compile(r'name="csrf" value="([^"]+)"')


@dataclass
class House:
    """`client` keeps cookies as a browser does; `api` speaks JSON with the bootstrap token."""

    runtime: Runtime
    app: web.Application
    client: TestClient[web.Request, web.Application]
    keys: list[int] = field(default_factory=lambda: [0])

    @property
    def admin(self) -> str:
        return self.runtime.config.admin_token

    async def api(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, Any]:
        """One request to the API: status and the JSON answered."""
        given = {"Authorization": f"Bearer {token or self.admin}", **(headers or {})}
        async with self.client.request(method, f"/api/v1{path}", json=body, headers=given) as answer:
            return answer.status, await answer.json(content_type=None)

    async def report(self, text: str, *, key: str | None = None, token: str | None = None, **more: Any) -> Any:
        """Hand in a report; the receipt."""
        self.keys[0] += 1
        headers = {"Idempotency-Key": key or f"key-{self.keys[0]}"}
        status, receipt = await self.api("POST", "/reports", {"text": text, **more}, token=token, headers=headers)
        assert status == 201, receipt
        return receipt

    async def case(self, number: str) -> Any:
        status, case = await self.api("GET", f"/cases/{number}")
        assert status == 200, case
        return case

    async def cases(self) -> list[Any]:
        status, page = await self.api("GET", "/cases?limit=200")
        assert status == 200, page
        return list(page["items"])

    async def form_token(self) -> str:
        page = await (await self.client.get("/report")).text()
        found = FORM_TOKEN.search(page)
        assert found, page
        return found.group(1)

    async def submit(self, fields: Mapping[str, str], photos: list[bytes] | None = None) -> ClientResponse:
        """Post the report form as a browser does, words first; the answer is not followed."""
        form = FormData(default_to_multipart=True)
        for name, value in fields.items():
            form.add_field(name, value)
        for nth, photo in enumerate(photos or []):
            form.add_field("photo", io.BytesIO(photo), filename=f"IMG_{nth}.jpg", content_type="image/jpeg")
        return await self.client.post("/report", data=form, allow_redirects=False)

    async def hire(self, agent: str, password: str | None = None, role: str | None = None) -> None:
        """Give an agent of the demo a password and perhaps another role."""
        db = self.runtime.db
        if password:
            assert await agents.set_password(db, agent, await Passwords(hasher=CHEAP).hashed(password))
        if role:
            async with db.connection() as connection:
                await connection.execute(
                    "UPDATE agents SET role = %(role)s WHERE id = %(id)s", {"role": role, "id": agent}
                )

    async def csrf(self, path: str = "/login") -> str:
        page = await (await self.client.get(path)).text()
        found = CSRF.search(page)
        assert found, page
        return found.group(1)

    async def log_in(self, email: str, password: str, **more: str) -> ClientResponse:
        fields = {"email": email, "password": password, "csrf": await self.csrf(), **more}
        return await self.client.post("/login", data=fields, allow_redirects=False)


class _Server(TestServer):
    """As in production, a lost line cancels no handler; the test server of aiohttp would."""

    async def _make_runner(self, **settings: Any) -> web.BaseRunner[Any]:
        return web.AppRunner(self.app, **{**settings, "handler_cancellation": False})


@asynccontextmanager
async def open_house(
    config: Config,
    *,
    clock: Clock | None = None,
    rates: Rates | None = None,
    patience: Patience | None = None,
    photo_patience: float = 4.0,
    database_url: str | None = None,
) -> AsyncIterator[House]:
    """A web role over `config`; `database_url` is another way to the same database."""
    if database_url:
        config = config.model_copy(update={"database_url": database_url})
    async with open_runtime(config, "web", clock) as runtime:
        app = create_app(runtime, rates=rates, patience=patience, photo_patience=photo_patience)
        try:
            async with TestClient(_Server(app)) as client:
                yield House(runtime, app, client)
        finally:
            # The web server remembers each handler that was asked with its application, hundreds of them in a run.
            web_app._cached_build_middleware.cache_clear()


class Away:
    """The intake and the spool of a time when the record is away: `promised` is what then lies in the spool."""

    def __init__(self) -> None:
        self.promised: list[Report] = []

    async def accept(self, report: Report) -> Receipt:
        raise NotStored("away")

    async def keep(self, report: Report) -> None:
        self.promised.append(report)


async def count(db: Database, table: str) -> int:
    """How many rows a table has."""
    row = await db.row(f"SELECT count(*) AS n FROM {table}")  # type: ignore[arg-type]
    assert row is not None
    return int(row["n"])
