"""What an exported state and a lock's message say: written as Pulumi 3.259 writes them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pulumi.automation import Deployment

from drkit.adapters.pulumi_events import holds_secret, resource
from drkit.adapters.pulumi_operation import OpenStack
from drkit.adapters.pulumi_state import StackState, locked, read_state
from drkit.adapters.stored_states import Damaged, pending_in, read_stored, resources_of
from drkit.errors import EffectUnknown, StepError

MASKED = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
HOST = "urn:pulumi:eu-central-1.g2::compute::aws:ec2/instance:Instance::db-1"
SEED = {
    "urn": "urn:pulumi:eu-central-1.g2::compute::drkit:ssh:HostKeySeed::host-keys",
    "type": "drkit:ssh:HostKeySeed",
    "inputs": {"seed": {**MASKED, "plaintext": '"0123abc"'}},
}


def test_a_state_with_pending_operations_is_not_whole() -> None:
    pending = [{"type": "creating", "resource": {"urn": HOST, "type": "aws:ec2/instance:Instance"}}]
    document = {"resources": [SEED], "pending_operations": pending}
    state = read_state(Deployment(version=3, deployment=document))
    with pytest.raises(EffectUnknown, match=r"db-1 \(creating\)") as raised:
        state.must_be_whole("compute")
    assert "rebuild again" in raised.value.remedy


def test_a_state_gives_its_seed_and_is_whole_without_pending_operations() -> None:
    state = read_state(Deployment(version=3, deployment={"resources": [SEED]}))
    state.must_be_whole("compute")
    assert state.seed is not None
    assert state.seed.reveal() == "0123abc"
    assert "0123abc" not in repr(state)


def test_a_state_as_it_is_stored_keeps_its_seed_to_itself() -> None:
    inputs = {"seed": {**MASKED, "ciphertext": "v1:abc"}}
    state = read_state(Deployment(version=3, deployment={"resources": [SEED | {"inputs": inputs}]}))
    assert state.sealed
    assert state.seed is None
    assert not read_state(Deployment(version=3, deployment={"resources": [SEED]})).sealed


def test_its_hosts_are_those_that_are_not_to_be_deleted() -> None:
    kind = "aws:ec2/instance:Instance"
    urn = f"urn:pulumi:eu-central-1.g1::compute::{kind}::app-1"
    host = {"type": kind, "urn": urn, "id": "i-1"}
    replaced, being_made = host | {"id": "i-0", "delete": True}, host | {"id": ""}
    document = {"resources": [SEED, host, replaced, being_made]}
    assert read_state(Deployment(version=3, deployment=document)).hosts == {"i-1": "app-1"}


@pytest.mark.parametrize("operation", ["up", "preview"])
def test_no_program_runs_by_a_state_that_keeps_its_seed(operation: Any, tmp_path: Path) -> None:
    """It would make the hosts' keys anew, and nobody could reach those that are there."""
    sealed = StackState(resources=1, seed=None, sealed=True, pending=())
    nothing: Any = None
    stack = OpenStack(
        name="compute", opened=nothing, stack=nothing, state=sealed, log=tmp_path / "log"
    )
    with pytest.raises(AssertionError, match="without its secrets"):
        stack.run(operation, print)


def test_a_state_that_holds_nothing_is_whole_and_empty() -> None:
    state = read_state(Deployment(version=3, deployment={"manifest": {}}))
    state.must_be_whole("compute")
    assert (state.resources, state.seed) == (0, None)


def test_a_lock_that_came_up_a_moment_ago_is_told_with_its_owner() -> None:
    said = "the stack is currently locked by 1 lock(s). created by ana@laptop (pid 1) at 05:00:00Z"
    assert "by ana@laptop (pid 1)" in str(locked("compute", said))
    assert isinstance(locked("compute", "no words that anybody knows"), StepError)


def test_a_masked_value_is_found_however_deep() -> None:
    assert holds_secret({"in": [{"key": {**MASKED, "ciphertext": "[secret]"}}]})
    assert not holds_secret({"in": [{"key": "plain"}]})


def test_a_resource_is_named_by_its_type_and_name() -> None:
    assert resource(HOST) == "aws:ec2/instance:Instance db-1"
    assert resource(HOST.replace("aws:ec2", "my:own:Group$aws:ec2")).endswith("Instance db-1")
    assert resource("urn:pulumi:s::p::pulumi:pulumi:Stack::p-s") == ""
    assert resource(None) == ""


def stored(stack: str = "organization/network/eu-central-1.g2", **latest: object) -> bytes:
    checkpoint = {"stack": stack, "latest": {"manifest": {}, **latest}}
    return json.dumps({"version": 3, "checkpoint": checkpoint}).encode()


@pytest.mark.parametrize(
    ("body", "flaw"),
    [
        (b"", "0 bytes that are no whole JSON"),
        (stored()[:-1], "no whole JSON"),
        (gzip.compress(stored(), mtime=0)[:-20], "no whole JSON"),
        (b"\xff\xfe", "no whole JSON"),
        (b"{}", "not a state"),
        (b"[]", "not a state"),
        (b'{"version": 3, "checkpoint": null}', "not a state"),
        (stored(resources=[{"urn": HOST}]), "not a state"),
        (stored(resources=["a word"]), "not a state"),
        (stored(resources=[{"urn": "", "type": "t"}]), "resources without a name"),
        (stored("organization/network/eu-central-1.g1"), "the state of network/eu-central-1.g1"),
        (stored("organization/storage/eu-central-1.g2"), "the state of storage/eu-central-1.g2"),
    ],
)
def test_a_stored_state_that_is_not_one_of_this_stack_is_damaged(body: bytes, flaw: str) -> None:
    with pytest.raises(Damaged, match=flaw):
        read_stored(body, project="network", stack="eu-central-1.g2")


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_stored_state_is_read_plain_and_packed(pack: Callable[[bytes], bytes]) -> None:
    resources = [{"urn": HOST, "type": "aws:ec2/instance:Instance"}]
    body = pack(stored(resources=resources, pending_operations=[{"type": "creating"}]))
    document = read_stored(body, project="network", stack="eu-central-1.g2")
    assert resources_of(document) == resources
    assert pending_in(document)


def test_a_stack_that_is_new_holds_nothing_and_is_not_damaged() -> None:
    body = b'{"version": 0, "checkpoint": {"stack": "organization/network/eu-central-1.g2"}}'
    document = read_stored(body, project="network", stack="eu-central-1.g2")
    assert resources_of(document) == []
    assert not pending_in(document)
