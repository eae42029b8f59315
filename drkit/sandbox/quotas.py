"""What the account's quotas allow in a region, as the API of Service Quotas answers it.

moto knows only those of VPC. The figures are those of an account that has asked for more: a new one
may have 5 of each, in which neither a shop's vCPUs fit nor its third generation. They are answered,
and nothing here holds anybody to them: a call that AWS would refuse with `VcpuLimitExceeded` is let
in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from drkit.errors import UsageError
from drkit.sandbox import addresses


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    service: str
    name: str
    value: float


KNOWN: Mapping[str, Quota] = {
    "L-1216C47A": Quota(
        service="ec2",
        name="Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances",
        value=256.0,
    ),
    "L-0263D0A3": Quota(service="ec2", name="EC2-VPC Elastic IPs", value=40.0),
    "L-F678F1CE": Quota(service="vpc", name="VPCs per Region", value=20.0),
}


class Quotas:
    """Holds what was set. A change replaces the whole, so that other threads read old or new."""

    def __init__(self) -> None:
        self._set: Mapping[tuple[str, str], float] = {}

    def set(self, region: str, code: str, value: float) -> None:
        """Allow ``value`` of a quota from now on. Raises UsageError for what is not here."""
        names = [door.region for door in addresses.REGIONS]
        if region not in names:
            raise UsageError(f"no region {region!r}", remedy=f"one of: {', '.join(names)}")
        if code not in KNOWN:
            known = ", ".join(f"{code} ({quota.name})" for code, quota in KNOWN.items())
            raise UsageError(f"no quota {code!r}", remedy=f"one of: {known}")
        self._set = {**self._set, (region, code): value}

    def answer(self, region: str, service: str, code: str) -> dict[str, Any] | None:
        """A quota as GetServiceQuota tells it; None: there is no such quota."""
        quota = KNOWN.get(code)
        if quota is None or quota.service != service:
            return None
        return {
            "ServiceCode": service,
            "QuotaCode": code,
            "QuotaName": quota.name,
            "Value": self._set.get((region, code), quota.value),
            "Unit": "None",
            "Adjustable": True,
            "GlobalQuota": False,
        }
