"""The figures of the rebuilds as tables: how much faster, by whose doing, where the time goes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bench.table import table

Figures = Mapping[str, Any]
"""JSON values of one rebuild, as :mod:`bench.rebuild` writes them."""


def shown(found: Mapping[str, Figures]) -> str:
    """Tables of what was measured; a rebuild that did not end proven has no ratio."""
    ways = {way: figures for way, figures in found.items() if way != "floor"}
    parts = [_overview(ways), *_shares(ways)]
    for way, figures in ways.items():
        if "path" in figures:
            parts.append(f"{way}: the way that decided (step, started, seconds)")
            parts.append(table([("step", "started", "seconds"), *figures["path"]]))
        if "parts" in figures:
            parts.append(f"{way}: one after another")
            parts.append(table([("part", "seconds"), *figures["parts"].items()]))
        if "not done" in figures:
            parts.append(f"{way} DID NOT PROVE THE SHOP: {figures['not done']}")
    parts.append(table([("floor (seconds)", ""), *found["floor"].items()]))
    return "\n\n".join(parts)


def _overview(ways: Mapping[str, Figures]) -> str:
    """The script knows no gate: what it builds may be opened when all of it is proven."""
    naive = ways.get("naive", {}).get("whole")
    rows: list[tuple[object, ...]] = [
        (
            "seconds from the command",
            *("may be opened", "naive ÷ it", "whole shop proven", "naive ÷ it", "load before"),
        )
    ]
    for way, figures in ways.items():
        row: list[object] = [way]
        for what in ("ready", "whole"):
            took = figures.get(what)
            row += [took or "–", f"{naive / took:.2f}" if naive and took else "–"]
        rows.append((*row, figures["load before"]))
    return table(rows)


def _shares(ways: Mapping[str, Figures]) -> Iterator[str]:
    """What of the time saved is mitogen's, and what is left for the graph."""
    found = {way: figures["whole"] for way, figures in ways.items() if "whole" in figures}
    if not {"mitogen_linear", "linear", "naive"} <= set(found):
        return
    saved = found["naive"] - found["mitogen_linear"]
    mitogen = found["linear"] - found["mitogen_linear"]
    yield (
        f"Of the {saved:.1f} s saved, {mitogen:.1f} s ({mitogen / saved:.0%}) are mitogen's and"
        f" {saved - mitogen:.1f} s ({1 - mitogen / saved:.0%}) are net of all else: steps side by"
        " side, less what a process, a supervisor and a record for each try cost. One round each:"
        " shared machines are noisy."
    )
