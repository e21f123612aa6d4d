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


async def probe(runtime: Runtime) -> int:
    """Ask once, if there is somebody to ask; returns 1 when the platform answered."""
    url, now = runtime.config.platform_health_url, runtime.clock.now()
    if url is None:
        return 0
    answered = await _answers(str(url))
    await beat(runtime.db, "platform_asked", now)
    if answered:
        await beat(runtime.db, "platform", now)
    return int(answered)


async def _answers(url: str) -> bool:
    try:
        async with ClientSession(timeout=PATIENCE) as session, session.get(url, allow_redirects=False) as answer:
            return answer.status < 400
    except (ClientError, TimeoutError, OSError):
        return False
