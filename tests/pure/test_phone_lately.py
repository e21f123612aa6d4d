"""What processes remember of their calls together: right or nothing, whatever they do to it at once."""

from __future__ import annotations

import random
from mmap import mmap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.phone_lately import SLOT, SLOTS, Lately, Remembered
from channels.report import RemoteAnswer
from ivr.engine import CallState
from tests.pure.test_forks import run

WORDS = "Det blinkar rött, säger hon"
STATE = CallState("purpose", "sv", {"phone": "+46701740605", "said": WORDS}, 1, 4, False)
SID = "CA" + "0123456789abcdef" * 2


def table(slots: int = 1) -> mmap:
    return mmap(-1, slots * SLOT)


def held(memory: mmap) -> bytes:
    return memory[:].strip(b"\0")


def test_a_turn_finds_the_state_after_the_one_before_it_until_it_is_noted_itself() -> None:
    lately = Lately()
    lately.note(SID, 4, STATE)
    assert lately.before(SID, 5) == STATE
    assert lately.before(SID, 5) == STATE, "it failed, and comes back"
    lately.note(SID, 5, STATE)
    assert lately.before(SID, 5) is None


KEYED = {"Digits": "1"}


def test_what_was_done_in_a_turn_without_an_answer_is_held_until_it_has_one() -> None:
    lately = Lately()
    lately.note(SID, 4, STATE)
    lately.hold(SID, 5, KEYED)
    assert [lately.held(SID, turn) for turn in (4, 5, 6)] == [{}, KEYED, {}]
    assert lately.last(SID) == Remembered(4, STATE, KEYED)
    assert lately.before(SID, 5) == STATE
    lately.note(SID, 5, STATE)
    lately.hold(SID, 5, KEYED)
    assert lately.last(SID) == Remembered(5, STATE, {}), "another process has answered meanwhile"


def test_what_was_done_is_held_alone_when_the_state_is_not_known_or_old() -> None:
    lately = Lately()
    lately.hold(SID, 5, KEYED)
    assert (lately.held(SID, 5), lately.before(SID, 5)) == (KEYED, None)
    lately.note(SID, 2, STATE)
    lately.hold(SID, 5, KEYED)
    assert lately.last(SID) == Remembered(4, None, KEYED)


def test_what_is_too_much_to_be_held_leaves_the_state_there() -> None:
    lately = Lately()
    lately.note(SID, 4, STATE)
    lately.hold(SID, 5, {"SpeechResult": "x" * SLOT})
    assert lately.last(SID) == Remembered(4, STATE, {})


@pytest.mark.parametrize("turn", [0, 3, 4, 6, 999_999])
def test_another_turn_finds_nothing(turn: int) -> None:
    lately = Lately()
    lately.note(SID, 4, STATE)
    assert lately.before(SID, turn) is None


def test_nothing_is_remembered_at_first_and_of_a_call_that_was_never_noted() -> None:
    lately = Lately(table())
    assert lately.before(SID, 0) is None
    lately.note(SID, 4, STATE)
    assert lately.before("CA7", 5) is None, "they share the only slot"
    assert lately.before(SID, 5) == STATE


def test_a_state_may_hold_what_chargers_answered() -> None:
    lately, state = Lately(), CallState("purpose", facts={"restart_answer": RemoteAnswer.ACCEPTED})
    lately.note(SID, 1, state)
    assert lately.before(SID, 2) == state


def test_a_state_too_large_is_not_remembered_nor_the_one_before_it() -> None:
    memory = table()
    lately = Lately(memory)
    lately.note(SID, 4, STATE)
    lately.note(SID, 5, CallState("purpose", facts={"said": "x" * SLOT}))
    assert lately.before(SID, 5) is None
    assert lately.before(SID, 6) is None
    assert held(memory) == b""


def test_every_size_up_to_a_slot_is_remembered_whole_or_not_at_all() -> None:
    lately = Lately(table(2))
    fit = [len(words) for words in map("x".__mul__, range(SLOT)) if _noted(lately, words)]
    assert fit == list(range(len(fit)))
    assert SLOT - 200 < len(fit) < SLOT


def _noted(lately: Lately, words: str) -> bool:
    state = CallState("purpose", facts={"said": words})
    lately.note(SID, 1, state)
    found = lately.before(SID, 2)
    assert found in (state, None)
    return found is not None


