"""Where moto 5.2.5 is put right, because a stack or a check would notice the difference from AWS.

- Public addresses come from the sandbox's own range; moto's are loopback addresses.
- The first subnet of a zone is not a default subnet, and gives no public addresses unasked.
- Only the instance types that the sandbox has exist and are offered.
- Conditions of policy statements are judged, those that are known (see
  :mod:`drkit.sandbox.conditions`).
- Signatures are checked at the door, and better (see :mod:`drkit.sandbox.signature`); what the door
  lets in unsigned is open to everybody.
- A folder whose objects were all deleted is listed no more, also where versions are kept.
- Quotas are the sandbox's own (see :mod:`drkit.sandbox.quotas`).
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from typing import Any

from drkit.errors import SandboxError
from drkit.sandbox import addresses
from drkit.sandbox.conditions import honour_conditions
from drkit.sandbox.elastic import ElasticPool
from drkit.sandbox.quotas import Quotas


def apply(quotas: Quotas) -> None:
    """Put moto right, in this process, before its first call."""
    from moto.core.authorization import ActionAuthenticatorMixin
    from moto.ec2.models import elastic_ip_addresses, elastic_network_interfaces, instance_types
    from moto.ec2.models.subnets import SubnetBackend
    from moto.iam.access_control import IAMRequestBase

    from drkit.sandbox.observed import elastic_in_use

    # Nothing but these two gives out public addresses.
    pool = ElasticPool(elastic_in_use)
    backend = elastic_ip_addresses.ElasticAddressBackend
    _replace(backend, "allocate_address", _by_pool(pool, backend.allocate_address))
    _replace(elastic_network_interfaces, "random_public_ip", _taken_from(pool))
    _replace(SubnetBackend, "create_subnet", _plain(SubnetBackend.create_subnet))
    honour_conditions()
    list_what_is_there()
    answer_quotas(quotas)
    _replace(IAMRequestBase, "check_signature", lambda _: None)
    judge = ActionAuthenticatorMixin._authenticate_and_authorize_s3_action  # noqa: SLF001 - foreign
    _replace(ActionAuthenticatorMixin, judge.__name__, _of_the_signed(judge))
    for name in set(instance_types.INSTANCE_TYPES) - set(addresses.INSTANCE_TYPES):
        del instance_types.INSTANCE_TYPES[name]
    for by_region in instance_types.INSTANCE_TYPE_OFFERINGS.values():
        for region, offered in by_region.items():
            by_region[region] = [
                offer for offer in offered if offer["InstanceType"] in addresses.INSTANCE_TYPES
            ]


def list_what_is_there() -> None:
    """Have S3 list the folders of objects that are there: moto lists those of deleted ones."""
    from moto.s3.models import FakeDeleteMarker, S3Backend

    listed = S3Backend.list_objects

    @functools.wraps(listed)
    def list_objects(s3: Any, bucket: Any, *arguments: Any, **named: Any) -> Any:
        there = copy.copy(bucket)
        there.keys = {
            name: key for name, key in bucket.keys.items() if not isinstance(key, FakeDeleteMarker)
        }
        return listed(s3, there, *arguments, **named)

    _replace(S3Backend, "list_objects", list_objects)


def answer_quotas(quotas: Quotas) -> None:
    """Have Service Quotas say what ``quotas`` holds."""
    from moto.servicequotas.exceptions import NoSuchResource
    from moto.servicequotas.models import ServiceQuotasBackend

    def get_service_quota(backend: Any, service_code: str, quota_code: str) -> dict[str, Any]:
        found = quotas.answer(backend.region_name, service_code, quota_code)
        if found is None:
            raise NoSuchResource
        return found

    _replace(ServiceQuotasBackend, "get_service_quota", get_service_quota)


def _replace(owner: Any, name: str, by: Any) -> None:
    if not hasattr(owner, name):
        raise SandboxError(
            f"this moto has no {owner.__name__}.{name}", remedy="install the pinned requirements"
        )
    setattr(owner, name, by)


def _of_the_signed(judge: Any) -> Any:
    """moto judges by the key that signed, and fails where there is none."""

    @functools.wraps(judge)
    def judge_signed(call: Any, *arguments: Any, **named: Any) -> None:
        if call.headers.get("Authorization"):
            judge(call, *arguments, **named)

    return judge_signed


def _plain(create: Any) -> Any:
    @functools.wraps(create)
    def create_subnet(ec2: Any, *arguments: Any, **named: Any) -> Any:
        subnet = create(ec2, *arguments, **named)
        if not ec2.vpcs[subnet.vpc_id].is_default:
            subnet.default_for_az = False
            subnet.map_public_ip_on_launch = False
        return subnet

    return create_subnet


def _by_pool(pool: ElasticPool, allocate: Any) -> Any:
    """AllocateAddress, of which a caller may wish for an address that is free."""
    from moto.ec2.exceptions import InvalidAddressError

    @functools.wraps(allocate)
    def allocate_address(ec2: Any, domain: str, address: str | None = None, **named: Any) -> Any:
        if address and not pool.claim(address):
            raise InvalidAddressError(address)
        return allocate(ec2, domain, address or _taken_from(pool)(), **named)

    return allocate_address


def _taken_from(pool: ElasticPool) -> Callable[[], str]:
    """Give an address, or the answer of AWS when there are no more."""
    from moto.ec2.exceptions import EC2ClientError

    def take() -> str:
        address = pool.take()
        if address is None:
            raise EC2ClientError(
                "AddressLimitExceeded", f"All addresses of {addresses.ELASTIC} are in use"
            )
        return address

    return take
