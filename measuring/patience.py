"""How long people are willing to wait, estimated from those who were answered too: their patience is only known to be
longer than their wait. Pure.

The exponential estimate is the classical one: total time waited divided by those who hung up.
"""

from __future__ import annotations

from dataclasses import dataclass

from measuring.waits import MICROSECONDS

ENOUGH = 5  # hang-ups below which an estimate says nothing


@dataclass(frozen=True, slots=True)
class Patience:
    """Mean patience in seconds, and how many hang-ups it was made of; None while there are too few."""

    mean: float | None
    hung_up: int
    waited: int


def estimate(total: int, hung_up: int, answered: int) -> Patience:
    """From how long all waited together, in microseconds, and how many hung up and were answered."""
    mean = total / MICROSECONDS / hung_up if hung_up >= ENOUGH else None
    return Patience(mean, hung_up, hung_up + answered)
