"""Two lists of what the sandbox needs, kept apart by the layers: they say the same."""

from __future__ import annotations

from drkit.sandbox import tools as sandbox
from drkit.toolchain.tools import LIBRARIES, PROGRAMS, Need


def test_doctor_asks_for_what_the_sandbox_demands_and_for_nothing_else() -> None:
    """If this fails: a machine that doctor found fit is refused by `drkit sandbox up`."""
    rows = [program for program in PROGRAMS if program.need is Need.SANDBOX]
    demanded = sandbox.PROGRAMS | sandbox.BUILDERS | {"netavark": "netavark"}
    # one package brings both, and iptables is the one that tells its version
    told = {"iptables-restore": "iptables"}
    assert {row.name: row.package for row in rows} == {
        told.get(program, program): package for program, package in demanded.items()
    }


def test_doctor_asks_for_the_libraries_that_the_sandbox_demands() -> None:
    rows = {library.name for library in LIBRARIES if library.need is Need.SANDBOX}
    assert rows == {name.replace("_", "-") for name in sandbox.LIBRARIES}
