"""`python -m bench`: measure the rows of DESIGN 8 and print them as ratios, with what they were measured against.

Every ratio is the median of interleaved rounds against its reference in the same run. `--full` takes the sizes of
DESIGN 8 (a million stored cases, 100,000 reports); without it T2, T8 and T9 are smaller, and say so.
"""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable

import uvloop

from bench import desk_rows, judging_rows, mail_rows, measure_rows, memory_rows, phone_rows
from bench.figures import Row, table
from bench.house import House, open_house
from bench.progress import tell


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", default="", help="rows, commas between: T1,T2,judging,T3,T4,T5,T6,T7,T8,T9")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--mails", type=int, default=1500, help="mails a round")
    parser.add_argument("--persons", type=int, default=200_000)
    parser.add_argument("--full", action="store_true")
    given = parser.parse_args()
    cases = 1_000_000 if given.full else 100_000
    measures: dict[str, Callable[[House], Awaitable[list[Row]]]] = {
        "T1": lambda house: mail_rows.t1(house, given.rounds, given.mails),
        "T2": lambda house: mail_rows.t2(house, given.rounds, given.mails, cases),
        "judging": lambda house: judging_rows.judging(house, given.rounds, cases),
        "T3": lambda house: phone_rows.t3(house, given.rounds),
        "T4": lambda house: phone_rows.t4(house, given.rounds),
        "T5": lambda house: phone_rows.t5(house, given.rounds),
        "T6": lambda house: phone_rows.t6(house, given.rounds),
        "T7": lambda house: desk_rows.t7(house, given.rounds),
        "T8": lambda house: measure_rows.t8(house, given.rounds, cases),
        "T9": lambda house: memory_rows.t9(house, 100_000 if given.full else 3000),
    }
    wanted = [name for name in measures if not given.only or name in given.only.split(",")]
    rows: list[Row] = []
    with open_house(given.persons) as house:
        tell(f"{given.persons} persons, 2000 chargers; {given.rounds} rounds")
        for name in wanted:
            rows += uvloop.run(_measure(measures[name], house))
            house.clear()
    print(table(rows))


async def _measure(measure: Callable[[House], Awaitable[list[Row]]], house: House) -> list[Row]:
    return await measure(house)


if __name__ == "__main__":
    main()
