"""The demo's role: its servers, and its people one after the other."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import structlog
from aiohttp import ClientError, ClientSession, ClientTimeout

from gateway.clock import SystemClock
from gateway.config import Config
from gateway.demo.carrier import Carrier, murmur, serve_carrier
from gateway.demo.mails import Mails
from gateway.demo.outside import ACCOUNT, ADDRESS, HOST, NUMBER, lent, mails_folder
from gateway.demo.people import Doors, NotTold, tell
from gateway.demo.phone import Line
from gateway.demo.sink import serve_sink
from gateway.demo.stories import Book, Story, open_book
from gateway.hosting import folders
from gateway.hosting.stopping import until_stopped
from gateway.hosting.welcome import local_url

log = structlog.get_logger()

FOLDER = Path(__file__).parents[2] / "demo"
MINUTE = (0.8, 3.6)  # seconds between the stories of the opening
LATER = (20.0, 40.0)  # seconds between all others
AT_ONCE = 12  # stories that are being told
PACE = 0.6  # seconds for each answer of a caller
LOOK_EVERY = 0.25
_FILE = "demo-told.json"


async def run(config: Config) -> None:
    """Serve the outside world and tell stories until SIGTERM or SIGINT. Raises OSError, ValueError at start."""
    book = await asyncio.to_thread(open_book, FOLDER)
    async with outside(config) as doors:
        telling = asyncio.create_task(_tell_all(config, book, doors))
        stopping = asyncio.create_task(until_stopped())
        await asyncio.wait({telling, stopping}, return_when=asyncio.FIRST_COMPLETED)
        failed = telling.done()
        telling.cancel()
        stopping.cancel()
        await asyncio.gather(telling, stopping, return_exceptions=True)
        if failed:
            telling.result()


@asynccontextmanager
async def outside(config: Config, pace: float = PACE) -> AsyncIterator[Doors]:
    """The mail sink and the provider as far as this installation uses them, and the way to its doors."""
    where, mails = lent(config), Mails(mails_folder(config))
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(ClientSession())
        numbers = [number.number for number in config.twilio_numbers if number.voice]
        line = Line(
            session,
            local_url(config),
            config.twilio_auth_token,
            account=config.twilio_account_sid or ACCOUNT,
            number=numbers[0] if numbers else NUMBER,
            public_url=config.public_url.rstrip("/"),
            sids=itertools.count(secrets.randbits(100)),
        )
        if where.mail is not None:
            await stack.enter_async_context(serve_sink(mails, HOST, where.mail))
        if where.provider is not None:
            carrier = Carrier(line.account, line.token, session, mails.keep_text)
            line.recorded = lambda call, seconds: carrier.add_recording(
                murmur(seconds), call_sid=call, duration=str(seconds)
            )
            line.ended = lambda sid, caller, seconds: carrier.add_call(
                sid=sid, **{"from": caller, "to": line.number, "duration": str(seconds)}
            )
            line.texted = lambda sid, sender, words: carrier.add_message(
                sid=sid, **{"from": sender, "to": line.number, "body": words}
            )
            await stack.enter_async_context(serve_carrier(carrier, HOST, where.provider))
        yield Doors(
            name=told_so_far(config)[0],
            url=local_url(config),
            mail=(config.smtp_host, config.smtp_port),
            address=config.mail_addresses[0].address if config.mail_addresses else ADDRESS,
            token=config.admin_token,
            line=line,
            session=session,
            pace=pace,
        )


async def _tell_all(config: Config, book: Book, doors: Doors) -> None:
    await _ready(doors)
    clock = SystemClock()
    room = asyncio.Semaphore(AT_ONCE)
    async with asyncio.TaskGroup() as group:
        for nth in itertools.count(told_so_far(config)[1]):
            await room.acquire()
            _note_told(config, doors.name, nth + 1)
            task = group.create_task(_tell(doors, book.story(nth, clock.now())))
            task.add_done_callback(lambda _: room.release())
            await asyncio.sleep(random.uniform(*(MINUTE if nth < book.opening else LATER)))


async def _tell(doors: Doors, story: Story) -> None:
    try:
        await tell(doors, story)
    except NotTold as problem:
        log.warning("demo.not_told", nth=story.nth, channel=story.channel, why=str(problem))
    else:
        log.info("demo.told", nth=story.nth, channel=story.channel)


async def _ready(doors: Doors) -> None:
    """Wait until the product says that it is ready."""
    while True:
        try:
            async with doors.session.get(f"{doors.url}/readyz", timeout=ClientTimeout(total=5)) as answer:
                if answer.status == 200:
                    return
        except (ClientError, TimeoutError):
            pass
        await asyncio.sleep(LOOK_EVERY)


def told_so_far(config: Config) -> tuple[str, int]:
    """This installation's name and how many stories it has been told."""
    path = config.data_dir / _FILE
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return str(kept["name"]), int(kept["told"])
    except (OSError, ValueError, KeyError, TypeError):
        name = secrets.token_hex(8)
        _note_told(config, name, 0)
        return name, 0


def _note_told(config: Config, name: str, told: int) -> None:
    folders.write_private(config.data_dir / _FILE, json.dumps({"name": name, "told": told}), replace=True)
