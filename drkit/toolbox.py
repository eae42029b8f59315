"""Which tool does which kind of work: the one place that takes :data:`drkit.model.step.Work` apart.

Each tool is imported where it is needed: some take seconds, and a try needs one of them.
"""

from __future__ import annotations

from drkit.model import step as steps
from drkit.ports import Tool


def tool_for(work: steps.Work) -> Tool:
    """The tool that does ``work``. Adding a kind of step means: one dataclass, one case here."""
    match work:
        case steps.StackWork():
            from drkit.adapters.pulumi_stack import StackTool

            return StackTool(work)
        case steps.RemovalWork():
            from drkit.adapters.pulumi_stack import RemovalTool

            return RemovalTool(work)
        case steps.DriftWork():
            from drkit.adapters.standby_drift import DriftTool

            return DriftTool(work)
        case steps.StoreWork() | steps.PlaybookWork():
            from drkit.adapters.ansible_playbook import PlaybookTool

            return PlaybookTool(work)
        case steps.QuiesceWork():
            from drkit.adapters.serving_site import QuiesceTool

            return QuiesceTool(work)
        case steps.CheckWork():
            from drkit.adapters.pytest_check import CheckTool

            return CheckTool(work)
        case steps.ProofWork():
            from drkit.adapters.pytest_check import ProofTool

            return ProofTool(work)
        case steps.LedgerWork():
            from drkit.adapters.ledger import LedgerTool

            return LedgerTool(work)
        case _:
            return _cutover_tool(work)


def _cutover_tool(
    work: steps.GateWork | steps.EpochWork | steps.RevokeWork | steps.WaitWork | steps.DnsWork,
) -> Tool:
    match work:
        case steps.EpochWork():
            from drkit.adapters.epoch import EpochTool

            return EpochTool(work)
        case steps.RevokeWork():
            from drkit.adapters.identities import RevokeTool

            return RevokeTool(work)
        case steps.WaitWork():
            from drkit.adapters.waiting import WaitTool

            return WaitTool(work)
        case steps.DnsWork():
            from drkit.adapters.dns import DnsTool

            return DnsTool(work)
        case steps.GateWork():
            raise AssertionError("a gate is answered by a person, never run as a try")
