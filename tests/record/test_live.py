"""Redis holds hints: with it events cross processes, without it nothing breaks."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit, urlunsplit

import pytest
import redis

from gateway.hosting.redis_urls import connect
from gateway.live import Live


@pytest.fixture
async def pair(redis_url: str) -> AsyncIterator[tuple[Live, Live]]:
    one, other = Live(redis_url), Live(redis_url)
    await one.open()
    await other.open()
    yield one, other
    await one.close()
    await other.close()


async def test_an_event_reaches_the_other_process_and_its_own_once(pair: tuple[Live, Live]):
    one, other = pair
    async with asyncio.timeout(10), one.subscribe() as here, other.subscribe() as there:
        arrived = asyncio.ensure_future(anext(there))
        sent = 0
        while not arrived.done():  # the other process may still be subscribing
            one.publish({"type": "case", "case": 1042})
            sent += 1
            await asyncio.wait([arrived], timeout=0.2)
        assert await arrived == {"type": "case", "case": 1042}
        assert [await anext(here) for _ in range(sent)] == [{"type": "case", "case": 1042}] * sent


async def test_two_installations_on_one_server_do_not_hear_each_other(pair: tuple[Live, Live], redis_url: str):
    parts = urlsplit(redis_url)
    neighbour = Live(urlunsplit(parts._replace(query="db=0") if parts.scheme == "unix" else parts._replace(path="/0")))
    await neighbour.open()
    try:
        one, other = pair
        async with asyncio.timeout(10), other.subscribe() as events:
            arrived = asyncio.ensure_future(anext(events))
            while not arrived.done():
                neighbour.publish({"type": "agent"})
                one.publish({"type": "case"})
                await asyncio.wait([arrived], timeout=0.2)
            assert (await arrived)["type"] == "case"
    finally:
        await neighbour.close()


async def test_f19_without_redis_events_stay_in_the_process_and_limits_let_pass():
    live = Live("redis://127.0.0.1:1/0")
    await live.open()
    try:
        async with asyncio.timeout(10), live.subscribe() as events:
            live.publish({"type": "case", "case": 1})
            assert await anext(events) == {"type": "case", "case": 1}
        assert await live.within("key", 0, 60) is True
        assert await live.missing(["a01"], 60) == set()
        assert await live.answers() is False
    finally:
        await live.close()


async def test_a_limit_counts_within_its_window(pair: tuple[Live, Live]):
    one, other = pair
    assert [await one.within("k", 2, 60), await other.within("k", 2, 60), await one.within("k", 2, 60)] == [
        True,
        True,
        False,
    ]


async def test_f19_after_flushall_nobody_counts_as_missing(pair: tuple[Live, Live], redis_url: str):
    one, _ = pair
    await one.seen("a01", 60)
    with redis.Redis.from_url(redis_url) as store:
        await asyncio.to_thread(store.flushdb)
    assert await one.missing(["a01"], 3600) == set()


async def test_a_slow_subscriber_loses_the_oldest_and_holds_nobody_up(pair: tuple[Live, Live]):
    one, _ = pair
    async with one.subscribe() as events:
        for case in range(500):
            one.publish({"type": "case", "case": case})
        assert (await anext(events))["case"] == 300


async def test_sentinel_and_cluster_urls_are_understood():
    for url in ("redis+cluster://127.0.0.1:7000", "redis+sentinel://127.0.0.1,127.0.0.2:26380/mymaster/3"):
        await connect(url, 0.5).aclose()
    with pytest.raises(ValueError, match="master"):
        connect("redis+sentinel://127.0.0.1", 0.5)
