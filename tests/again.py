"""Where the last run of the tests failed: ``python -m tests.again``, in one line.

Files whole, and the rebuild of the e2e tests whole: many of their tests go on where the one before
left off, so that one of them alone says nothing.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

FAILED = Path(__file__).parent.parent / ".pytest_cache" / "v" / "cache" / "lastfailed"
STORY = "tests/e2e"


def places(failed: Path = FAILED) -> list[str]:
    """Raises SystemExit where nothing is known to have failed."""
    try:
        tests = list(json.loads(failed.read_text()))
    except FileNotFoundError:
        tests = []
    if not tests:
        raise SystemExit("no test is known to have failed")
    files = (test.partition("::")[0] for test in tests)
    return sorted({STORY if file.startswith(f"{STORY}/") else file for file in files})


if __name__ == "__main__":
    sys.stdout.write(" ".join(places()) + "\n")
