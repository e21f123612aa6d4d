"""A turn as TwiML, by the twilio library's builder. What a caller or the record contributed is only ever text.

Whatever a verb waits for comes back to one action URL; a verb that ends without an answer falls through to a redirect
to the same URL, so that a call goes on whatever the caller does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from twilio.twiml.voice_response import Dial, Gather, VoiceResponse

from ivr.engine import Line, Turn
from ivr.flow import Ask, Connect, End, Menu, Queue, Record
from ivr.prompts import LANGUAGES, Phrases, Sentences, voice_of

VOICES = {"sv": "sv-SE", "en": "en-GB", "no": "nb-NO", "da": "da-DK", "fi": "fi-FI", "de": "de-DE"}
SILENCE_AFTER_SPEECH = "auto"
RECORDED_SILENCE = 6  # seconds
RING = 20  # seconds
CAPTIONS = "captions"  # under which name the provider knows the text of a talk
PLAIN = 1000  # turns from here on are spoken without the record


@dataclass(frozen=True, slots=True)
class Ways:
    """Where things come back to, as URLs, and who answers: a number to ring (asked at `whisper` whether they take the
    call) or the name of a room that caller and agent meet in. With `record` they are recorded, a voice a channel; what
    they say goes to `captions` as text while they say it. A telephone that is rung shows `shown`, or the caller's own
    number."""

    action: str
    recording: str
    music: str
    whisper: str
    answerer: str
    record: bool = False
    captions: str = ""
    shown: str | None = None


def render(turn: Turn, phrases: Sentences, ways: Ways) -> str:
    """The TwiML document of a turn whose effects are done."""
    response = VoiceResponse()
    match turn.node:
        case Menu(seconds=seconds):
            gather = response.gather(
                input="dtmf", num_digits=1, timeout=seconds, finish_on_key="", action=ways.action, method="POST"
            )
            speak(gather, turn.say, phrases)
            response.redirect(ways.action, method="POST")
        case Ask() as node:
            speak(_ask(response, node, turn.language, ways), turn.say, phrases)
            response.redirect(ways.action, method="POST")
        case Record(seconds=seconds):
            speak(response, turn.say, phrases)
            _record(response, seconds, ways)
        case Queue():
            gather = response.gather(
                input="dtmf", num_digits=1, timeout=1, finish_on_key="", action=ways.action, method="POST"
            )
            speak(gather, turn.say, phrases)
            gather.play(ways.music)
            response.redirect(ways.action, method="POST")
        case Connect():
            speak(response, turn.say, phrases)
            _connect(response, ways, turn.language)
        case End():
            speak(response, turn.say, phrases)
            response.hangup()
        case node:
            raise AssertionError(f"a {node.kind} node waits for nobody")
    return str(response)


def hold(sentences: Iterable[tuple[str, str]], action: str) -> str:
    """A holding sentence, as (language, sentence) pairs, that comes back to the same turn."""
    response = VoiceResponse()
    for language, sentence in sentences:
        response.say(sentence, language=VOICES[language])
    response.pause(length=1)
    response.redirect(action, method="POST")
    return str(response)


def wait(sentences: Iterable[tuple[str, str]], action: str, music: str) -> str:
    """Speak (language, sentence) pairs, play music once, and come back, also with a key that was pressed meanwhile."""
    response = VoiceResponse()
    gather = response.gather(input="dtmf", num_digits=1, timeout=1, finish_on_key="", action=action, method="POST")
    for language, sentence in sentences:
        gather.say(sentence, language=VOICES[language])
    gather.play(music)
    response.redirect(action, method="POST")
    return str(response)


def take_message(sentences: Iterable[tuple[str, str]], ways: Ways, seconds: int = 120) -> str:
    """Speak (language, sentence) pairs and record: what is left when nothing else works."""
    response = VoiceResponse()
    for language, sentence in sentences:
        response.say(sentence, language=VOICES[language])
    _record(response, seconds, ways)
    return str(response)


def fallback(phrases: Phrases, public_url: str) -> str:
    """The document for the provider's fallback URL: it lies with the provider and works without us. What it records is
    announced to us if we hear it, and otherwise found in the provider's lists."""
    url = public_url.rstrip("/")
    ways = Ways(f"{url}/twilio/voice/{PLAIN}", f"{url}/twilio/recording", "", "", "")
    return take_message([(language, phrases.say("fallback", language)) for language in LANGUAGES], ways, seconds=180)


def goodbye(sentences: Iterable[tuple[str, str]], dial: str | None = None, shown: str | None = None) -> str:
    """Speak (language, sentence) pairs, try a last number if there is one, which sees the number `shown` or else the
    caller's, and hang up."""
    response = VoiceResponse()
    for language, sentence in sentences:
        response.say(sentence, language=VOICES[language])
    if dial is not None:
        response.append(Dial(dial, timeout=60, caller_id=shown))
    response.hangup()
    return str(response)


