"""What a drill's playbooks are told: nothing by which the copy could act on somebody."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from drkit.adapters.playbook_vars import playbook_vars
from drkit.errors import StepError
from drkit.model.step import PlaybookWork, RunKind
from drkit.ports import Context, Secret
from tests.fakes.documents import plan_at
from tests.integration.ansible.localhost import FACTS
from tests.integration.attempts.trying import context

PURPOSES = ("backup", "files", "restore", "epoch", "numbers", "own")
SECRETS = {
    purpose: {part: Secret(f"{part}-{purpose}") for part in ("user", "key", "secret")}
    for purpose in PURPOSES
}
HOSTS = {
    "app-1": {"groups": ["app"], "address": "10.70.16.4", "public": None},
    "edge-1": {"groups": ["edge"], "address": "10.70.0.4", "public": "198.18.0.4"},
}
PROVIDERS = {
    "card-a": {"endpoint": "https://card-a.example", "drill": "checks/sinks/card.py"},
    "mail": {"endpoint": "smtp://mail.example:25"},
}


def told(root: Path, kind: RunKind, **parts: object) -> Any:
    known: dict[str, object] = {
        "plan": plan_at(root, providers=PROVIDERS),
        "kind": kind,
        "facts": {**FACTS, "compute": {"hosts": HOSTS}},
        "identities": {"eu-central-1": SECRETS},
    }
    there: Context = context(root, **(known | parts))  # type: ignore[arg-type]
    (there.folder / "proof_ca.crt").write_text("PEM")
    return playbook_vars(there, PlaybookWork(playbook="base", hosts="all"))


def test_a_drill_calls_the_sink_on_its_own_jump_host_for_every_provider(tmp_path: Path) -> None:
    drkit = told(tmp_path, RunKind.VALIDATE)["drkit"]
    assert drkit["providers"] == {
        "card-a": "http://10.70.0.4:8600/card-a",
        "mail": "http://10.70.0.4:8600/mail",
    }
    where = {"host": "edge-1", "address": "10.70.0.4", "port": 8600}
    assert drkit["muzzle"]["sink"] == where
    assert drkit["muzzle"]["answers"] == {"card-a": str(tmp_path / "checks/sinks/card.py")}
    assert drkit["muzzle"]["providers"]["mail"] == "smtp://mail.example:25"


def test_all_apis_but_the_outside_one_are_to_be_shut_to_a_drill(tmp_path: Path) -> None:
    muzzle = told(tmp_path, RunKind.VALIDATE)["drkit"]
    assert set(muzzle["muzzle"]["endpoints"]) == {"eu-west-3", "eu-central-1", "global"}


def test_nothing_that_a_drill_is_given_may_write_outside(tmp_path: Path) -> None:
    given = told(tmp_path, RunKind.VALIDATE)
    assert set(given["identities"]) == {"restore", "epoch"}
    whole = json.dumps(given)
    assert not [p for p in PURPOSES if p not in ("restore", "epoch") and f"key-{p}" in whole]


@pytest.mark.parametrize("kind", [RunKind.DEPLOY, RunKind.REBUILD])
def test_any_other_run_gets_the_real_providers_and_all_identities(
    tmp_path: Path, kind: RunKind
) -> None:
    given = told(tmp_path, kind)
    assert given["drkit"]["providers"]["card-a"] == "https://card-a.example"
    assert set(given["identities"]) == set(PURPOSES)
    assert "muzzle" not in given["drkit"]


def test_a_drill_without_a_jump_host_calls_nobody(tmp_path: Path) -> None:
    with pytest.raises(StepError, match="no host of the group `edge`"):
        told(tmp_path, RunKind.VALIDATE, facts=FACTS)
