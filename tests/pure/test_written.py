"""What opens a status page cannot be guessed, and lies in its index beside what was made at the same time."""

from datetime import UTC, datetime, timedelta

from gateway.keeping.written import token

NOON = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)


def test_tokens_of_one_second_begin_alike_and_nothing_else_of_them_is_alike():
    made = {token(NOON) for _ in range(100)}
    assert len({one[:4] for one in made}) == 1
    assert len({one[4:] for one in made}) == 100
    assert {len(one) for one in made} == {24}


def test_tokens_are_in_the_order_of_their_seconds():
    beginnings = [token(NOON + timedelta(seconds=n))[:4] for n in range(9000)]
    assert beginnings == sorted(set(beginnings))
