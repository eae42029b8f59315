"""What the stacks of a generation hold, by their states: read, and nothing else.

A state that is lost is read from its copy; one that nobody can read is said to be so, never taken
for an empty one. A state of a project that no stack of the plan has is found too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from drkit.adapters.cloud import client, said_by_cloud
from drkit.adapters.pulumi_workspace import project_name
from drkit.adapters.state_copies import StateCopies
from drkit.adapters.stored_states import Damaged, resources_of, stored_states
from drkit.errors import ConfigurationError
from drkit.model.plan import Plan
from drkit.model.record import Target
from drkit.ports import World

_OWN = ("pulumi:", "drkit:")
"""Kinds of Pulumi's own, and drkit's: nothing of them is in the cloud."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remains:
    """What one project has made for a generation."""

    project: str
    stack: str
    """Of the plan; empty where none has this project."""
    resources: tuple[str, ...] = ()
    """Each as ``aws:ec2/vpc:Vpc vpc vpc-0123``: kind, name, id."""
    note: str = ""
    """What is to be known of its state."""

    @property
    def nothing(self) -> bool:
        return not (self.resources or self.note)


def remains(world: World, plan: Plan, target: Target) -> tuple[Remains, ...]:
    """What is there of ``target``. Raises ConfigurationError, StepError where it cannot be read."""
    known = {project_name(plan.root / "stacks" / name): name for name in plan.stacks}
    projects = dict.fromkeys([*known, *_stored(world, plan, target)])
    found = (
        _of_project(
            StateCopies(world, plan, project=project, stack=target.name), known.get(project, "")
        )
        for project in projects
    )
    return tuple(each for each in found if not each.nothing)


def _stored(world: World, plan: Plan, target: Target) -> list[str]:
    """The projects that have a state of ``target``."""
    s3, bucket = client(world, "s3", plan.outside.region), plan.outside.state
    try:
        return [each.project for each in stored_states(s3, bucket) if each.stack == target.name]
    except said_by_cloud() as error:
        raise ConfigurationError(
            f"the state in s3://{bucket} cannot be read: {error}",
            remedy="check the outside location",
        ) from error


def _of_project(copies: StateCopies, stack: str) -> Remains:
    original, note = copies.original(), ""
    if original is not None:
        try:
            resources = tuple(_named(copies.read(original.stored.body)))
        except Damaged as error:
            note = f"its state is damaged ({error})"
        else:
            return Remains(project=copies.project, stack=stack, resources=resources)
    copy = copies.newest()
    resources = tuple(_named(copies.read(copy.body))) if copy else ()
    if copy and (note or resources):
        note = f"{note or 'its state is lost'}; this is its copy of {copy.moment:%F %T} UTC"
    return Remains(project=copies.project, stack=stack, resources=resources, note=note)


def _named(document: Mapping[str, Any]) -> Iterator[str]:
    for entry in resources_of(document):
        if entry.get("id") and not entry["type"].startswith(_OWN):
            yield f"{entry['type']} {entry['urn'].rpartition('::')[2]} {entry['id']}"
