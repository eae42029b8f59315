"""The switch of a failover record: one object outside. While it is there, the second site serves.

The record's two halves, the sites' addresses and the health check are made by ``drkit prepare``.
The check is inverted: while the object can be read the first site counts as ill, and Route 53
answers with the second. So a cutover changes an object and nothing of Route 53, whose control plane
may be lost with us-east-1. Where the object cannot be read the first site counts as well: a lost
outside moves nobody away from it, but does move customers back to it from the second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from drkit.adapters.cloud import client
from drkit.errors import StepError
from drkit.model.plan import Plan
from drkit.ports import Context, World

KEY = "second-site-serves"


@dataclass(frozen=True, slots=True)
class Switch:
    """Methods raise what boto3 raises."""

    world: World
    plan: Plan

    def must_be_there(self) -> None:
        """Ask after the bucket; nothing is changed."""
        self._s3().head_bucket(Bucket=self.plan.dns.switch)

    def turn_to(self, region: str) -> None:
        """Have Route 53 answer with the address of the site in ``region``."""
        first, _second = self.plan.sites
        if region == first:
            self._s3().delete_object(Bucket=self.plan.dns.switch, Key=KEY)
        else:
            body = f"{region}\n".encode()
            self._s3().put_object(Bucket=self.plan.dns.switch, Key=KEY, Body=body)

    def _s3(self) -> Any:
        return client(self.world, "s3", self.plan.outside.region)


def health_check(context: Context) -> Mapping[str, object]:
    """What the stack ``outside`` must know to make the failover record."""
    plan = context.plan
    return {
        "bucket": plan.dns.switch,
        "key": KEY,
        "host": context.world.endpoints[plan.outside.region].name,
        "ttl": int(plan.dns.ttl.total_seconds()),
        "sites": list(plan.sites),
    }


def refuse_another_address(context: Context, address: str) -> None:
    """Raise StepError where the site's entrance has not the address that the record leads to."""
    region = context.target.region
    reserved = context.addresses.get(region)
    if reserved is None or reserved.ip != address:
        raise StepError(
            f"{context.plan.dns.name} would lead to"
            f" {reserved.ip if reserved else 'no address'}, and the entrance of {region} has"
            f" {address}",
            remedy="have the stack that makes the entrance take `reservedAddress`, then run the"
            " same command again",
        )
