"""A process of ours beside a door, which speaks on its standard input and output: how it is started and ended."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from pathlib import Path

ENVIRONMENT = {
    "PYTHONPATH": str(Path(__file__).resolve().parent.parent),
    "PATH": os.defpath,
    "PYTHONDONTWRITEBYTECODE": "1",
    "LC_ALL": "C.UTF-8",
}  # all that a process of ours beside another is told of its surroundings
_START = 20.0  # seconds for a process to be ready
_GRACE = 1.0  # seconds for a process to end after its input did


async def started(module: str, settings: str) -> asyncio.subprocess.Process:
    """A process that runs a module, with nothing of our environment. Raises OSError."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        settings,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=ENVIRONMENT,
        start_new_session=True,
        limit=1024 * 1024,
    )


async def answered(module: str, settings: str, given: bytes, seconds: float) -> bytes | None:
    """All that a process says to what it is given; None when it fails or takes longer. It is gone afterwards."""
    try:
        process = await started(module, settings)
    except OSError:
        return None
    try:
        answer, _ = await asyncio.wait_for(process.communicate(given), seconds)
    except (TimeoutError, OSError):
        return None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return answer if process.returncode == 0 else None


async def is_ready(process: asyncio.subprocess.Process, word: bytes) -> bool:
    """Whether it says the word that it is ready with."""
    assert process.stdout is not None
    try:
        return await asyncio.wait_for(process.stdout.readexactly(len(word)), _START) == word
    except (TimeoutError, asyncio.IncompleteReadError, ConnectionError):
        return False


async def ended(process: asyncio.subprocess.Process) -> None:
    """Close its input, and kill it when that is not enough."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        await asyncio.wait_for(process.wait(), _GRACE)
    except (TimeoutError, asyncio.CancelledError) as error:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        if isinstance(error, asyncio.CancelledError):
            raise
