"""Who is rung, in which order, and where the rota has holes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from routing.oncall import Gap, Rung, Shift, following, gaps, region_of, rungs

NIGHT = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def shift(agent: str, line: int = 2, region: str | None = None, start: int = -4, end: int = 4) -> Shift:
    return Shift(agent, f"+4670{agent[1:]}", line, region, NIGHT + start * HOUR, NIGHT + end * HOUR)


def agents(ladder: list[Rung]) -> list[str | None]:
    return [rung.agent for rung in ladder]


def test_the_own_line_first_then_others_then_leads_then_the_last_resort() -> None:
    shifts = [shift("a3", 3), shift("a2"), shift("a1", 1), shift("a4", 2, "north"), shift("a5", 2, "south")]
    given = {"line": 2, "region": "north", "holder": None, "talking": (), "urgent": True, "at": NIGHT}
    ladder = rungs(shifts, [Rung("+46709", "lead"), Rung("+46702", "a2")], "+4631", **given)
    assert agents(ladder) == ["a4", "a2", "a1", "a3", "lead", None]
    assert agents(rungs(shifts, [], None, **{**given, "line": 1, "region": None}))[0] == "a1"


def test_a_call_that_is_not_urgent_wakes_only_who_is_on_call_for_the_first_line() -> None:
    shifts = [shift("a2"), shift("a1", 1)]
    given = {"line": 1, "region": None, "holder": None, "talking": (), "urgent": False, "at": NIGHT}
    ladder = rungs(shifts, [Rung("+46709", "lead")], "+4631", **given)
    assert agents(ladder) == ["a1"]


def test_whoever_has_the_case_comes_first_when_they_are_on_call() -> None:
    shifts = [shift("a2"), shift("a1", 3), shift("a3", start=1)]
    given = {"line": 2, "region": None, "talking": (), "urgent": True, "at": NIGHT}
    ladders = [rungs(shifts, [], None, holder=who, **given) for who in ("a1", "a3")]
    assert [agents(ladder) for ladder in ladders] == [["a1", "a2"], ["a2", "a1"]]


def test_only_those_who_are_on_call_now() -> None:
    shifts = [shift("a1", start=1), shift("a2", start=-8, end=0), shift("a3")]
    given = {"line": 2, "region": None, "holder": None, "talking": (), "urgent": True, "at": NIGHT}
    assert agents(rungs(shifts, [], None, **given)) == ["a3"]


def test_whoever_talks_on_their_telephone_is_left_out_unless_nobody_else_is_there() -> None:
    shifts = [shift("a2"), shift("a1", 3)]
    given = {"line": 2, "region": None, "holder": "a1", "urgent": True, "at": NIGHT}
    assert agents(rungs(shifts, [], "+4631", talking={"a1"}, **given)) == ["a2", None]
    assert agents(rungs(shifts, [], "+4631", talking={"a1", "a2", "a9"}, **given)) == [None]
    assert agents(rungs(shifts, [], None, talking={"a1", "a2"}, **given)) == ["a1", "a2"]


def rung_in_turn(ladders: list[list[Rung]]) -> list[str]:
    """The telephones that are rung while the ladder is each of these, one after the other."""
    rung: list[Rung] = []
    for ladder in ladders:
        rung.append(following(ladder, [one.agent for one in rung])[0])
    return [one.phone for one in rung]


def test_the_next_is_whoever_was_rung_longest_ago_also_when_the_ladder_changes() -> None:
    a, b, c, last = Rung("1", "a"), Rung("2", "b"), Rung("3", "c"), Rung("9")
    assert rung_in_turn([[a, b, last]] * 5) == ["1", "2", "9", "1", "2"]
    assert rung_in_turn([[a, b, c], [b, c], [b, c], [a, b, c]]) == ["1", "2", "3", "1"], "one who talks meanwhile"
    assert rung_in_turn([[a, b], [a, b, c], [a, b, c], [a, b, c]]) == ["1", "2", "3", "1"], "one whose shift begins"
    assert rung_in_turn([[a, b], [b, a], [b, a]]) == ["1", "2", "1"], "one who takes the case"
    second = Rung("4", "a")
    assert rung_in_turn([[a, b, second]] * 4) == ["1", "2", "4", "1"], "one with two telephones"


def test_a_ladder_has_gone_round_when_all_on_it_were_rung() -> None:
    ladder = [Rung("1", "a"), Rung("2", "b")]
    assert [following(ladder, rung)[1] for rung in ([], ["a"], ["a", "b"], ["a", "b", "a", "b"])] == [0, 0, 1, 2]
    assert following(ladder, ["a", "c", "c"])[1] == 0


def test_holes_are_found_and_overlaps_are_none() -> None:
    until = NIGHT + 10 * HOUR
    shifts = [shift("a1", end=2), shift("a2", start=1, end=5), shift("a3", start=7, end=20), shift("a4", 3, "west")]
    assert gaps(shifts, NIGHT, until) == [
        Gap(2, None, NIGHT + 5 * HOUR, NIGHT + 7 * HOUR),
        Gap(3, "west", NIGHT + 4 * HOUR, until),
    ]
    assert gaps([], NIGHT, until) == [Gap(1, None, NIGHT, until)]
    covered = [shift("a1", 2, "west"), shift("a2", start=-1, end=99)]
    assert gaps(covered, NIGHT, until) == []


def test_regions_follow_postcodes() -> None:
    assert [region_of(code) for code in ("903 68", "211 20", "411 63", "111 20", "", None)] == [
        "north",
        "south",
        "west",
        "east",
        None,
        None,
    ]
