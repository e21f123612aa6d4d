"""Connections by URL: a single Redis, one that Sentinel watches over, or a cluster.

`redis://`, `rediss://` and `unix://` as redis-py has them; `redis+sentinel://host[:port],host[:port]/master[/db]`;
`redis+cluster://host[:port]`. Raises ValueError for what is none of these.
"""

from __future__ import annotations

from typing import Any, TypeAlias
from urllib.parse import unquote, urlsplit

from redis.asyncio import Redis, RedisCluster
from redis.asyncio.sentinel import Sentinel

SENTINEL_PORT = 26379
Connection: TypeAlias = "Redis | RedisCluster"


def connect(url: str, patience: float, **settings: Any) -> Connection:
    """A client that waits at most `patience` seconds for a connection; `settings` as redis-py takes them."""
    scheme = url.partition("://")[0]
    timeouts = {"socket_connect_timeout": patience, **settings}
    if scheme == "redis+cluster":
        return RedisCluster.from_url("redis" + url.removeprefix("redis+cluster"), **timeouts)
    if scheme == "redis+sentinel":
        return _watched(url, timeouts)
    return Redis.from_url(url, **timeouts)


def database(connection: Connection) -> int:
    """The number of the database that the client works in; a cluster has only the first."""
    if isinstance(connection, RedisCluster):
        return 0
    return int(connection.connection_pool.connection_kwargs.get("db") or 0)


def _watched(url: str, settings: dict[str, Any]) -> Redis:
    parts = urlsplit(url)
    hosts = parts.netloc.rpartition("@")[2].split(",")
    name, _, database = parts.path.strip("/").partition("/")
    if not name:
        raise ValueError("REDIS_URL: redis+sentinel:// needs the master's name as its path")
    sentinels = [(host, int(port or SENTINEL_PORT)) for host, _, port in (text.partition(":") for text in hosts)]
    credentials = {"password": unquote(parts.password)} if parts.password else {}
    watching = {"socket_connect_timeout": settings["socket_connect_timeout"]}
    watcher: Any = Sentinel(sentinels, sentinel_kwargs=watching)  # type: ignore[no-untyped-call]
    master: Redis = watcher.master_for(name, db=int(database or 0), **credentials, **settings)
    return master
