"""What a rebuild touches, region by region, as ``drkit plan`` shows it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass

from drkit.errors import Problem, UsageError
from drkit.model.plan import Plan
from drkit.planning.touched import (
    GLOBAL,
    HERE,
    UNKNOWN,
    Touched,
    lost_problems,
    possibly_lost,
    region_in,
    touched,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    touched: tuple[Touched, ...]
    lost: tuple[str, ...]
    """Regions that count as lost."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(lost_problems(self.touched, self.lost))

    def lines(self) -> Iterator[str]:
        rows = [(one.region, str(one.kind), one.name, one.place) for one in self._in_order()]
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        yield ""
        yield "What it touches, by region:"
        for row in rows:
            cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
            yield "  ".join(["", *cells, row[3]])
        yield ""
        yield f"Nothing of it is known to lie in {', '.join(self.lost) or 'another site'}."
        if any(one.region == UNKNOWN for one in self.touched):
            yield "unknown: nothing here tells the region; ask whoever runs it."

    def as_json(self) -> dict[str, object]:
        return {
            "counts_as_lost": list(self.lost),
            "touches": [
                {"region": one.region, "kind": one.kind, "name": one.name, "place": one.place}
                for one in self._in_order()
            ],
        }

    def _in_order(self) -> list[Touched]:
        last = {GLOBAL: 1, HERE: 2, UNKNOWN: 3}
        return sorted(self.touched, key=lambda one: (last.get(one.region, 0), one.region, one.kind))


def reach(plan: Plan, region: str, failed: str | None) -> Reach:
    """What a rebuild of ``region`` touches. Raises UsageError for a ``failed`` that can be none."""
    from drkit.adapters.plan_texts import plan_texts

    found = touched(plan, region, plan_texts(plan))
    lost = possibly_lost(plan, region)
    if failed is not None:
        _must_be_region(failed, region, {GLOBAL, plan.outside.region, *plan.sites})
        lost = (failed,)
    return Reach(touched=found, lost=lost)


def _must_be_region(failed: str, region: str, known: set[str]) -> None:
    if failed == region:
        raise UsageError(
            f"--failed: {region} is the region to build in", remedy="name the one that is lost"
        )
    if failed not in known and region_in(failed) != failed:
        near = difflib.get_close_matches(failed, sorted(known), n=1)
        remedy = f"did you mean `{near[0]}`?" if near else "write it as in eu-west-3"
        raise UsageError(f"--failed: `{failed}` is no region", remedy=remedy)
