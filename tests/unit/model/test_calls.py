"""By what the calls of a step are told from all others."""

from __future__ import annotations

from drkit.model.calls import mark_of


def test_each_step_of_each_run_has_a_mark_of_its_own_that_sdks_take() -> None:
    runs = ("20261127-020000-validate-eu-central-1", "20261128-020000-validate-eu-central-1")
    steps = ("network", "compute", "a-store-whose-name-is-longer-than-what-a-user-agent-may-hold")
    marks = {mark_of(run, step) for run in runs for step in steps}
    assert len(marks) == 6
    # Config.user_agent_appid of botocore: 50 characters, none of which is put for another
    assert all(len(mark) <= 50 and mark.replace("-", "").isalnum() for mark in marks)
    assert mark_of(runs[0], "network") in marks, "the same each time"
