"""F41 in small: mails from one sender and from many are all kept, one sender's are few cases, trouble is seen."""

from __future__ import annotations

import argparse

import pytest

from bench.house import open_house
from tests.faults import mail_bomb


@pytest.mark.parametrize("senders", [1, 30])
async def test_f41_all_are_kept_what_one_sends_is_a_heap_and_trouble_is_seen(
    senders: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_bomb, "LONGER", 20.0)  # how long calls wait is for the long run to say
    given = argparse.Namespace(mails=300, minutes=0.3, quiet=2.0, seed=41)
    with open_house(200) as house:
        bomb, cases = await mail_bomb.drop(house, senders, given)
    assert mail_bomb.judge(bomb, cases, 300) == []
