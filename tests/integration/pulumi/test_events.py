"""What is made of Pulumi's events when the last of them does not come."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from pulumi.automation import EngineEvent

from drkit.adapters import pulumi_events
from drkit.adapters.pulumi_events import Account
from drkit.adapters.pulumi_stack import StackTool
from drkit.adapters.pulumi_workspace import Backend
from drkit.errors import EffectUnknown
from drkit.model.step import StackWork
from drkit.ports import Context
from tests.integration.pulumi.conftest import Project

Hear = Callable[[Account, EngineEvent], None]


def event(**parts: object) -> EngineEvent:
    return EngineEvent.from_json(json.loads(json.dumps({"sequence": 1, "timestamp": 1, **parts})))


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi_events, "_LAST_WORDS", timedelta(seconds=0.2))


def test_an_operation_is_over_with_its_last_event_and_unknown_without_it() -> None:
    account = Account(lambda _line: None)
    with pytest.raises(EffectUnknown, match="up ended without its last event") as raised:
        account.must_have_ended("up")
    assert "looks at what is there" in raised.value.remedy
    account.hear(event(cancelEvent={}))
    account.must_have_ended("up")


def test_a_stack_whose_last_event_is_lost_is_not_done_without_its_outputs(
    project: Project, context: Context, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real CLI; only the way of its events is cut, as when the stream breaks."""
    project("base", "import pulumi\npulumi.export('x', 1)\n")
    monkeypatch.setattr(Account, "hear", lambda *_: None)
    with pytest.raises(EffectUnknown, match="without its last event"):
        StackTool(StackWork(stack="base"), backend=backend).do(context, lambda _line: None)
