"""Whether the charging platform answers, asked every ten seconds at PLATFORM_HEALTH_URL.

That it was asked and that it answered are heartbeats of their own, so that its uptime is counted of the times that we
looked, and our own silence is not held against it.
"""

from __future__ import annotations

from aiohttp import ClientError, ClientSession, ClientTimeout

from gateway.record.heartbeats import beat
from gateway.runtime import Runtime

REST = 10.0  # seconds
PATIENCE = ClientTimeout(total=5.0)


class Probe:
    """Asks at most every ten seconds, however often it is woken."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime, self._last = runtime, -REST

    async def sweep(self) -> int:
        """Returns 1 when the platform answered."""
        config, clock = self._runtime.config, self._runtime.clock
        asked = clock.monotonic()
        if config.platform_health_url is None or asked - self._last < REST:
            return 0
        self._last, now = asked, clock.now()
        answered = await _answers(str(config.platform_health_url))
        await beat(self._runtime.db, "platform_asked", now)
        if answered:
            await beat(self._runtime.db, "platform", now)
        return int(answered)


async def _answers(url: str) -> bool:
    try:
        async with ClientSession(timeout=PATIENCE) as session, session.get(url, allow_redirects=False) as answer:
            return answer.status < 400
    except (ClientError, TimeoutError, OSError):
        return False
