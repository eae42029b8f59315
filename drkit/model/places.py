"""Where the keys of a document stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Dotted path → line (from 1) of the document ``name``; of one made in code, no lines."""

    name: str = "drkit.yaml"
    lines: Mapping[str, int] = field(default_factory=dict)

    def at(self, path: str) -> str:
        """``drkit.yaml:12 processes.sales.rto``; the line of the nearest parent that is there."""
        probe = path
        while probe and probe not in self.lines:
            probe = probe.rpartition(".")[0]
        line = f":{self.lines[probe]}" if probe in self.lines else ""
        return f"{self.name}{line} {path}".rstrip()
