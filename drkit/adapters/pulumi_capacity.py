"""Brings a stack up though the cloud is short of the instance types that the plan prefers.

Decides which type is asked next, and nothing else: the program is run again with the types that are
left, by the plan's order, and makes what is missing. What stands keeps the type that it was made
with, now and in every later run: other types in the plan are for what is not there yet.

Refuses to go on where anything else went wrong as well, or where the program asked for a type that
the plan does not list: nobody could say what a further try would do.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi

from drkit.adapters.pulumi_events import Account
from drkit.adapters.pulumi_operation import OpenStack, outcome
from drkit.adapters.pulumi_settings import INSTANCES, SHORTAGE
from drkit.model.outcome import Outcome, State
from drkit.ports import Progress

_INSTANCE = "aws:ec2/instance:Instance"
_NO_ROOM = re.compile(
    r"Insufficient(Instance|Host)?Capacity\b"
    r"|\bUnsupported: Your requested instance type .* is not supported in your requested Avail"
)
"""EC2's codes for "not here, not now", as both the published plugin and the stand-in repeat them;
the last one means that the subnet's zone never has the type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """How far the list was walked."""

    left: tuple[str, ...]
    refused: tuple[str, ...] = ()
    taken: Mapping[str, str] = field(default_factory=dict)
    """Resource → type, for what was made after the first refusal."""
    changed: int = 0


def bring_up(
    stack: OpenStack, types: tuple[str, ...], progress: Progress, *, region: str
) -> Outcome:
    """Bring ``stack`` up with the first of ``types`` that there is room for, per resource.

    FAILED with all the types that were tried where there is room for none.
    """
    way = _Way(left=types)
    found = stack.run("up", progress, refresh=stack.state.resources > 0)
    while refused := _refused(found):
        way = dataclasses.replace(
            way, refused=(*way.refused, *refused), changed=way.changed + found.changed
        )
        left = tuple(kind for kind in way.left if kind not in refused)
        if not left or left == way.left:
            return _nowhere(stack.name, found, way, region)
        progress(f"{region} has no room for {', '.join(refused)}: asking for {left[0]}")
        stack.opened.program.say({f"{stack.opened.project}:{INSTANCES}": json.dumps(left)})
        found = stack.run("up", progress)
        way = dataclasses.replace(way, left=left, taken={**way.taken, **_made(found)})
    ended = outcome(found, stack.name)
    ended = dataclasses.replace(ended, changed=way.changed + found.changed)
    return _told(ended, way, region) if way.refused and ended.done else ended


def keep_types(
    args: pulumi.ResourceTransformationArgs,
) -> pulumi.ResourceTransformationResult | None:
    """A stack transformation: an instance that stands keeps its type, whatever is asked for now.

    A change of type would stop it, or replace it with all that was restored to it.
    """
    if args.type_ != _INSTANCE:
        return None
    kept = pulumi.ResourceOptions(ignore_changes=["instanceType"])
    opts = pulumi.ResourceOptions.merge(args.opts, kept)
    return pulumi.ResourceTransformationResult(props=args.props, opts=opts)


def _refused(found: Account) -> tuple[str, ...]:
    """The types that there was no room for, if that is all that went wrong."""
    kinds = [
        found.types.get(failure.task, "") if _NO_ROOM.search(failure.message) else ""
        for failure in found.failures
    ]
    return tuple(dict.fromkeys(kinds)) if all(kinds) else ()


def _made(found: Account) -> Mapping[str, str]:
    failed = {failure.task for failure in found.failures}
    return {name: kind for name, kind in found.types.items() if name not in failed}


def _told(ended: Outcome, way: _Way, region: str) -> Outcome:
    by_type: dict[str, list[str]] = {}
    for resource, kind in sorted(way.taken.items()):
        by_type.setdefault(kind, []).append(resource.rpartition(" ")[2])
    instead = "; ".join(f"{', '.join(names)}: {kind}" for kind, names in by_type.items())
    return dataclasses.replace(
        ended,
        message=f"{region} had no room for {', '.join(way.refused)}; taken instead: {instead}",
        facts={
            **ended.facts,
            SHORTAGE: {
                "asked": list(way.refused),
                "taken": {name.rpartition(" ")[2]: kind for name, kind in way.taken.items()},
            },
        },
    )


def _nowhere(name: str, found: Account, way: _Way, region: str) -> Outcome:
    """What was made stays, and is not made again: only the rest is asked for the next time."""
    remedy = (
        f"name further types in stacks.{name}.{INSTANCES}, or wait for room and run the same"
        " command again, or rebuild in another region: what was made stays"
    )
    return Outcome(
        state=State.FAILED,
        changed=way.changed,
        message=f"stack {name}: {region} has no room; tried: {', '.join(way.refused)}",
        failures=tuple(dataclasses.replace(failure, remedy=remedy) for failure in found.failures),
        transient=True,
    )
