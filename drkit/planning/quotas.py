"""What a site asks of its region, against what the account's quotas allow there: pure arithmetic.

Three of AWS's quotas are compared, those that a rebuild meets first. A region that is too small is
a problem that may be accepted: who knows that a raise is on its way goes on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from drkit.errors import Problem

_STANDARD = re.compile(r"(a|c|d|h|i|im|is|m|r|t|z)\d")
"""Families that share one quota; others (GPUs, high memory) have quotas of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """One of AWS's, by its code; ``name`` is what ``--accept`` calls a lack of it."""

    name: str
    service: str
    code: str
    what: str


VCPUS = Quota(
    name="quota-vcpus", service="ec2", code="L-1216C47A", what="vCPUs of standard instances"
)
ADDRESSES = Quota(name="quota-elastic-ips", service="ec2", code="L-0263D0A3", what="elastic IPs")
NETWORKS = Quota(name="quota-vpcs", service="vpc", code="L-F678F1CE", what="VPCs")
QUOTAS = (VCPUS, ADDRESSES, NETWORKS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """The resources that quotas count, by their ids: of some stacks, or of a region."""

    instances: Mapping[str, str] = field(default_factory=dict)
    """Id → type."""
    addresses: frozenset[str] = frozenset()
    networks: frozenset[str] = frozenset()

    def plus(self, other: Holding) -> Holding:
        return Holding(
            instances={**self.instances, **other.instances},
            addresses=self.addresses | other.addresses,
            networks=self.networks | other.networks,
        )

    def less(self, other: Holding) -> Holding:
        return Holding(
            instances={
                name: kind for name, kind in self.instances.items() if name not in other.instances
            },
            addresses=self.addresses - other.addresses,
            networks=self.networks - other.networks,
        )

    @property
    def counted_types(self) -> frozenset[str]:
        """The instance types whose vCPUs are counted."""
        return frozenset(kind for kind in self.instances.values() if _STANDARD.match(kind))


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """``vcpus``: of each counted type; ``allowed``: by the code of each quota."""

    region: str
    asked: Holding
    """By the site."""
    used: Holding
    """Of the region, by everything else."""
    vcpus: Mapping[str, int]
    allowed: Mapping[str, float]


def shortfalls(compared: Comparison) -> Iterator[Problem]:
    """One problem per quota that the site does not fit into."""
    for quota in QUOTAS:
        asked = _amount(compared.asked, quota, compared.vcpus)
        used = _amount(compared.used, quota, compared.vcpus)
        allowed = int(compared.allowed[quota.code])
        if asked and asked + used > allowed:
            yield Problem(
                place=quota.name,
                message=f"the site asks for {asked} {quota.what}, and {compared.region} allows"
                f" {allowed}, of which {used} are used",
                remedy=f"ask AWS for {asked + used} (quota {quota.code} of {quota.service} in"
                f" {compared.region}), or end what is not needed there; to try all the same:"
                f" --accept {quota.name} --reason WHY",
                acceptable=True,
            )


def _amount(holding: Holding, quota: Quota, vcpus: Mapping[str, int]) -> int:
    if quota == VCPUS:
        kinds = holding.counted_types
        return sum(vcpus[kind] for kind in holding.instances.values() if kind in kinds)
    return len(holding.addresses if quota == ADDRESSES else holding.networks)
