"""The loop that follows the API goes on, whatever one network, one host or one look does."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any


def played(folder: Path, scene: str) -> dict[str, Any]:
    """What came out of a scene of :mod:`tests.integration.sandbox.stage`."""
    stage = [sys.executable, "-m", "tests.integration.sandbox.stage", str(folder), scene]
    done = subprocess.run(
        ["unshare", "--net", *stage],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_a_network_that_cannot_be_made_holds_up_no_other(tmp_path: Path) -> None:
    assert played(tmp_path, "refused_network") == {"firewall": True, "state": "running"}


def test_an_instance_whose_subnet_is_gone_has_no_way_out(tmp_path: Path) -> None:
    assert played(tmp_path, "lost_subnet") == {"id": True, "ways": [None, None]}


def test_a_look_that_fails_for_any_reason_is_not_the_last(tmp_path: Path) -> None:
    assert played(tmp_path, "broken_look") == {"state": "running"}


def test_a_start_that_fails_for_any_reason_ends_the_host(tmp_path: Path) -> None:
    """Or it would run on, in no list, until the next start finds its name taken."""
    out = played(tmp_path, "no_bridge")
    assert out["standing"] == []
    assert out["removed"] >= 1


def test_a_host_that_dies_while_it_is_started_is_reported(tmp_path: Path) -> None:
    assert played(tmp_path, "early_death") == {"pid": None}
