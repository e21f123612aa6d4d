"""Waits summed up so that they cannot flatter: who gave up, or waits still, counts as not answered when last seen.

Pure, in whole microseconds, so that sums are exact and the same whatever the order in which parts are added. `quantile`
is that of Kaplan and Meier (1958): with nobody given up it is the nearest rank, the smallest wait that at least the
share had ended by; None when so many gave up that nobody can know.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MICROSECONDS = 1_000_000
SLACK = 1e-12  # a share that is reached but for a rounding of the last bit is reached


@dataclass(frozen=True, slots=True)
class Waits:
    """Ordered waits that ended as hoped, and ordered ones that were given up or last seen waiting."""

    ended: Sequence[int] = ()
    lost: Sequence[int] = ()

    @property
    def count(self) -> int:
        return len(self.ended) + len(self.lost)

    @property
    def total(self) -> int:
        """The sum of the waits that ended as hoped."""
        return sum(self.ended)

    @property
    def longest(self) -> int | None:
        ends = [waits[-1] for waits in (self.ended, self.lost) if waits]
        return max(ends, default=None)

    def within(self, limit: int) -> int:
        """How many ended as hoped after at most `limit`."""
        return bisect_right(self.ended, limit)


def waits(ended: Iterable[int], lost: Iterable[int] = ()) -> Waits:
    return Waits(sorted(ended), sorted(lost))


def quantile(of: Waits, share: float) -> int | None:
    """The wait by which `share` of all were answered, by the product-limit estimate."""
    ended, lost = of.ended, of.lost
    waiting, left, begun = of.count, 1.0, 0
    if not ended:
        return None
    for gone in [*lost, None]:
        upto = len(ended) if gone is None else bisect_right(ended, gone)
        answered = upto - begun
        if answered and 1 - left * (waiting - answered) / waiting >= share - SLACK:
            needed = math.ceil((1 - (1 - share) / left) * waiting - SLACK * waiting)
            return ended[begun + min(max(needed, 1), answered) - 1]
        if answered:
            left *= (waiting - answered) / waiting
        waiting, begun = waiting - answered - 1, upto
    return None


def wilson(hits: int, of: int, z: float = 1.96) -> tuple[float, float] | None:
    """The 95 % interval of a share (Wilson 1927): honest also for few and for none; None for none at all."""
    if not of:
        return None
    share = hits / of
    middle = share + z * z / (2 * of)
    reach = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return max(0.0, (middle - reach) / (1 + z * z / of)), min(1.0, (middle + reach) / (1 + z * z / of))
