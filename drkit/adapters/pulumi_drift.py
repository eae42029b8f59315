"""What the cloud has otherwise than the state of a stack, out of what a refresh said.

A property counts where the provider takes it for a changed input. Outputs change by themselves (an
address that came later), and are no drift; but for a host that does not run, and for its type: a
host keeps the type that it was made with (:func:`drkit.adapters.pulumi_capacity.keep_types`), so
that the provider is never asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pulumi.automation.events import StepEventMetadata

from drkit.adapters.pulumi_events import resource
from drkit.reporting.readiness.stacks import Difference, How

_INSTANCE = "aws:ec2/instance:Instance"
_RUNS = ("pending", "running")
_TYPE = "instanceType"


def differences(refreshed: Iterable[StepEventMetadata]) -> tuple[Difference, ...]:
    """By resource, in the order in which they were looked at."""
    return tuple(found for step in refreshed for found in _of(step))


def _of(step: StepEventMetadata) -> Iterator[Difference]:
    name, held = resource(step.urn), step.old.id if step.old else ""
    if step.new is None:
        yield Difference(resource=name, id=held, how=How.GONE)
        return
    properties = list(step.detailed_diff or step.diffs or ())
    if step.type == _INSTANCE and step.old is not None:
        before, now = step.old.outputs or {}, step.new.outputs or {}
        if now.get("instanceState") not in _RUNS:
            yield Difference(resource=name, id=held, how=How.STOPPED)
        if before.get(_TYPE) != now.get(_TYPE) and _TYPE not in properties:
            properties.append(_TYPE)
    if properties:
        yield Difference(resource=name, id=held, how=How.CHANGED, properties=tuple(properties))
