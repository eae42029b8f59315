"""`sandbox down`, last of all: nothing is left of a shop in two regions."""

from __future__ import annotations

from tests.e2e.conftest import Rebuilt, Up
from tests.integration.playbooks.lab import SUBNET
from tests.integration.sandbox.test_life import machine

Machine = dict[str, list[str]]


def of_the_sandbox(seen: Machine) -> Machine:
    """What a sandbox is known by. Tests of the lab may change the machine at the same time; that
    nothing at all is left or touched is shown in tests/integration/sandbox/test_life.py.
    """
    kinds = ("containers", "networks", "volumes", "routes", "rules", "processes", "turn", "folder")
    strange = ("drkit-test-", f"{SUBNET}.", "NETAVARK")
    return {
        kind: [line for line in seen[kind] if not any(word in line for word in strange)]
        for kind in kinds
    }


def test_down_leaves_nothing_of_it_all(up: Up, rebuilt: Rebuilt) -> None:
    folder = up.desk.sandbox.folder
    before, running = of_the_sandbox(up.machine_before), of_the_sandbox(machine(folder))
    for kind in ("containers", "networks", "routes", "rules"):
        assert len(running[kind]) > len(before[kind]), f"the comparison sees {kind} of a sandbox"
    said = up.desk.drkit("sandbox", "down")
    assert said.code == 0, said.err
    assert of_the_sandbox(machine(folder)) == before
    assert up.desk.drkit("sandbox", "status").code == 12, "there is none to ask"