def put_through(sentences: Iterable[tuple[str, str]], number: str, action: str, shown: str | None = None) -> str:
    """Speak (language, sentence) pairs and ring a last number, which sees the number `shown` or else the caller's; the
    call comes back however that ends."""
    response = VoiceResponse()
    for language, sentence in sentences:
        response.say(sentence, language=VOICES[language])
    response.append(Dial(number, timeout=60, action=action, method="POST", caller_id=shown))
    return str(response)


def speak(verb: VoiceResponse | Gather, lines: Iterable[Line], phrases: Sentences) -> None:
    """Say each line by the voice of its language; lines of one voice that follow each other are said in one breath."""
    breath: list[str] = []
    voice = ""
    for line in lines:
        sentence = phrases.text(line)
        if not sentence:
            continue
        if breath and voice_of(line) != voice:
            verb.say(" ".join(breath), language=VOICES[voice])
            breath = []
        voice = voice_of(line)
        breath.append(sentence)
    if breath:
        verb.say(" ".join(breath), language=VOICES[voice])


def whisper(sentences: Sequence[tuple[str, str]], action: str, times: int = 1) -> str:
    """What only the answering person hears first, perhaps several times: they press a key to take the call, or the leg
    ends."""
    response = VoiceResponse()
    for _ in range(times):
        gather = response.gather(input="dtmf", num_digits=1, timeout=8, finish_on_key="", action=action, method="POST")
        for language, sentence in sentences:
            gather.say(sentence, language=VOICES[language])
    response.hangup()
    return str(response)


def meet(sentences: Iterable[tuple[str, str]], room: str | None, manner: str = "", action: str | None = None) -> str:
    """Speak (language, sentence) pairs, and wait in a room for a caller if there is one; then go on at `action`, or
    hang up. In another `manner` than as the caller's person, one may leave without ending the talk: "join", "listen"
    (unheard), or "coach CALLSID" (heard by that call alone)."""
    response = VoiceResponse()
    for language, sentence in sentences:
        response.say(sentence, language=VOICES[language])
    how, _, whom = manner.partition(" ")
    if room and how:
        response.dial().conference(
            room,
            beep=False,
            start_conference_on_enter=False,
            end_conference_on_exit=False,
            muted=True if how == "listen" else None,
            coach=whom or None,
        )
    elif room:
        _enter(response.dial(action=action, method="POST" if action else None), room)
    response.hangup()
    return str(response)


def bridge() -> str:
    """An answering person has taken the call: nothing more is said, and the two are connected."""
    return str(VoiceResponse())


def _connect(response: VoiceResponse, ways: Ways, language: str) -> None:
    if ways.record:
        response.start().recording(
            channels="dual",
            recording_status_callback=ways.recording,
            recording_status_callback_method="POST",
            recording_status_callback_event="completed absent",
        )
    if ways.captions:
        response.start().transcription(
            name=CAPTIONS,
            track="both_tracks",
            language_code=VOICES[language],
            partial_results=False,
            status_callback_url=ways.captions,
            status_callback_method="POST",
        )
    dial = response.dial(action=ways.action, method="POST", timeout=RING, answer_on_bridge=True, caller_id=ways.shown)
    if ways.answerer.startswith("+"):
        dial.number(ways.answerer, url=ways.whisper, method="POST")
    elif ways.answerer.startswith("client:"):
        dial.client(ways.answerer.removeprefix("client:"), url=ways.whisper, method="POST")
    else:
        _enter(dial, ways.answerer)


def _enter(dial: Dial, room: str) -> None:
    dial.conference(room, beep=False, start_conference_on_enter=True, end_conference_on_exit=True)


def _ask(response: VoiceResponse, node: Ask, language: str, ways: Ways) -> Gather:
    heard = {"speech_timeout": SILENCE_AFTER_SPEECH, "language": VOICES[language]} if node.speech else {}
    if node.digits is not None:
        keyed = {"finish_on_key": "#", "num_digits": node.digits[1]}
    else:
        keyed = {"finish_on_key": "", "num_digits": 1} if node.press else {}
    kinds = " ".join(kind for kind, wanted in (("dtmf", keyed), ("speech", heard)) if wanted)
    return response.gather(input=kinds, timeout=node.seconds, action=ways.action, method="POST", **keyed, **heard)


def _record(response: VoiceResponse, seconds: int, ways: Ways) -> None:
    response.record(
        action=ways.action,
        method="POST",
        max_length=seconds,
        timeout=RECORDED_SILENCE,
        finish_on_key="#",
        play_beep=True,
        trim="trim-silence",
        recording_status_callback=ways.recording,
        recording_status_callback_method="POST",
        recording_status_callback_event="completed absent",
    )
    response.redirect(ways.action, method="POST")
