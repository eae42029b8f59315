"""What a stack is told: its configuration, from the plan and from the stacks that it needs.

docs/reference/stacks.md lists the keys. Secrets are kept apart: they reach the program in memory,
never by a command line or a file in the clear.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives import serialization

from drkit.adapters.codec import format_time
from drkit.adapters.muzzle import is_drill, network_setting
from drkit.adapters.switch import health_check
from drkit.errors import StepError
from drkit.model.plan import DnsMethod, Plan
from drkit.model.record import RANGES, Target
from drkit.ports import Context, Secret

OUTSIDE = "outside"
"""The stack of what no site owns; its Pulumi stack has the same name."""
SEED = "hostKeySeed"
"""Configuration key from which a stack that provides hosts derives their ssh keys."""
INSTANCES = "instances"
"""Configuration key: the instance types that may be taken, best first."""
VALIDATION = "validation"
"""Tag ``kind`` of what is taken away again; a site that is there to stay has ``site``."""
SHORTAGE = "shortage"
"""Fact of a stack that did not get the type that it asked for first; no output of the stack."""
_FIRST_RANGE = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Configuration of one stack: ``plain`` without a namespace means the project's own."""

    stack: str
    """Name of the Pulumi stack."""
    plain: Mapping[str, str]
    provides_hosts: bool


def settings_of(context: Context, name: str) -> Settings:
    """The configuration of stack ``name`` of the plan. Raises StepError for what is missing."""
    if name == OUTSIDE:
        return Settings(stack=OUTSIDE, plain=_outside(context), provides_hosts=False)
    plan, target = context.plan, context.target
    stack = plan.stacks[name]
    plain = {
        "aws:region": target.region,
        "shop": plan.shop,
        "site": target.region,
        "generation": str(target.generation),
        "tags": json.dumps(site_tags(target, context.expires)),
        "cidr": address_range(plan, target),
    }
    if is_drill(context):
        plain["muzzle"] = network_setting(context)
    for need in stack.needs:
        plain[need] = json.dumps(_outputs(context, need))
    if stack.provides:
        plain["image"] = _image(plan, target)
        plain[INSTANCES] = json.dumps(stack.instances)
        plain["sshPublicKey"] = _public_key(context.vault)
        # a drill's entrance is never where the public name may lead
        address = None if is_drill(context) else context.addresses.get(target.region)
        if address and plan.sites[target.region].jump in stack.provides:
            plain["reservedAddress"] = address.id
    return Settings(stack=target.name, plain=plain, provides_hosts=bool(stack.provides))


def address_range(plan: Plan, target: Target) -> str:
    """The /16 of a generation: four per site, so that two generations never overlap."""
    place = list(plan.sites).index(target.region)
    second = _FIRST_RANGE + RANGES * place + target.generation % RANGES
    return f"10.{second}.0.0/16"


def site_tags(target: Target, expires: datetime | None) -> Mapping[str, str]:
    """What a resource is; not which run touched it, or each run would change everything. One that
    ``expires`` is a validation's.
    """
    whose = {
        "shop": target.shop,
        "site": target.region,
        "generation": str(target.generation),
    }
    if expires is None:
        return {**whose, "kind": "site"}
    return {**whose, "kind": VALIDATION, "expires": format_time(expires)}


def _outside(context: Context) -> Mapping[str, str]:
    plan = context.plan
    by_failover = plan.dns.method is DnsMethod.FAILOVER
    failover = {"failover": json.dumps(health_check(context))} if by_failover else {}
    return {
        "aws:region": plan.outside.region,
        "shop": plan.shop,
        "tags": json.dumps({"shop": plan.shop, "kind": OUTSIDE}),
        "sites": json.dumps(list(plan.sites)),
        "stateBucket": plan.outside.state,
        "backupBucket": plan.outside.backups,
        "dnsName": plan.dns.name,
        "fence": json.dumps(context.fence),
        **failover,
    }


def _outputs(context: Context, need: str) -> Mapping[str, object]:
    try:
        known = context.facts[need]
    except KeyError as error:
        raise StepError(
            f"the outputs of stack {need} are not known",
            task=need,
            remedy=f"bring {need} up first: a stack is handed the outputs of those it needs",
        ) from error
    return {name: value for name, value in known.items() if name != SHORTAGE}


def _image(plan: Plan, target: Target) -> str:
    try:
        return plan.sites[target.region].images["host"]
    except KeyError as error:
        raise StepError(
            f"the plan names no image for the hosts of {target.region}",
            remedy=f"set sites.{target.region}.images.host",
        ) from error


def _public_key(vault: Mapping[str, Secret]) -> str:
    if (private := vault.get("ssh_key")) is None:
        raise StepError(
            "the vault has no `ssh_key`, with which the hosts are reached",
            remedy="make one with `ssh-keygen -t ed25519` and put the private key in the vault",
        )
    try:
        key = serialization.load_ssh_private_key(private.reveal().encode() + b"\n", None)
    except ValueError as error:
        raise StepError(
            "`ssh_key` of the vault is no OpenSSH private key, or has a passphrase of its own",
            remedy="store it without one: the vault is what protects it",
        ) from error
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
        .decode()
    )
