"""What the engine of Pulumi says while it works: lines for a person, counts, failures, outputs.

Refuses to pass on diagnostics of severity ``debug``: the SDK writes secret outputs there in the
clear (pulumi 3.259, "register resource outputs prepared").
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from pulumi.automation import EngineEvent
from pulumi.automation.events import OpType, StepEventMetadata, StepEventStateMetadata

from drkit.errors import EffectUnknown
from drkit.model.outcome import Failure

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What a preview says in place of a text that it cannot know yet."""
_SIGNATURE = "4dabf18193072939515e22adb298388d"
"""Key by which Pulumi marks a value that is not a plain one (a secret, an asset)."""
_LAST_WORDS = timedelta(seconds=5)
"""The Automation API gives the stream as long to end (pulumi 3.259)."""
_ROOT = "pulumi:pulumi:Stack"
_WORDS = {
    OpType.CREATE: ("creating", "created"),
    OpType.UPDATE: ("updating", "updated"),
    OpType.DELETE: ("deleting", "deleted"),
    OpType.CREATE_REPLACEMENT: ("replacing", "replaced"),
    OpType.DELETE_REPLACED: ("deleting the replaced", "deleted the replaced"),
    OpType.READ: ("reading", "read"),
}
_MAKES = {OpType.CREATE, OpType.CREATE_REPLACEMENT}
_CHANGES = {"create", "update", "delete", "replace"}
_PLANNED = {OpType.CREATE, OpType.UPDATE, OpType.DELETE, OpType.REPLACE}
_SAID_BY_ALL_FAILURES = ("update failed", "preview failed", "refresh failed", "destroy failed")


def resource(urn: str | None) -> str:
    """``aws:ec2/instance:Instance db-1`` out of a URN; empty for none and for the stack itself."""
    if not urn:
        return ""
    kind, name = urn.split("::", 3)[2:4]
    kind = kind.rpartition("$")[2]
    return "" if kind == _ROOT else f"{kind} {name}"


@dataclass(slots=True)
class Account:
    """Listens to one operation and keeps what it came to."""

    tell: Callable[[str], None]
    refreshes: bool = False
    """Whether the operation is a refresh alone: its events say what each comparison came to
    (``same``, ``update``, ``delete``), where those of others say ``refresh``."""
    counts: dict[str, int] = field(default_factory=dict)
    """Operation (``create``, ``same``, …) → resources, as the engine's summary counts them."""
    failures: list[Failure] = field(default_factory=list)
    types: dict[str, str] = field(default_factory=dict)
    """Instance that was to be made → the type that it was to have."""
    outputs: Mapping[str, object] = field(default_factory=dict)
    """The stack's outputs as the events give them: secrets masked."""
    refreshed: list[StepEventMetadata] = field(default_factory=list)
    """What was compared with the cloud, each as the state has it and as it is."""
    created: list[StepEventStateMetadata] = field(default_factory=list)
    """What the operation begins to create, or a preview would: in the order of their needs."""
    planned: list[str] = field(default_factory=list)
    """What it begins to change, or a preview would, each with how: ``update KIND NAME``."""
    _ended: threading.Event = field(default_factory=threading.Event)

    def hear(self, event: EngineEvent) -> None:
        """To be given to the Automation API as ``on_event``."""
        if said := event.diagnostic_event:
            self._diagnosed(said.severity, said.message, said.urn)
        if begun := event.resource_pre_event:
            self._tell(begun.metadata.op, begun.metadata.urn, finished=False)
            self._begun(begun.metadata)
        if ended := event.res_outputs_event:
            self._tell(ended.metadata.op, ended.metadata.urn, finished=True)
            if self.refreshes or ended.metadata.op is OpType.REFRESH:
                self.refreshed.append(ended.metadata)
            if ended.metadata.type == _ROOT and ended.metadata.new is not None:
                self.outputs = ended.metadata.new.outputs or {}
        if event.cancel_event:
            self._ended.set()
        if summary := event.summary_event:
            self.counts = {
                OpType(op).value: count for op, count in summary.resource_changes.items()
            }

    def wait_for_end(self) -> bool:
        """Wait for the last event: they come by a stream of their own, and may outlast the CLI.

        Whether it came. Nothing is waited for where the operation never began.
        """
        if self.outputs or self.counts or self.failures:
            return self._ended.wait(timeout=_LAST_WORDS.total_seconds())
        return self._ended.is_set()

    def must_have_ended(self, operation: str) -> None:
        """Raises EffectUnknown where the CLI ended well and the last event did not come: what was
        heard until then (counts, outputs) may be half of it.
        """
        if not self._ended.wait(timeout=_LAST_WORDS.total_seconds()):
            raise EffectUnknown(
                f"Pulumi's {operation} ended without its last event: what it came to is not known",
                remedy="run the same command again: it looks at what is there first",
            )

    @property
    def changed(self) -> int:
        """Resources created, updated, deleted or replaced."""
        return sum(count for op, count in self.counts.items() if op in _CHANGES)

    def public_outputs(self) -> Mapping[str, object]:
        """The outputs without those that are, or hold, a secret."""
        return {name: value for name, value in self.outputs.items() if not holds_secret(value)}

    def _tell(self, op: OpType, urn: str, *, finished: bool) -> None:
        name = resource(urn)
        if name and op in _WORDS:
            self.tell(f"{_WORDS[op][finished]} {name}")

    def _begun(self, step: StepEventMetadata) -> None:
        kind = (step.new.inputs or {}).get("instanceType") if step.new else None
        if step.op in _MAKES and isinstance(kind, str):
            self.types[resource(step.urn)] = kind
        if step.op is OpType.CREATE and step.new is not None:
            self.created.append(step.new)
        if step.op in _PLANNED and (name := resource(step.urn)):
            self.planned.append(f"{step.op.value} {name}")

    def _diagnosed(self, severity: str, message: str, urn: str | None) -> None:
        text = message.strip()
        if severity != "error" or not text or text in _SAID_BY_ALL_FAILURES:
            return
        failure = Failure(message=text, task=resource(urn))
        if failure not in self.failures:
            self.failures.append(failure)


def holds_secret(value: object) -> bool:
    """Whether an output as the engine's events give it has a masked value anywhere in it."""
    if isinstance(value, Mapping):
        return _SIGNATURE in value or any(holds_secret(part) for part in value.values())
    if isinstance(value, list):
        return any(holds_secret(part) for part in value)
    return False
