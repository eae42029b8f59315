"""Who is still alive: processes counted by a mark in their environment."""

from __future__ import annotations

from pathlib import Path


def alive_with(text: str) -> list[int]:
    """Living processes in whose environment ``text`` stands: how survivors are counted."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
                if state != "Z" and text.encode() in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
    return found
