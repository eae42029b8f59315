"""The text of every file that a rebuild uses: its stacks, playbooks, variables and checks.

Read only to see what they name. What is no text, or very long, names nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from drkit.adapters.digests import files_below
from drkit.model.plan import Plan
from drkit.planning.files import named_files
from drkit.planning.touched import Text

_LONGEST = 1 << 20
_BESIDE = ("playbooks/roles", "playbooks/group_vars", "playbooks/host_vars")
"""What playbooks find by themselves."""


def plan_texts(plan: Plan) -> Iterator[Text]:
    """Each file once, in the order of the plan; those that are not there are passed over."""
    paths = [*(path for _, path, _ in named_files(plan)), *map(Path, _BESIDE)]
    seen: set[Path] = set()
    for path in paths:
        for file in files_below(plan.root / path):
            if file not in seen and (text := _text(file)):
                seen.add(file)
                yield Text(path=str(file.relative_to(plan.root)), text=text)


def _text(file: Path) -> str:
    try:
        return file.read_text() if file.stat().st_size <= _LONGEST else ""
    except (OSError, UnicodeDecodeError):
        return ""
