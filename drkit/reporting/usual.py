"""What is usual, and what is longer than that: decides when a difference is worth a person's time.

Refuses to judge by too few runs, and to call a difference what runs of the same thing have among
themselves. Where all runs are drawn from one lognormal distribution, :func:`longer` is wrong about
the newest in at most 1 of 50 if sigma is 0.1, in at most 1 of 15 if it is 0.3; a test holds both.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from drkit.reporting.expected import median

LEAST = 3
"""Of fewer runs before nobody can tell what is usual."""

WINDOW = 10
"""The newest so many runs before count: what was usual a year ago is not."""

_SHARE = 0.25
"""By less than a quarter the same rebuild differs with the load of the machines."""

_AT_LEAST = timedelta(seconds=10)
"""By less than ten seconds no objective is met or missed, whatever share of a short step it is."""

_MANY = 6
_OF_FEW, _OF_MANY = 3, 6
"""How many times the spread of the runs before. Of few it is their greatest distance from the
median: an odd one among them cannot be told from the rest. Of many it is the median distance, which
an odd one does not move; six of those are four standard deviations of a normal distribution."""


def longer(
    took: timedelta, before: Sequence[timedelta], *, unsure: timedelta = timedelta(0)
) -> timedelta | None:
    """By how much ``took`` is beyond the median of ``before``, if that is more than chance: more
    than a quarter, than ten seconds, than their own spread allows, and than ``unsure`` (how wrong
    the clock may be). Else None, and so with fewer than :data:`LEAST`.
    """
    usual = median(before)
    if usual is None or len(before) < LEAST:
        return None
    by = took - usual
    return by if by > max(_SHARE * usual, _AT_LEAST, _spread(usual, before), unsure) else None


def _spread(usual: timedelta, before: Sequence[timedelta]) -> timedelta:
    distances = [abs(length - usual) for length in before]
    if len(before) < _MANY:
        return _OF_FEW * max(distances)
    return _OF_MANY * (median(distances) or timedelta(0))
