"""The doors of the telephony provider over a runtime: phone, SMS, and the check of signatures.

Made once a process; a flow that is wrong raises FlowError before a port is opened.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cache

from channels.phone import PhoneDoor
from channels.phone_lately import Lately
from channels.phone_ports import Given
from channels.provider import Provider, open_provider
from channels.provider_http import ProviderAway
from channels.signatures import Signatures
from channels.sms import SmsDoor
from gateway.chargers import CarefulChargers
from gateway.chores import Chore
from gateway.config import Config
from gateway.ledgers import reconciling
from gateway.ledgers.reconciling import Reconciler
from gateway.messages.post import account_of
from gateway.phone import (
    alone,
    asking,
    callbacks,
    consent,
    customer_first,
    heeding,
    oncall,
    recordings,
    ringing,
    talks,
    transcribing,
    waiting,
    watch,
)
from gateway.phone.asking import Ratings
from gateway.phone.concluding import Conclusions
from gateway.phone.legs import Legs
from gateway.phone.lookups import (
    BoardAnnouncements,
    JudgedDangers,
    RecordedCallers,
    RecordedCases,
    RecordedIncidents,
    RecordedOwners,
    RecordedPlaces,
)
from gateway.phone.ringdoor import RingDoor
from gateway.phone.waiting import RecordedLine
from gateway.record.calls import RecordedCalls
from gateway.record.texts import RecordedTexts
from gateway.runtime import Runtime
from ivr.checks import check
from ivr.flow import FLOWS, Flow, FlowError, load
from ivr.prompts import Phrases, read_catalogues
from transcripts.endpoint import open_endpoint


def phone_door(runtime: Runtime, lately: Lately | None = None) -> PhoneDoor:
    """The phone door; `lately` is a memory of calls that it shares. Raises FlowError when the flow is wrong."""
    calls = RecordedCalls(runtime.calls_db, runtime.clock, runtime.crash)
    given = Given(
        calls=calls,
        intake=runtime.intake,
        spool=runtime.spool,
        chargers=CarefulChargers(runtime.chargers, runtime.calls_db),
        solutions=runtime.solutions,
        places=RecordedPlaces(runtime),
        dangers=JudgedDangers(runtime),
        incidents=RecordedIncidents(runtime, calls.asks),
        announcements=BoardAnnouncements(runtime),
        cases=RecordedCases(runtime),
        callers=RecordedCallers(calls.asks),
        owners=RecordedOwners(runtime),
        line=RecordedLine(runtime),
    )
    config = runtime.config
    return PhoneDoor(
        given,
        support_flow(),
        Phrases(read_catalogues()),
        runtime.clock.now,
        config.public_url,
        last_resort=config.last_resort_number,
        captions=config.live_captions == "on",
        lately=lately,
    )


def ring_door(runtime: Runtime) -> RingDoor:
    """What is spoken to those whose telephones we rang."""
    phrases = Phrases(read_catalogues())
    return RingDoor(Legs(runtime, phrases), phrases, runtime.config.public_url)


def sms_door(runtime: Runtime, numbers: Collection[str]) -> SmsDoor:
    """The SMS door; `numbers` are our own."""
    texts = RecordedTexts(runtime.db, runtime.clock)
    pictures = Pictures(runtime.config)
    asked = Ratings(runtime), Conclusions(runtime)
    return SmsDoor(runtime.intake, runtime.spool, pictures, texts, *asked, runtime.clock.now, numbers)


def signatures(config: Config) -> Signatures:
    """The check of the provider's signatures: the present token and, during a rotation, the next one."""
    tokens = [token for token in (config.twilio_auth_token, config.twilio_auth_token_next) if token]
    return Signatures(tokens, config.public_url)


@asynccontextmanager
async def chores(runtime: Runtime) -> AsyncIterator[tuple[Chore, ...]]:
    """The worker's chores of the phone: the on-call ladder, telephones to ring, call-backs, talks whose agent has gone,
    who is left alone in a room, who is in line no more, the question how a talk was, danger in recorded messages; with
    an account also what was missed and recordings to fetch; with a transcriber what they say."""
    account, phrases = account_of(runtime.config), Phrases(read_catalogues())
    async with AsyncExitStack() as stack:
        provider = await stack.enter_async_context(open_provider(account)) if account else None
        found = [
            Chore("oncall", lambda: oncall.sweep(runtime)),
            Chore("ringing", lambda: ringing.sweep(runtime, provider)),
            Chore("callbacks", lambda: callbacks.sweep(runtime)),
            Chore("talks", lambda: talks.sweep(runtime)),
            Chore("alone", lambda: alone.sweep(runtime)),
            Chore("line", lambda: waiting.sweep(runtime)),
            Chore("customer_first", lambda: customer_first.sweep(runtime)),
            Chore("asking", lambda: asking.sweep(runtime), every=asking.EVERY),
            Chore("heeding", lambda: heeding.sweep(runtime, phrases)),
            Chore("watch", lambda: watch.complain(runtime), every=watch.EVERY),
        ]
        if runtime.config.transcriber_url:
            transcriber = await stack.enter_async_context(open_endpoint(runtime.config.transcriber_url))
            found.append(Chore("transcribing", lambda: transcribing.sweep(runtime, transcriber)))
        if provider is not None:
            fetching = provider
            compare = _reconciler(runtime, provider).sweep
            found.append(Chore("reconciling", compare, every=reconciling.REST))
            found.append(Chore("recordings", lambda: recordings.sweep(runtime, fetching)))
            found.append(Chore("consent", lambda: consent.sweep(runtime, fetching)))
        yield tuple(found)


@asynccontextmanager
async def reconciler(runtime: Runtime) -> AsyncIterator[Reconciler | None]:
    """Who compares the provider's lists with ours; None without an account."""
    account = account_of(runtime.config)
    if account is None:
        yield None
        return
    async with open_provider(account) as provider:
        yield _reconciler(runtime, provider)


def _reconciler(runtime: Runtime, provider: Provider) -> Reconciler:
    numbers = frozenset(number.number for number in runtime.config.twilio_numbers)
    return Reconciler(runtime, provider, phone_door(runtime), sms_door(runtime, numbers), numbers)


@cache
def support_flow() -> Flow:
    """The flow that answers calls, read and checked once a process. Raises FlowError with all its faults."""
    flow = load(FLOWS / "support.toml")
    if faults := check(flow):
        raise FlowError([str(fault) for fault in faults])
    return flow


class Pictures:
    """`Media` from the provider's API, opened for as long as a picture takes; there are few."""

    def __init__(self, config: Config) -> None:
        self._account = account_of(config)

    async def media(self, message: str, media: str) -> bytes:
        if self._account is None:
            raise ProviderAway("no account is configured")
        async with open_provider(self._account) as provider:
            return await provider.media(message, media)
