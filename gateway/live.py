"""Redis: live events between processes, rate counters, presence. Hints only; everything here may vanish at any moment.

Without Redis events still reach the subscribers of this process, limiters let everything pass, and presence counts as
given. Nothing here ever raises because Redis is away.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import uuid4

import structlog
from redis.exceptions import RedisError

from gateway.hosting.redis_urls import Connection, connect, database
from gateway.hosting.stopping import end

log = structlog.get_logger()
Event = Mapping[str, Any]
PATIENCE = 0.5  # seconds that a hint may cost
GATHER = 0.05  # seconds after a publication in which what is new waits for the next one
WAITING = 200  # events a slow subscriber may be behind before the oldest are dropped


class Live:
    """Events, rates and presence over one Redis."""

    def __init__(self, url: str | None) -> None:
        self._redis: Connection | None = connect(url, PATIENCE, socket_timeout=PATIENCE) if url else None
        self._url = url
        # Redis publishes across databases: the number keeps two installations on one server apart.
        self._channel = f"switchyard:events:{database(self._redis) if self._redis else 0}"
        self._origin = uuid4().hex
        self._subscribers: set[asyncio.Queue[Event]] = set()
        self._outgoing: asyncio.Queue[Event] = asyncio.Queue(WAITING)
        self._tasks: list[asyncio.Task[None]] = []
        self._heard: asyncio.Event | None = None  # set once other processes are listened to

    async def open(self) -> None:
        if self._url:
            self._tasks = [asyncio.create_task(self._tell())]

    async def close(self) -> None:
        await end(self._tasks)
        if self._redis:
            await self._redis.aclose()

    def publish(self, event: Event) -> None:
        """Tell every process, soon and without waiting; an event may be lost, so pages also poll."""
        self._deliver(event)
        if self._redis:
            _push(self._outgoing, event)

    @asynccontextmanager
    async def subscribe(self) -> AsyncIterator[AsyncIterator[Event]]:
        """Events from now on, as an iterator that ends with the block."""
        queue: asyncio.Queue[Event] = asyncio.Queue(WAITING)
        self._subscribers.add(queue)
        try:
            await self._hear()
            yield _Events(queue)
        finally:
            self._subscribers.discard(queue)

    async def within(self, key: str, limit: int, seconds: int) -> bool:
        """Whether this use of a key stays within `limit` uses a fixed window of `seconds`. Fails open."""
        if not self._redis:
            return True
        name = f"switchyard:rate:{key}"
        try:
            used = await self._redis.incr(name)
            if used == 1:
                await self._redis.expire(name, seconds)
        except (RedisError, OSError):
            return True
        return int(used) <= limit

    async def seen(self, key: str, seconds: int) -> None:
        """Leave a sign of life that expires by itself."""
        if self._redis:
            with suppress(RedisError, OSError):
                await self._redis.set(f"switchyard:seen:{key}", "1", ex=seconds)

    async def missing(self, keys: list[str], seconds: int) -> set[str]:
        """Those of the keys that gave no sign of life; nobody while the store is too young to know: it was started,
        emptied or replaced less than `seconds` ago."""
        if not self._redis or not keys:
            return set()
        try:
            life = str((await self._redis.info("server"))["run_id"])
            known = await self._redis.get("switchyard:known")
            if known not in (life, life.encode()):
                await self._redis.set("switchyard:young", "1", ex=seconds)
                await self._redis.set("switchyard:known", life)
            if await self._redis.exists("switchyard:young"):
                return set()
            signs = [await self._redis.exists(f"switchyard:seen:{key}") for key in keys]
        except (RedisError, OSError):
            return set()
        return {key for key, sign in zip(keys, signs, strict=True) if not sign}

    async def looking(self, thing: str, who: str, now: float, seconds: int) -> set[str]:
        """Say that `who` looks at a thing now; returns who else did within `seconds`. Nobody, without Redis."""
        if not self._redis:
            return set()
        name = f"switchyard:looking:{thing}"
        try:
            await self._redis.zremrangebyscore(name, 0, now - seconds)
            await self._redis.zadd(name, {who: now})
            await self._redis.expire(name, seconds)
            found = await self._redis.zrange(name, 0, 50)
        except (RedisError, OSError):
            return set()
        return {one.decode() if isinstance(one, bytes) else str(one) for one in found} - {who}

    async def answers(self) -> bool:
        """Whether Redis is there at all."""
        if not self._redis:
            return False
        try:
            await self._redis.exists(self._channel)
        except (RedisError, OSError):
            return False
        return True

    def _deliver(self, event: Event) -> None:
        for queue in self._subscribers:
            _push(queue, event)

    async def _tell(self) -> None:
        """Publish what has gathered together: the first at once, and whatever comes right after it a moment later."""
        while self._redis:
            events = [await self._outgoing.get()]
            while not self._outgoing.empty():
                events.append(self._outgoing.get_nowait())
            with suppress(RedisError, OSError):
                await self._redis.publish(self._channel, json.dumps({"origin": self._origin, "events": events}))
            await asyncio.sleep(GATHER)

    async def _hear(self) -> None:
        """Listen to other processes from the first subscriber on; a process that has none is spared the news."""
        if self._url is None or self._heard is not None:
            return
        self._heard = asyncio.Event()
        self._tasks.append(asyncio.create_task(self._listen(self._url, self._heard)))
        with suppress(TimeoutError):
            await asyncio.wait_for(self._heard.wait(), PATIENCE)

    async def _listen(self, url: str, heard: asyncio.Event) -> None:
        while True:
            try:
                async with (
                    connect(url, PATIENCE, health_check_interval=10) as redis,
                    redis.pubsub() as subscription,
                ):
                    await subscription.subscribe(self._channel)
                    async for message in subscription.listen():
                        heard.set()
                        if message["type"] == "message":
                            self._receive(message["data"])
            except (RedisError, OSError) as error:
                log.warning("live.away", error=type(error).__name__)
                await asyncio.sleep(1.0)

    def _receive(self, data: bytes) -> None:
        with suppress(ValueError, KeyError, TypeError):
            told = json.loads(data)
            if told["origin"] != self._origin:
                for event in told["events"]:
                    self._deliver(event)


def _push(queue: asyncio.Queue[Any], item: Any) -> None:
    if queue.full():
        queue.get_nowait()
    queue.put_nowait(item)


class _Events:
    """Events as they come; a wait that is cancelled loses none."""

    def __init__(self, queue: asyncio.Queue[Event]) -> None:
        self._queue = queue

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        return await self._queue.get()
