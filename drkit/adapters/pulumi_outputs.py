"""Reads the outputs of a stack, secrets included, without running its program.

Takes 0.3 to 0.5 s. Refuses to hand a secret on as anything but :class:`drkit.ports.Secret`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pulumi.automation import StackNotFoundError

from drkit.adapters.pulumi_deadline import deadline
from drkit.adapters.pulumi_operation import translated
from drkit.adapters.pulumi_settings import OUTSIDE
from drkit.adapters.pulumi_workspace import Backend, backend_of, open_workspace
from drkit.errors import ConfigurationError, EffectUnknown
from drkit.model.plan import DnsMethod, Plan
from drkit.ports import ReservedAddress, Secret, World

_LIMIT = timedelta(seconds=60)
"""How long reading may take: a state's backend may accept a connection and never answer."""
Identities = Mapping[str, Mapping[str, Mapping[str, Secret]]]
"""Site → purpose → ``user``, ``key``, ``secret``: as :class:`drkit.ports.Context` has them."""


def outputs(plan: Plan, backend: Backend, *, name: str, stack: str) -> Mapping[str, object]:
    """The outputs of Pulumi stack ``stack`` of the project stacks/``name``.

    A secret one is a :class:`Secret` if it is text, else a mapping whose texts are all secrets.
    Raises ConfigurationError if the stack is not there or nothing is heard of it in time, StepError
    if its state does not open.
    """
    with open_workspace(plan.root / "stacks" / name, backend) as opened, translated(name):
        try:
            with deadline(_LIMIT, f"reading {stack} from {backend.url}"):
                found = opened.workspace.stack_outputs(stack)
        except StackNotFoundError as error:
            raise ConfigurationError(
                f"the stack {name} ({stack}) has never been brought up, or its state is lost",
                remedy=_up(name),
            ) from error
        except EffectUnknown as error:
            raise ConfigurationError(
                str(error), remedy="bring the outside location back, then run it again"
            ) from error
    return {key: _sealed(out.value) if out.secret else out.value for key, out in found.items()}


def public(made: Mapping[str, object]) -> dict[str, object]:
    """Of outputs, what other steps may be told: all but secrets."""
    return {name: value for name, value in made.items() if not isinstance(value, Secret)}


def _up(name: str) -> str:
    return "run `drkit prepare`" if name == OUTSIDE else f"bring {name} up first"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What the stack ``outside`` made for the sites."""

    identities: Identities
    addresses: Mapping[str, ReservedAddress]
    """Site → its address; none where the public name is no failover record."""


NOTHING = Prepared(identities={}, addresses={})


def prepared(plan: Plan, world: World, vault: Mapping[str, Secret]) -> Prepared:
    """What ``drkit prepare`` made, for every site. Raises as :func:`outputs`."""
    found = outputs(plan, backend_of(plan, world, vault), name=OUTSIDE, stack=OUTSIDE)
    addresses: Mapping[str, ReservedAddress] = {}
    if plan.dns.method is DnsMethod.FAILOVER:
        told = _output(found, "addresses")
        addresses = {site: ReservedAddress(**address) for site, address in told.items()}
    return Prepared(identities=_output(found, "identities"), addresses=addresses)


def _output(found: Mapping[str, object], name: str) -> dict[str, Any]:
    """Any: whatever the program of the stack says there."""
    made = found.get(name)
    if not isinstance(made, dict):
        raise ConfigurationError(
            f"the stack outside has no output `{name}`",
            remedy="run `drkit prepare`: the plan has changed since, or its last update did not"
            " end well",
        )
    return made


def _sealed(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _sealed(part) for key, part in value.items()}
    return Secret(value if isinstance(value, str) else str(value))