def test_what_is_forgotten_or_overwritten_leaves_no_byte() -> None:
    memory = table()
    lately = Lately(memory)
    lately.note(SID, 4, STATE)
    assert b"+46701740605" in held(memory)
    lately.forget(SID)
    assert held(memory) == b""
    lately.note(SID, 4, STATE)
    lately.note("CA7", 0, CallState("language"))
    assert b"+46701740605" not in held(memory)
    memory[100:108] = b"0740605 "
    lately.forget(SID)
    assert held(memory) == b"", "what was torn goes as well"


@given(st.integers(0, SLOT - 1), st.integers(1, 255))
def test_a_slot_with_any_byte_changed_gives_what_was_noted_or_nothing(at: int, change: int) -> None:
    memory = table()
    lately = Lately(memory)
    lately.note(SID, 4, STATE)
    end = len(held(memory))
    memory[at] ^= change
    assert lately.before(SID, 5) == (None if at < end else STATE)


@given(st.binary(max_size=64) | st.binary(min_size=SLOT, max_size=SLOT))
def test_any_bytes_at_all_are_nothing(found: bytes) -> None:
    memory = table()
    memory[:] = found.ljust(SLOT, b"\0")
    assert Lately(memory).before(SID, 1) is None


@given(st.integers(0, SLOT), st.booleans())
def test_what_two_write_at_once_is_what_one_of_them_wrote_or_nothing(at: int, same: bool) -> None:
    slots = []
    for sid, state in ((SID, STATE), (SID if same else "CA7", CallState("charger", "en", {"said": "It burns"}, 0, 5))):
        memory = table()
        Lately(memory).note(sid, 4, state)
        slots.append(memory[:])
    torn = table()
    torn[:] = slots[0][:at] + slots[1][at:]
    assert Lately(torn).before(SID, 5) in (STATE, CallState("charger", "en", {"said": "It burns"}, 0, 5), None)


SIDS = [f"CA{nth:032x}" for nth in range(12)]
ACTS = st.lists(
    st.tuples(
        st.sampled_from(["note", "before", "forget"]), st.sampled_from(SIDS), st.integers(0, 3), st.integers(0, 1)
    )
)


@given(ACTS, st.sampled_from([1, 3, 64]))
def test_whoever_shares_it_finds_what_was_noted_last_or_nothing(
    acts: list[tuple[str, str, int, int]], slots: int
) -> None:
    memory = table(slots)
    doors = Lately(memory), Lately(memory)
    last: dict[str, tuple[int, CallState]] = {}
    for nth, (act, sid, turn, door) in enumerate(acts):
        if act == "note":
            last[sid] = turn, CallState("purpose", "sv", {"said": f"{sid} {nth}"})
            doors[door].note(sid, *last[sid])
            assert doors[not door].last(sid) == Remembered(*last[sid], {})
        elif act == "forget":
            doors[door].forget(sid)
            last.pop(sid, None)
            assert sid.encode() not in memory[:]
        else:
            noted, state = last.get(sid, (None, None))
            assert doors[door].before(sid, turn) in (state if noted == turn - 1 else None, None)


def test_as_many_calls_as_are_on_the_line_together_are_nearly_all_remembered() -> None:
    lately = Lately()
    rng = random.Random(1)
    sids = [f"CA{rng.getrandbits(128):032x}" for _ in range(SLOTS // 20)]
    for sid in sids:
        lately.note(sid, 1, STATE)
    assert sum(lately.before(sid, 2) == STATE for sid in sids) > 0.9 * len(sids)


def test_a_forked_process_shares_it_in_both_directions_and_may_leave_it() -> None:
    done = run("""
from channels.phone_lately import Lately
from ivr.engine import CallState
lately, state = Lately(), CallState("purpose", "sv", {"phone": "+46701740605"})
lately.note("CA1", 4, state)
def work():
    print(lately.before("CA1", 5) == state)
    lately.note("CA7", 0, state)
    lately.close()
    return 0
print(copy(work, "web").wait(20), lately.before("CA1", 5) == state, lately.before("CA7", 1) == state)
""")
    assert (done.stderr, done.stdout) == ("", "True\n0 True True\n")
