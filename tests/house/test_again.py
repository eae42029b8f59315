"""What failed beside other tests is run once more by its file, the long story as a whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.again import STORY, places


def test_failed_tests_are_run_again_by_the_places_that_stand_alone(tmp_path: Path) -> None:
    failed = tmp_path / "lastfailed"
    tests = ("tests/e2e/test_5_fence.py::a", "tests/e2e/test_4_rebuilding.py::b", "tests/x.py::c")
    failed.write_text(json.dumps(dict.fromkeys(tests, True)))
    assert places(failed) == [STORY, "tests/x.py"]
    assert (Path(__file__).parents[2] / STORY).is_dir()


@pytest.mark.parametrize("text", ["{}", None])
def test_nothing_known_is_an_end_and_never_a_run_of_everything(
    tmp_path: Path, text: str | None
) -> None:
    failed = tmp_path / "lastfailed"
    if text is not None:
        failed.write_text(text)
    with pytest.raises(SystemExit, match="no test is known to have failed"):
        places(failed)
