"""The phone door: provider webhooks in, TwiML out; what a call told becomes one report however the call ends.

A turn's state and answer are written before the answer goes out, under (CallSid, turn): a repeated request gets the
same answer. Whatever goes wrong, the caller hears a sentence: slow work a holding one that comes back to the same turn
with what they did; a record that is away, "leave a message", promised to be kept only once it lies in the spool; and
when even that fails, the truth and the last-resort number, which whoever is in danger gets at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from urllib.parse import quote

import structlog

from channels import cards, phone_report
from channels.phone_effects import (
    EFFECTS,
    FILES,
    LOOKS,
    REPEATABLE,
    Begun,
    Scene,
    carry_out,
    file_report,
    keep,
    keep_danger,
)
from channels.phone_events import (
    FINAL,
    Params,
    caller_facts,
    caller_of,
    event_of,
    given_by,
    key_of,
    progress_of,
    seconds_of,
    shown_of,
    sid_of,
    sound_of,
)
from channels.phone_lately import Lately
from channels.phone_ports import Given, Loaded, Progress, Taken
from channels.report import NotStored
from ivr import engine, twiml
from ivr.engine import Begin, CallState, Dialled, Event, Line, Outcome, Pressed, Recorded, Spoken, Turn
from ivr.flow import Ask, End, Flow, Record
from ivr.prompts import LANGUAGES, Phrases
from ivr.scripts import scripts
from ivr.twiml import PLAIN
from ivr.vocabulary import begins_record, is_urgent

log = structlog.get_logger()

DEADLINE = 1.7  # seconds, under the 2 s that a webhook may take
NOTED = 4.0  # seconds for the record to take a status
ELSEWHERE, LOOK = 12.0, 0.25  # seconds that what another request does may take, and between looks whether it is done
HOLDS = 12  # holding sentences while a turn is slow
PATIENCE = 2  # and while the record does not answer, before a call that had begun goes on without it
LAST_RESORT = "last_resort"  # in the URL that a call comes back to from there
CODES = MappingProxyType({"pin": None, "asked_code": None})  # what a caller proves something with


@dataclass(frozen=True, slots=True)
class _Ahead:
    """A turn that was worked out without reading the call, up to what must not be repeated, and whether it is written:
    then as `taken`."""

    state: CallState
    spoken: Turn
    taken: Taken | None = None


class PhoneDoor:
    """The door of one process. `now` is the clock, `lately` a memory that doors of other processes may share."""

    def __init__(
        self,
        given: Given,
        flow: Flow,
        phrases: Phrases,
        now: Callable[[], datetime],
        public_url: str,
        *,
        last_resort: str | None = None,
        captions: bool = False,
        deadline: float = DEADLINE,
        lately: Lately | None = None,
    ) -> None:
        self._given = given
        self._flow = flow
        self._phrases = phrases
        self._now = now
        self._url = public_url.rstrip("/")
        self._last_resort = last_resort
        self._captions = captions
        self._deadline = deadline
        self._document = scripts(phrases)
        self._running: dict[tuple[str, int], asyncio.Task[str]] = {}
        self._holds: dict[tuple[str, int], int] = {}
        self._noting: set[asyncio.Task[None]] = set()
        self._lately = lately or Lately()

    async def voice(self, params: Params, turn: int = 0) -> str:
        """The answer to one turn of a call, within two seconds. Raises ValueError without a CallSid, else nothing."""
        key = (sid_of(params, "CallSid"), turn)
        if "ParentCallSid" in params:
            return await self._whisper(params, turn)
        if LAST_RESORT in params:
            return self._after_last_resort(params, turn)
        params = self._with_held(params, turn)
        task = self._running.get(key)
        if task is None:
            task = asyncio.create_task(self._turn(params, turn))
            self._running[key] = task
            task.add_done_callback(lambda done: self._forget(key, done))
        await asyncio.wait((task,), timeout=self._deadline)
        if not task.done():
            if self._held(key) <= HOLDS:
                log.info("phone.hold", call=key[0], turn=turn)
                return self._hold(params, turn)
            return await self._without_record(params, turn)
        try:
            answer = task.result()
        except Exception as error:
            log.warning("phone.turn_failed", call=key[0], turn=turn, error=type(error).__name__)
            if 0 < turn < PLAIN and "RecordingSid" not in params and self._held(key) <= PATIENCE:
                return self._hold(params, turn)
            return await self._without_record(params, turn)
        self._holds.pop(key, None)
        return answer

    async def status(self, params: Params) -> None:
        """Note what the provider says of a call; one that ended before it was filed is filed now, or spooled."""
        progress = progress_of(params, self._now())
        final = progress.status in FINAL
        if final:
            await self._settled(progress.sid)
        try:
            loaded = await self._noted(progress)
            if final and (loaded is None or loaded.state is not None or progress.outbound):
                await self._over(params, progress, loaded)
        finally:
            if final:
                self._lately.forget(progress.sid)

    async def missed(self, params: Params) -> bool:
        """A call that the provider says is over and that was never filed, perhaps never seen: filed now, if it told
        anything that is not; returns whether it was."""
        progress = progress_of(params, self._now())
        state = self._told(params, await self._given.calls.progress(progress))
        await self._gone(progress)
        return await self._file_left(progress.sid, state, progress.called)

    async def recording(self, params: Params) -> None:
        """Note a recording, once. Raises when the record is away: a sweep of the provider's list finds it again."""
        await self._given.calls.recorded(sound_of(params, self._now()))

    async def transcription(self, params: Params) -> None:
        """Keep a transcript of a recording, whole as the provider made it, but for card numbers; none of no words."""
        text = cards.masked(params.get("TranscriptionText", "").strip())
        if params.get("TranscriptionStatus") != "completed" or not text:
            return
        recording, call = sid_of(params, "RecordingSid"), sid_of(params, "CallSid")
        await self._given.calls.transcribed(recording, call, text, params.get("LanguageCode"))

    async def _whisper(self, params: Params, turn: int) -> str:
        """The leg of whoever is rung for a waiting caller: a person presses 1, a machine does not; in a browser they
        have clicked already. They are connected in time whatever happens; the record may take it in as they talk."""
        clicked = params.get("To", "").startswith("client:")
        if turn == 0 and not clicked:
            return twiml.whisper(self._both("whisper"), self._action(1))
        if params.get("Digits") != "1" and not clicked:
            return twiml.goodbye(self._both("goodbye"))
        noting = asyncio.create_task(self._note_answered(params))
        self._noting.add(noting)
        noting.add_done_callback(self._noting.discard)
        await asyncio.wait((noting,), timeout=self._deadline)
        return twiml.bridge()

    async def _note_answered(self, params: Params) -> None:
        try:
            await self._given.line.answered(sid_of(params, "ParentCallSid"))
        except Exception as error:
            log.warning("phone.answer_not_noted", error=type(error).__name__)

    async def _turn(self, params: Params, turn: int) -> str:
        calls, sid = self._given.calls, params["CallSid"]
        ahead = await self._ahead(params, turn)
        if ahead is not None and ahead.spoken.effect is None:
            taken = ahead.taken or self._taken(params, turn, ahead.state, ahead.spoken, new=turn == 0)
            if ahead.taken or await calls.follow(taken, turn - 1):
                self._note(sid, turn, ahead.state)
                return taken.answer
            ahead = None
        loaded = await calls.load(sid, turn)
        if loaded.ended:
            if "RecordingSid" in params:
                await calls.recorded(sound_of(params, self._now()))
            return twiml.goodbye(self._both("already_over"))
        if loaded.answer is not None:
            return loaded.answer
        if loaded.state is not None and turn <= loaded.turn:
            return twiml.hold(self._both("hold"), self._action(loaded.turn + 1))
        if ahead is not None and loaded.state is not None and loaded.turn == turn - 1:
            state, spoken = ahead.state, ahead.spoken
        else:
            known = self._told(params, loaded) if loaded.turn < turn - 1 else self._recorded(params, loaded)
            state, spoken = self._first_step(known, self._event(known, params), new=loaded.state is None)
        before = phone_report.tried(state)
        try:
            state, spoken = await self._carried_out(sid, state, spoken, params.get("To"), patient=True)
        except Begun:
            if done := await self._answered_elsewhere(sid, turn):
                return done
            state, spoken = await self._carried_out(sid, state, spoken, params.get("To"))
        taken = self._taken(params, turn, state, spoken, new=loaded.state is None)
        answer = await calls.save(taken)
        for tried in {*phone_report.tried(state)}.difference(before):
            await calls.tried(sid, tried)
        if answer is taken.answer:
            self._note(sid, turn, state)
        return answer

    async def _answered_elsewhere(self, sid: str, turn: int) -> str | None:
        """What another request answers to this turn, once it is done; None when it came to no end."""
        for _ in range(int(ELSEWHERE / LOOK)):
            await asyncio.sleep(LOOK)
            loaded = await self._given.calls.load(sid, turn)
            if loaded.answer is not None:
                return loaded.answer
        return None

    async def _ahead(self, params: Params, turn: int) -> _Ahead | None:
        """The turn after one that was answered here, worked out from what the record was told then, or the first one of
        a call; it holds if the record has been told nothing since. None for other turns."""
        if turn >= PLAIN:
            return None
        sid = params["CallSid"]
        state = self._lately.before(sid, turn) if turn else self._begin(params)
        if state is None:
            return None
        state, spoken = self._first_step(state, self._event(state, params), new=turn == 0)
        state, spoken = await self._carried_out(sid, state, spoken, params.get("To"), within=LOOKS)
        if spoken.effect != FILES:
            return _Ahead(state, spoken)
        return await self._filed(params, turn, state, spoken)

    async def _filed(self, params: Params, turn: int, before: CallState, asking: Turn) -> _Ahead:
        """The turn after a report is filed, written with it unless it has to do more than to answer."""

        def after(outcome: Outcome) -> tuple[CallState, Turn]:
            state, spoken = engine.step(self._flow, before, outcome)
            return state, Turn((*asking.say, *spoken.say), spoken.node, state.language, spoken.effect)

        def following(outcome: Outcome) -> Taken | None:
            state, spoken = after(outcome)
            return self._taken(params, turn, state, spoken, new=turn == 0) if spoken.effect is None else None

        sid, called = params["CallSid"], params.get("To")
        scene = Scene(sid, before, self._now(), called, self._given, self._phrases)
        outcome, taken = await file_report(scene, following)
        state, spoken = after(outcome)
        return _Ahead(*await self._carried_out(sid, state, spoken, called, within=REPEATABLE), taken)

    def _note(self, sid: str, turn: int, state: CallState) -> None:
        if isinstance(self._flow.node.get(state.node), End):
            self._lately.forget(sid)
        else:
            self._lately.note(sid, turn, state)

    def _taken(self, params: Params, turn: int, state: CallState, spoken: Turn, *, new: bool) -> Taken:
        return Taken(
            sid=params["CallSid"],
            turn=turn,
            at=self._now(),
            node=state.node,
            language=state.language,
            state=state.to_json(),
            answer=self._render(spoken, state, turn + 1, shown_of(params)),
            caller=(state.facts.get("phone") or caller_of(params)) if new else None,
            called=params.get("To", "")[:80] or None,
            report=int(state.facts.get("report", "0")) or None,
            case=state.facts.get("case"),
        )

    def _event(self, state: CallState, params: Params) -> Event:
        node = self._flow.node.get(state.node)
        return event_of(params, number=isinstance(node, Ask) and node.into == "number")

    def _first_step(self, state: CallState, event: Event, *, new: bool) -> tuple[CallState, Turn]:
        if isinstance(event, Recorded) and not isinstance(self._flow.node.get(state.node), Record):
            return engine.rescue(self._flow, state, {"message": event.sid, "message_how": str(event.seconds)})
        return engine.step(self._flow, state, Begin() if new else event)

    async def _carried_out(
        self,
        sid: str,
        state: CallState,
        spoken: Turn,
        called: str | None,
        *,
        within: Collection[str] = EFFECTS,
        patient: bool = False,
    ) -> tuple[CallState, Turn]:
        """The turn that is spoken once its effects are done, or those before the first that is not `within`. Raises
        Begun, to who is patient."""
        lines = spoken.say
        while spoken.effect is not None:
            if spoken.effect not in within:
                return state, Turn(lines, spoken.node, state.language, spoken.effect)
            scene = Scene(sid, state, self._now(), called, self._given, self._phrases, patient)
            outcome = await carry_out(spoken.effect, scene)
            state, spoken = engine.step(self._flow, state, outcome)
            lines = (*lines, *spoken.say)
        return state, Turn(lines, spoken.node, state.language)

    def _begin(self, params: Params) -> CallState:
        return engine.start(self._flow, caller_facts(params))

    def _render(self, spoken: Turn, state: CallState, turn: int, shown: str | None) -> str:
        if isinstance(spoken.node, End) and spoken.node.ends == "goodbye" and self._last_resort:
            return twiml.goodbye(self._sentences(spoken.say), self._last_resort, shown)
        ways = self._ways(turn, state.facts.get("answerer", ""), record=begins_record(state.facts), shown=shown)
        return self._document(state.node, spoken, ways)

    async def _without_record(self, params: Params, turn: int) -> str:
        """What is said when the record does not answer: a message is taken, then kept in the spool, then promised."""
        sid = params["CallSid"]
        if turn < PLAIN and "RecordingSid" not in params:
            if remembered := self._remembered(sid):
                if remembered[1].facts.get("rating"):
                    return await self._thanked(params, turn, remembered[1])
                self._lately.note(sid, PLAIN + turn - 1, remembered[1])
                if is_urgent(remembered[1].facts) and self._last_resort:
                    return await self._put_through(params, turn, remembered[1], self._last_resort)
            return twiml.take_message(self._both("trouble", "message_after_tone"), self._ways(PLAIN + turn))
        state = self._told(params)
        if "RecordingSid" in params:
            seconds = seconds_of(params, "RecordingDuration")
            state = engine.noting(state, {"message": sid_of(params, "RecordingSid"), "message_how": str(seconds)})
        if not await self._spooled(params, turn, state):
            return twiml.goodbye(self._both("no_way"), self._last_resort, shown_of(params))
        return twiml.goodbye(self._both("kept", "goodbye"))

    async def _thanked(self, params: Params, turn: int, state: CallState) -> str:
        """Who has rated their talk has nothing else to tell."""
        sid = params["CallSid"]
        try:
            await self._given.spool.keep(phone_report.rating_of(sid, state, self._now(), params.get("To")))
        except NotStored:
            log.error("phone.rating_not_kept", call=sid)
        self._lately.note(sid, turn, state)
        return twiml.goodbye(self._both("thank_you", "goodbye"))

    async def _put_through(self, params: Params, turn: int, state: CallState, last_resort: str) -> str:
        """Who is in danger while the record does not answer is told so and put through at once, kept or not."""
        await self._spooled(params, PLAIN + turn - 1, state)
        back = f"{self._action(PLAIN + turn)}?{LAST_RESORT}=yes"
        return twiml.put_through(self._both("emergency"), last_resort, back, shown_of(params))

    def _after_last_resort(self, params: Params, turn: int) -> str:
        if event_of(params) == Dialled(talked=True):
            return twiml.goodbye(self._both("goodbye"))
        return twiml.take_message(self._both("trouble", "message_after_tone"), self._ways(turn))

    async def _spooled(self, params: Params, turn: int, state: CallState) -> bool:
        """Whether what a call told lies in the spool now; then it is not filed as a broken call as well."""
        sid, now, called = params["CallSid"], self._now(), params.get("To")
        danger = phone_report.untold_danger(state)
        if danger and not phone_report.unfinished(state):
            report = phone_report.danger_of(sid, state, now, self._phrases, called)
        else:
            report = phone_report.report_of(sid, state, now, self._phrases, (phone_report.TROUBLE,), called)
        try:
            await self._given.spool.keep(report)
        except NotStored:
            log.error("phone.nothing_kept", call=sid)
            return False
        told = {"kept": "yes", "danger_told": "yes"} if danger else {"kept": "yes"}
        self._lately.note(sid, turn, engine.noting(state, told))
        return True

    def _told(self, params: Params, loaded: Loaded | None = None) -> CallState:
        """What a call told: as it is remembered here, or by the record if that answers and knows of a later turn, or of
        none any more."""
        turn, state = self._remembered(params["CallSid"]) or (-1, self._begin(params))
        if loaded is not None and (loaded.state is None or loaded.turn > turn):
            return self._recorded(params, loaded)
        return state

    def _remembered(self, sid: str) -> tuple[int, CallState] | None:
        """The last turn that is known here and what the call told, also in a turn that has no answer yet, but for codes
        that were keyed."""
        found = self._lately.last(sid)
        if found is None or found.state is None:
            return None
        state, event = found.state, self._event(found.state, found.given)
        if isinstance(event, Pressed | Spoken):
            state, _ = engine.step(self._flow, state, event)
        return found.turn, engine.noting(state, CODES)

    def _recorded(self, params: Params, loaded: Loaded) -> CallState:
        return CallState.from_json(loaded.state) if loaded.state is not None else self._begin(params)

    async def _noted(self, progress: Progress) -> Loaded | None:
        try:
            async with asyncio.timeout(NOTED):
                return await self._given.calls.progress(progress)
        except Exception as error:
            log.warning("phone.status_not_noted", call=progress.sid, error=type(error).__name__)
            return None

    async def _over(self, params: Params, progress: Progress, loaded: Loaded | None) -> None:
        """A call is over, and what the record knows of it, if it answered: file what is not filed."""
        state = self._told(params, loaded)
        if not progress.outbound:
            await self._file_left(progress.sid, state, progress.called)
        if loaded is not None:
            await self._gone(progress)

    async def _gone(self, progress: Progress) -> None:
        """Nobody by this call is in line any more; if we made it, nobody is in a talk by it."""
        await self._given.line.leave(progress.sid, "hung_up")
        if progress.outbound:
            await self._given.line.left_talk(progress.sid)

    async def _file_left(self, sid: str, state: CallState, called: str | None) -> bool:
        """File what a call that is over told and that is in no report; whether there was anything."""
        if phone_report.unfinished(state):
            await self._file_dropped(sid, state, called)
        elif phone_report.untold_danger(state):
            await keep_danger(self._given, sid, state, self._now(), self._phrases, called)
        else:
            return False
        return True

    async def _file_dropped(self, sid: str, state: CallState, called: str | None) -> None:
        report = phone_report.report_of(sid, state, self._now(), self._phrases, (phone_report.DROPPED,), called)
        receipt = await keep(self._given, report)
        if receipt is not None:
            await self._confirm(sid, state)
            await self._given.calls.filed(sid, receipt.report)
        log.info("phone.dropped", call=sid, case=receipt.case if receipt else None)

    async def _confirm(self, sid: str, state: CallState) -> None:
        """Note a yes that could not be noted when it was said; one that went into the spool is when that is emptied."""
        try:
            if asked := phone_report.agreed(state):
                await self._given.cases.confirm(asked)
        except Exception as error:
            log.warning("phone.answer_not_noted", call=sid, error=type(error).__name__)

    def _hold(self, params: Params, turn: int) -> str:
        """A holding sentence. A key that was pressed comes back in its URL, by whatever process; all that the caller
        did is remembered by those of this port."""
        if given := given_by(params):
            self._lately.hold(params["CallSid"], turn, given)
        key = key_of(given)
        pressed = f"?pressed={quote(key, safe='*')}" if key else ""
        return twiml.hold(self._both("hold"), f"{self._action(turn)}{pressed}")

    def _with_held(self, params: Params, turn: int) -> Params:
        """The parameters of a turn; of one that comes back from a holding sentence with what the caller did before."""
        if given_by(params):
            return params
        pressed = {"Digits": params["pressed"]} if "pressed" in params else {}
        return {**params, **pressed, **self._lately.held(params["CallSid"], turn)}

    def _held(self, key: tuple[str, int]) -> int:
        self._holds[key] = self._holds.get(key, 0) + 1
        return self._holds[key]

    async def _settled(self, sid: str) -> None:
        """Let turns of this call that are still being worked out come to their end first."""
        running = [task for (call, _), task in self._running.items() if call == sid]
        if running:
            await asyncio.wait(running, timeout=self._deadline)

    def _forget(self, key: tuple[str, int], done: asyncio.Task[str]) -> None:
        self._running.pop(key, None)
        if not done.cancelled():
            done.exception()

    def _both(self, *prompts: str) -> list[tuple[str, str]]:
        return [(language, self._phrases.say(prompt, language)) for prompt in prompts for language in LANGUAGES]

    def _sentences(self, lines: Iterable[Line]) -> list[tuple[str, str]]:
        return [(line.language, self._phrases.text(line)) for line in lines]

    def _action(self, turn: int) -> str:
        return f"{self._url}/twilio/voice/{turn}"

    def _ways(self, turn: int, answerer: str = "", *, record: bool = False, shown: str | None = None) -> twiml.Ways:
        return twiml.Ways(
            action=self._action(turn),
            recording=f"{self._url}/twilio/recording",
            music=f"{self._url}/twilio/music.wav",
            whisper=self._action(0),
            answerer=answerer,
            record=record,
            captions=f"{self._url}/twilio/captions" if record and self._captions else "",
            shown=shown if answerer else None,
        )
