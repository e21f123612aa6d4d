"""Waits summed up so that they cannot flatter: who gave up, or waits still, counts as not answered when last seen.

Pure, in whole microseconds, so that sums are exact and the same whatever the order in which parts are added. `quantile`
is that of Kaplan and Meier (1958): with nobody given up it is the nearest rank, the smallest wait that at least the
share had ended by; None when so many gave up that nobody can know.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Row = NDArray[np.int64]

MICROSECONDS = 1_000_000
SLACK = 1e-12  # a share that is reached but for a rounding of the last bit is reached


def _none() -> Row:
    return np.empty(0, dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Waits:
    """Ordered waits that ended as hoped, and ordered ones that were given up or last seen waiting."""

    ended: Row = field(default_factory=_none)
    lost: Row = field(default_factory=_none)


def waits(ended: Iterable[int], lost: Iterable[int] = ()) -> Waits:
    return Waits(*(np.array(sorted(row), dtype=np.int64) for row in (ended, lost)))


def quantile(of: Waits, share: float) -> int | None:
    """The wait by which `share` of all were answered, by the product-limit estimate."""
    ended, lost = of.ended, of.lost
    if not len(ended):
        return None
    upto = np.append(np.searchsorted(ended, lost, side="right"), len(ended))  # answered until each one was gone
    begun = np.append(0, upto[:-1])
    answered = upto - begun
    waiting = len(ended) + len(lost) - begun - np.arange(len(upto))
    left = np.append(1.0, np.cumprod((waiting - answered) / np.maximum(waiting, 1)))
    reached = np.flatnonzero((answered > 0) & (1 - left[1:] >= share - SLACK))
    if not len(reached):
        return None
    step = reached[0]
    among = int(waiting[step])
    needed = math.ceil((1 - (1 - share) / float(left[step])) * among - SLACK * among)
    return int(ended[begun[step] + min(max(needed, 1), int(answered[step])) - 1])


def wilson(hits: int, of: int, z: float = 1.96) -> tuple[float, float] | None:
    """The 95 % interval of a share (Wilson 1927): honest also for few and for none; None for none at all."""
    if not of:
        return None
    share = hits / of
    middle = share + z * z / (2 * of)
    reach = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return max(0.0, (middle - reach) / (1 + z * z / of)), min(1.0, (middle + reach) / (1 + z * z / of))
