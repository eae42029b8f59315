"""What every tool of this package owes the engine: nothing done before, and safe to repeat."""

from __future__ import annotations

from pathlib import Path

import pytest

from drkit.adapters.ledger import LedgerTool
from drkit.adapters.pytest_check import CheckTool, ProofTool
from drkit.errors import StepError
from drkit.model.outcome import State
from drkit.model.step import CheckWork, LedgerWork, ProofWork, Route
from drkit.ports import Tool
from tests.fakes.names import Names
from tests.integration.checking.conftest import NAME, Authority, Door
from tests.integration.checking.shop_plan import Yard, make

_CHECK = "def test_a(site): assert site.run == 'r1'\n"
_PROOF = "def test_a(customer): customer.get('/', step='browse')\n"
_LEDGER = """
def promises(books, since, until):
    books.read("/ledger")
    return []
def kept(customer, promises):
    return set()
"""


def _tools(yard: Yard) -> dict[str, Tool]:
    yard.write("checks/test_a.py", _CHECK)
    yard.write("checks/proof.py", _PROOF)
    yard.write("checks/ledger.py", _LEDGER)
    proof = ProofWork(process="sales", path="checks/proof.py", route=Route.OVERRIDE)
    return {
        "check": CheckTool(CheckWork(paths=("checks/test_a.py",))),
        "proof": ProofTool(proof),
        "ledger": LedgerTool(LedgerWork(provider="card-a", path="checks/ledger.py")),
    }


@pytest.fixture
def yard(tmp_path: Path, authority: Authority, door: Door, names: Names) -> Yard:
    names.records[NAME] = ("127.0.0.1", 60)
    return make(tmp_path, authority, port=door.port, resolver=f"127.0.0.1:{names.port}")


@pytest.fixture(params=["check", "proof", "ledger"])
def tool(request: pytest.FixtureRequest, yard: Yard) -> Tool:
    return _tools(yard)[request.param]


def test_a_look_finds_nothing_done_because_reading_leaves_nothing(tool: Tool, yard: Yard) -> None:
    assert tool.look(yard.context) is None


def test_doing_it_again_comes_to_the_same(tool: Tool, yard: Yard) -> None:
    first, second = (tool.do(yard.context, lambda _: None) for _ in range(2))
    assert first.state is second.state is State.DONE
    assert set(first.facts) == set(second.facts)
    assert first.changed is None


def test_what_a_tool_needs_and_is_not_there_is_an_error_with_a_remedy(
    tool: Tool, yard: Yard
) -> None:
    for file in (yard.root / "checks").glob("*.py"):
        file.unlink()
    with pytest.raises(StepError) as told:
        tool.do(yard.context, lambda _: None)
    assert told.value.remedy
