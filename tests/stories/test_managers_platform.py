"""The charging platform's own uptime: asked, answered or not, and not held against it while nobody asked."""

from __future__ import annotations

from datetime import timedelta

from aiohttp import web
from aiohttp.test_utils import TestServer

from gateway.clock import SetClock, SystemClock
from gateway.config import Config
from gateway.figures import measures
from gateway.platform import probe
from gateway.record.facts import day_of, midnight
from tests.fakes.house import open_house


async def test_the_platforms_uptime_is_what_it_answered_of_what_it_was_asked(config: Config) -> None:
    answers = [200, 200, 500, 302]

    async def health(request: web.Request) -> web.Response:
        return web.Response(status=answers.pop(0))

    app = web.Application()
    app.router.add_get("/health", health)
    clock = SetClock(SystemClock().now())
    async with TestServer(app) as platform:
        asked = config.model_copy(update={"platform_health_url": str(platform.make_url("/health"))})
        async with open_house(asked, clock=clock) as house:
            assert await probe(house.runtime) == 1
            for expected in (1, 0, 1):
                clock.forward(timedelta(seconds=10))
                assert await probe(house.runtime) == expected
            await platform.close()
            clock.forward(timedelta(seconds=10))
            assert await probe(house.runtime) == 0  # not there at all
            now = clock.now() + timedelta(seconds=10)
            found = await measures.of_period(house.runtime.db, midnight(day_of(now)), now, None, now)
            up = {one.measure: one for one in found}["platform_uptime"]
            assert (up.numerator, up.denominator) == (3, 5)
        async with open_house(config, clock=clock) as house:
            assert await probe(house.runtime) == 0  # nothing to ask
