"""The demo: an outside world that uses the real doors, and accounts to look at what becomes of it.

`run` is the role of `up --demo`: it serves the mail sink and the telephony provider, waits until the product is ready,
and lets people tell their stories until it is told to stop. A story that cannot be told is left out and logged; which
one comes next is kept in DATA_DIR, so that none is told twice. The parts are imported when they are needed, because
other roles look into this package too.
"""

from __future__ import annotations

from gateway.config import Config


async def prepare(config: Config) -> None:
    """Import the demo's master data and let its people in. Raises Unavailable, ImportFaults."""
    from gateway.demo.accounts import prepare as fill

    await fill(config)


async def run(config: Config) -> None:
    """Be the outside world until SIGTERM or SIGINT. Raises OSError and ValueError at start."""
    from gateway.demo.role import run as play

    await play(config)
