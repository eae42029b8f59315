"""A run that is followed, ended or taken over from another place, by the command as installed."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from drkit.adapters.journal_file import read_journal
from drkit.model.record import RunTakenOver
from tests.integration.wheel.bakery import REGION
from tests.integration.wheel.conftest import LIMIT, Installed
from tests.integration.wheel.test_failures import spoil, states, tries

SLOW = 'content: "{{ recipes | length }} recipe, for {{ drkit.shop }}"\n        mode: "0600"\n'
WAITS = SLOW + "    - name: Wait for the oven\n      ansible.builtin.command: sleep 300\n"


@pytest.fixture
def elsewhere(prepared: Installed, tmp_path: Path) -> Installed:
    """The same repository on another machine: nothing of any run, and the same credentials."""
    folder = tmp_path / "elsewhere"
    shutil.copytree(prepared.folder, folder, ignore=shutil.ignore_patterns(".drkit"))
    return replace(prepared, folder=folder)


@contextmanager
def at_work(shop: Installed) -> Iterator[subprocess.Popen[str]]:
    """A deployment that is in the middle of its playbook."""
    spoil(shop.folder / "playbooks" / "bake.yml", SLOW, WAITS)
    with subprocess.Popen(
        [shop.programs / "drkit", "deploy", "--region", REGION],
        cwd=shop.folder,
        env=dict(shop.environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            _eventually_bakes(shop)
            yield process
        finally:
            process.send_signal(signal.SIGCONT)
            process.kill()


def _eventually_bakes(shop: Installed) -> None:
    """By its log, which begins with the try: only then is the record of its start outside."""
    deadline = time.monotonic() + LIMIT
    while time.monotonic() < deadline:
        if any((shop.folder / ".drkit").rglob("bake.1.log")):
            return
        time.sleep(0.1)
    raise AssertionError("it does not bake")


def the_run(shop: Installed) -> dict[str, Any]:
    said = shop.drkit("status", "--output", "json")
    assert said.returncode == 0, said.stderr
    return dict(json.loads(said.stdout))


def test_a_run_whose_machine_is_lost_is_taken_over_and_its_owner_wakes_up_too_late(
    prepared: Installed, elsewhere: Installed, marker: str
) -> None:
    shop = replace(prepared, environment={**prepared.environment, **dict([marker.split("=")])})
    with at_work(shop) as lost:
        lost.send_signal(signal.SIGSTOP)
        refused = elsewhere.drkit("deploy", "--region", REGION)
        assert refused.returncode == 10, refused.stderr
        run = the_run(elsewhere)["run"]
        assert f"works on {run}" in refused.stderr
        assert f"drkit takeover {run} --reason" in refused.stderr

        taken = elsewhere.drkit("takeover", run, "--reason", "that laptop is gone")
        assert taken.returncode == 0, taken.stderr
        done = elsewhere.drkit("deploy", "--region", REGION, "--output", "json")
        assert done.returncode == 0, done.stderr
        report = json.loads(done.stdout)
        assert report["run"]["id"] == run
        assert set(states(report).values()) == {"done"}
        assert tries(report)["storage"] == 1, "what was done is not done again"
        assert tries(report)["bake"] == 2
        verified = elsewhere.drkit("journal", "verify", run)
        assert verified.returncode == 0, verified.stderr
        assert "this place" in verified.stdout

        lost.send_signal(signal.SIGCONT)
        said = lost.communicate(timeout=30)[0]
        assert lost.returncode == 13, said
        assert "took this run over" in said
        assert "that laptop is gone" in said
    assert any(
        isinstance(record.body, RunTakenOver)
        for record in read_journal(elsewhere.folder / ".drkit/runs" / run / "journal.jsonl")
    )


def test_a_run_is_followed_and_ended_from_another_place(
    prepared: Installed, elsewhere: Installed, marker: str
) -> None:
    shop = replace(prepared, environment={**prepared.environment, **dict([marker.split("=")])})
    with at_work(shop) as working:
        seen = the_run(elsewhere)
        assert seen["stand"] == "at work"
        assert {step["id"]: step["state"] for step in seen["steps"]}["bake"] == "running"
        asked = elsewhere.drkit("abort", seen["run"])
        assert asked.returncode == 0, asked.stderr
        followed = elsewhere.drkit("watch", seen["run"])
        assert followed.returncode == 0
        assert "bake unknown" in followed.stderr
        said = working.communicate(timeout=30)[0]
        assert working.returncode == 8, said
    assert the_run(elsewhere)["stand"] == "interrupted"
    listed = elsewhere.drkit("runs")
    assert seen["run"] in listed.stdout
    assert elsewhere.drkit("journal", "verify").returncode == 0
    again = elsewhere.drkit("abort", seen["run"])
    assert again.returncode == 2
    assert "nobody works on" in again.stderr
