"""Reading back what the product has kept, through the API alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp


@dataclass
class Reader:
    """A manager's token on the API; one that is told to wait, waits."""

    session: aiohttp.ClientSession
    url: str
    token: str

    async def get(self, path: str, **query: str) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        while True:
            async with self.session.get(f"{self.url}{path}", params=query, headers=headers) as answer:
                if answer.status == 429:
                    await asyncio.sleep(float(answer.headers.get("Retry-After", "1")))
                    continue
                answer.raise_for_status()
                return await answer.json()

    async def cases(self) -> AsyncIterator[dict[str, Any]]:
        """Every case with its reports and its timeline."""
        cursor: str | None = None
        while True:
            query = {"limit": "200"} | ({"cursor": cursor} if cursor else {})
            page = await self.get("/api/v1/cases", **query)
            for item in page["items"]:
                yield await self.get(f"/api/v1/cases/{item['number']}")
            cursor = page["next"]
            if cursor is None:
                return

    async def ready(self) -> dict[str, Any]:
        async with self.session.get(f"{self.url}/readyz") as answer:
            found: dict[str, Any] = await answer.json()
            return found
