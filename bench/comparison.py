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
    naive = ways.get("naive", {}).get("ready")
    rows: list[tuple[object, ...]] = [
        ("seconds from the command", "proofs done", "all checks done", "naive ÷ it", "load before")
    ]
    for way, figures in ways.items():
        ready = figures.get("ready")
        ratio = f"{naive / ready:.2f}" if naive and ready else "–"
        proven = figures.get("proven", "–")
        rows.append((way, proven, ready or "–", ratio, figures["load before"]))
    return table(rows)


def _shares(ways: Mapping[str, Figures]) -> Iterator[str]:
    """What of the time saved is mitogen's, and what is left for the graph."""
    found = {way: figures["ready"] for way, figures in ways.items() if "ready" in figures}
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
