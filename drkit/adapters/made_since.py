"""Finds what the cloud has and a state that was brought back has not, and writes it into the state.

Asked of Pulumi by a preview what the program would create, and of the cloud whether that is there
(:mod:`drkit.adapters.adoption`). Refuses to go on past a kind that nobody knows how to look for:
the update that follows would make a second one of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pulumi.automation.events import StepEventStateMetadata

from drkit.adapters.adoption import Cloud, Pending
from drkit.adapters.pulumi_events import UNKNOWN, holds_secret, resource
from drkit.adapters.pulumi_operation import OpenStack
from drkit.adapters.pulumi_repair import find_live
from drkit.adapters.state_copies import StateCopies
from drkit.adapters.stored_states import resources_of
from drkit.errors import EffectUnknown, StepError
from drkit.ports import Progress

Entry = dict[str, Any]
"""A resource as a state has it. Any: its inputs and outputs are of its kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A resource that is there, as an entry of the state."""

    entry: Entry
    whole: bool
    """Whether the preview knew all of its inputs: one that joins a resource which is not in the
    state would be replaced by the update, as if it joined another."""


def adopt_made_since(
    stack: OpenStack, copies: StateCopies, cloud_in: Callable[[str], Cloud], tell: Progress
) -> None:
    """Write into the state what the stack made after the copy that it was brought back from.

    In rounds, each of which knows more: what others join comes before them. Raises StepError,
    EffectUnknown; the next try looks again then.
    """
    adopted: set[str] = set()
    while True:
        planned = [each for each in _planned(stack) if each.urn not in adopted]
        original = copies.original()
        if original is None:
            raise StepError(
                f"the state of stack {stack.name} was taken away at this moment",
                remedy="see that nobody else works on it, then run the same command again",
            )
        document = copies.read(original.stored.body)
        resources = resources_of(document)
        found = list(_found(planned, resources, cloud_in))
        if not found:
            return
        entries = {
            each.entry["urn"]: each.entry
            for each in found
            if each.whole or not any(other.whole for other in found)
        }
        for entry in entries.values():
            tell(f"adopts {resource(entry['urn'])}, which the copy does not know: {entry['id']}")
        adopted |= entries.keys()
        # in its old place where it has one: what needs it stands behind it
        there = [e if e.get("delete") else entries.pop(e["urn"], e) for e in resources]
        document["checkpoint"]["latest"]["resources"] = [*there, *entries.values()]
        copies.write(document, over=original)


def _planned(stack: OpenStack) -> Iterator[StepEventStateMetadata]:
    """What an update would create. The refresh is in memory only: Pulumi may not write yet."""
    account = stack.run("preview", lambda _line: None, refresh=True)
    if account.failures:
        first = account.failures[0]
        raise StepError(first.message, task=first.task, remedy=first.remedy)
    for each in account.created:
        if each.custom and not each.type.startswith("pulumi:"):
            yield each


def _found(
    planned: Iterable[StepEventStateMetadata],
    resources: list[Entry],
    cloud_in: Callable[[str], Cloud],
) -> Iterator[_Found]:
    ids: dict[str, list[str]] = {}
    for entry in resources:
        ids.setdefault(entry["urn"], []).append(entry.get("id", ""))
    for each in planned:
        inputs = each.inputs or {}
        known = ids.get(each.urn, [])
        # a resource of the stack may lie in another region than the stack's own
        cloud = cloud_in(str(inputs.get("region", "")))
        live = find_live(cloud, Pending(urn=each.urn, type=each.type, inputs=inputs), known)
        if live is None or live in {*known, UNKNOWN}:
            continue
        if each.provider.endswith(UNKNOWN):
            raise EffectUnknown(
                f"{resource(each.urn)} is there ({live}), and the copy of the state is older than"
                " all that the stack has made",
                remedy="end it in the cloud, and run the same command again",
            )
        open_ones = {name for name, value in inputs.items() if UNKNOWN in json.dumps(value)}
        told = {
            name: value
            for name, value in inputs.items()
            if name not in open_ones and not holds_secret(value)
        }
        entry = {
            "urn": each.urn,
            "custom": True,
            "id": live,
            "type": each.type,
            "inputs": told,
            "outputs": told,
            "parent": each.parent,
            "provider": each.provider,
        }
        yield _Found(entry=entry, whole=not open_ones)
