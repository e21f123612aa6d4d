"""Waiting for a turn, but not for long: what `asyncio.wait` does, for a single task and at half the price."""

from __future__ import annotations

import asyncio


async def done_within(task: asyncio.Task[str], seconds: float) -> bool:
    """Wait for a task, which goes on whatever comes; whether it came to its end in time."""
    loop = asyncio.get_running_loop()
    over: asyncio.Future[None] = loop.create_future()

    def wake(_: object = None) -> None:
        if not over.done():
            over.set_result(None)

    timer = loop.call_later(seconds, wake)
    task.add_done_callback(wake)
    try:
        await over
    finally:
        timer.cancel()
        task.remove_done_callback(wake)
    return task.done()
