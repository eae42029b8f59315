"""The public zone that holds the shop's name: looked up. ``drkit prepare`` makes it."""

from __future__ import annotations

from typing import Any

from drkit.errors import StepError
from drkit.model.plan import Plan


def zone_of(route53: Any, plan: Plan) -> str:
    """Its id: of ``example`` and ``shop.example`` the longer one.

    Raises StepError if none is there, and what boto3 raises.
    """
    pages = route53.get_paginator("list_hosted_zones").paginate()
    zones = {
        zone["Name"].rstrip("."): str(zone["Id"])
        for page in pages
        for zone in page["HostedZones"]
        if not zone["Config"]["PrivateZone"]
    }
    domain = plan.dns.name
    while domain and domain not in zones:
        domain = domain.partition(".")[2]
    if not domain:
        raise StepError(
            f"no public zone of this account holds {plan.dns.name}",
            remedy="run `drkit prepare`, which makes the zone",
        )
    return zones[domain]
