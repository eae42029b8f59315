"""The site that is being checked, as a value: read from the file that the adapter wrote.

The file holds no secret, only paths to key files. Whoever can read it learns where things are, not
how to get in.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import cattrs

from drkit.adapters.hosts_output import entrance
from drkit.errors import StepError
from drkit.model.record import Target
from drkit.model.step import Route, RunKind
from drkit.ports import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A host as the stack that made it reports it."""

    name: str
    groups: tuple[str, ...]
    address: str
    """Inside the site."""
    public: str | None = None
    """Where customers and operators reach it; None: from inside only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What a check may know of the site: where it is, what was planned, what earlier steps said."""

    run: str
    kind: RunKind
    target: Target
    currency: str
    public_name: str
    """The name that customers use."""
    jump: str
    """The group of the hosts that ssh and customers come in by."""
    route: Route
    folder: Path
    """The run's folder: ssh configuration and the run's certificates."""
    machines: tuple[Machine, ...]
    resolver: str | None = None
    ca: Path | None = None
    plan: Mapping[str, object] = field(default_factory=dict)
    """``drkit.yaml`` as parsed."""
    facts: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """Step id → what that step reported."""

    @property
    def entrance(self) -> Machine | None:
        """The host that customers are sent to: of the group ``jump``, with a public address."""
        hosts = {m.name: {"groups": m.groups, "public": m.public} for m in self.machines}
        door = entrance(hosts, self.jump)
        return next((machine for machine in self.machines if machine.name == door), None)


def site_of(context: Context, route: Route) -> Site:
    """The site of a run, with the hosts that a stack reported into the run's folder.

    Raises StepError where they are not known.
    """
    plan = context.plan
    source = context.folder / "hosts.json"
    try:
        found = machines(json.loads(source.read_text()))
    except (OSError, ValueError, ExceptionGroup) as error:
        raise StepError(
            f"the hosts of {context.target.name} are not known: {source}: {error}",
            remedy="run the stack that provides the hosts first; the same command carries on",
        ) from error
    return Site(
        run=context.run,
        kind=context.kind,
        target=context.target,
        currency=plan.currency,
        public_name=plan.dns.name,
        jump=plan.sites[context.target.region].jump,
        route=route,
        folder=context.folder,
        machines=found,
        resolver=context.world.resolver,
        ca=context.world.ca,
        plan=plan.source,
        facts=context.facts,
    )


_CONVERTER = cattrs.Converter(forbid_extra_keys=True)
_CONVERTER.register_structure_hook(Path, lambda value, _: Path(value))
_CONVERTER.register_unstructure_hook(Path, str)
# JSON values of the plan and of facts stay as they are.
_CONVERTER.register_structure_hook_func(lambda kind: kind is object, lambda value, _: value)


def write(site: Site, path: Path) -> None:
    """Write the file that ``--drkit-context`` names, readable by its owner only."""
    path.touch(mode=0o600)
    path.write_text(json.dumps(_CONVERTER.unstructure(site), default=str))


def read(path: Path) -> Site:
    """The site of the file at ``path``. Raises OSError, ValueError or cattrs' own errors."""
    return _CONVERTER.structure(json.loads(path.read_text()), Site)


def machines(outputs: Mapping[str, Mapping[str, object]]) -> tuple[Machine, ...]:
    """The machines of the output ``hosts`` of a stack (name → groups, address, public, …)."""
    return tuple(
        _MACHINES.structure({**described, "name": name}, Machine)
        for name, described in sorted(outputs.items())
    )


_MACHINES = cattrs.Converter()
"""Lenient: a stack may say more of a host than checks need (its host key, its instance)."""


def _text(value: object, _: type[str]) -> str:
    # cattrs would make "None" of a host that has no address yet
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


_MACHINES.register_structure_hook(str, _text)
