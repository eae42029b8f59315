"""Bad input: each is refused with 3, says what is wrong, and touches nothing at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import NEW, OLD, REBUILD, Carried
from tests.e2e.desk import Desk, Said
from tests.e2e.witnesses import resources_in, state_of

LEAVE_IT = ("--accept", "old-site-healthy", "--reason", "a test")


@pytest.fixture(autouse=True)
def untouched(desk: Desk, deployed: Carried, backed_up: tuple[Said, Said]) -> Iterator[None]:
    """Whatever a test of this file types: outside, the region and the runs stay as they are."""
    before = state_of(desk.sandbox), resources_in(desk.sandbox, NEW), desk.runs()
    assert len(before[0]) > 3, "there is something to touch"
    yield
    after = state_of(desk.sandbox), resources_in(desk.sandbox, NEW), desk.runs()
    assert after == before


def refused(said: Said, *words: str) -> None:
    assert said.code == 3, said
    assert said.out == ""
    for word in words:
        assert word in said.err
    assert "nothing was touched" in said.err or "cannot be run" in said.err


def at(plan: Path) -> tuple[str, str]:
    return "--plan", str(plan)


def test_a_second_deployment_is_refused_and_names_the_epoch(desk: Desk) -> None:
    said = desk.drkit("deploy", "--region", OLD, "--consent", "consent=ana")
    refused(said, "epoch", f"{OLD}.g1 serves this shop", "drkit rebuild", "recovery point")


def test_a_rebuild_of_the_region_that_serves_is_refused(desk: Desk) -> None:
    said = desk.drkit("rebuild", "--region", OLD, *LEAVE_IT)
    refused(said, "--region", f"{OLD} is the site that serves")


def test_a_region_that_is_no_site_is_refused_and_the_sites_are_named(desk: Desk) -> None:
    said = desk.drkit("rebuild", "--region", "eu-south-9", *LEAVE_IT)
    refused(said, "eu-south-9 is no site", OLD, NEW)


def test_a_rebuild_while_the_old_site_is_healthy_is_refused_by_name(desk: Desk) -> None:
    refused(desk.drkit(*REBUILD), "old-site-healthy", "customers are served", "--accept")


def test_an_acceptance_without_a_reason_is_wrong_usage(desk: Desk) -> None:
    said = desk.drkit(*REBUILD, "--accept", "old-site-healthy")
    assert said.code == 2
    assert "--reason" in said.err


def test_credentials_of_another_account_are_refused(desk: Desk) -> None:
    plan = desk.plan_with('account: "000000000000"', 'account: "111111111111"')
    refused(desk.drkit(*REBUILD, *LEAVE_IT, *at(plan)), "000000000000", "111111111111", "account")


def test_a_consent_of_somebody_without_the_role_is_refused(desk: Desk) -> None:
    said = desk.drkit(*REBUILD, *LEAVE_IT, "--consent", "consent=bo")
    refused(said, "bo has not the role `lead`", "ana")


def test_a_consent_to_what_is_no_gate_is_refused(desk: Desk) -> None:
    refused(desk.drkit(*REBUILD, *LEAVE_IT, "--consent", "cutover=ana"), "no gate")


def test_a_playbook_that_is_not_there_is_refused_before_anything_runs(desk: Desk) -> None:
    plan = desk.plan_with("playbook: first-backup", "playbook: last-backup")
    refused(desk.drkit(*REBUILD, *LEAVE_IT, *at(plan)), "playbooks/last-backup.yml")


def test_everything_that_is_wrong_is_said_at_once(desk: Desk) -> None:
    plan = desk.plan_with("playbook: first-backup", "playbook: last-backup")
    said = desk.drkit("rebuild", "--region", "eu-south-9", *at(plan))
    refused(said, "playbooks/last-backup.yml", "eu-south-9 is no site", "old-site-healthy")


def test_a_vault_that_does_not_open_is_refused_and_its_words_stay_inside(desk: Desk) -> None:
    plan = desk.plan_with("drkit sandbox vault-password", "echo open-sesame")
    said = desk.drkit(*REBUILD, *LEAVE_IT, *at(plan))
    refused(said, "secrets", "does not open with this password")
    assert "open-sesame" not in said.err
