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
- What was called is recorded and told (see :mod:`drkit.sandbox.trail`), and what an identity may do
  is told before it does it (see :mod:`drkit.sandbox.rights`): moto has neither.
"""

from __future__ import annotations

import copy
import functools
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from drkit.errors import SandboxError
from drkit.sandbox import addresses, rights
from drkit.sandbox.conditions import honour_conditions
from drkit.sandbox.elastic import ElasticPool
from drkit.sandbox.quotas import Quotas
from drkit.sandbox.signature import PATTERN
from drkit.sandbox.trail import PAGE, Event, Lookup, Trail, s3_event

_ZONE = re.compile(r"/hostedzone/([^/?]+)")


def apply(quotas: Quotas, trail: Trail) -> None:
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
    know_the_services()
    list_what_is_there()
    answer_quotas(quotas)
    keep(trail)
    answer_lookups(trail)
    answer_simulations()
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


def know_the_services() -> None:
    """Look once for the services that there are: moto looks through its folder at each call."""
    from moto import backends

    known = tuple(backends.list_of_moto_modules())
    _replace(backends, "list_of_moto_modules", lambda: known)


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


def keep(trail: Trail) -> None:
    """Have every signed call that moto judges taken into ``trail``."""
    from moto.core.authorization import ActionAuthenticatorMixin

    judge = ActionAuthenticatorMixin._authenticate_and_authorize_action  # noqa: SLF001 - foreign

    @functools.wraps(judge)
    def judge_and_record(call: Any, by: Any, resource: str = "*") -> None:
        refused = True
        try:
            judge(call, by, resource)
            refused = False
        finally:
            if event := _event(call, resource, refused=refused):
                trail.take(event)

    _replace(ActionAuthenticatorMixin, judge.__name__, judge_and_record)


def answer_lookups(trail: Trail) -> None:
    """Have CloudTrail tell what ``trail`` holds."""
    from moto.cloudtrail.exceptions import InvalidParameterCombinationException
    from moto.cloudtrail.responses import CloudTrailResponse

    def lookup_events(call: Any) -> str:
        asked = {
            each["AttributeKey"]: each["AttributeValue"]
            for each in call._get_param("LookupAttributes", [])  # noqa: SLF001 - foreign
        }
        if asked.keys() - {"ReadOnly"}:
            raise InvalidParameterCombinationException("the sandbox looks up by ReadOnly alone")
        return json.dumps(trail.answer(_lookup(call, asked.get("ReadOnly"))))

    setattr(CloudTrailResponse, "lookup_events", lookup_events)  # noqa: B010 - foreign


def answer_simulations() -> None:
    """Have IAM say what a user may do."""
    from moto.core.responses import ActionResult
    from moto.iam.exceptions import NotFoundException
    from moto.iam.responses import IamResponse

    def simulate_principal_policy(call: Any) -> Any:
        said: Callable[..., Any] = call._get_param  # noqa: SLF001 - foreign
        arn = said("PolicySourceArn")
        try:
            results = rights.simulated(arn, said("ActionNames"), said("ResourceArns", []))
        except LookupError as error:
            raise NotFoundException(f"The sandbox has no user {arn}") from error
        return ActionResult({"EvaluationResults": results, "IsTruncated": False})

    setattr(IamResponse, "simulate_principal_policy", simulate_principal_policy)  # noqa: B010


def _lookup(call: Any, reads: str | None) -> Lookup:
    said: Callable[..., Any] = call._get_param  # noqa: SLF001 - foreign
    since, until, token = said("StartTime"), said("EndTime"), said("NextToken")
    return Lookup(
        region=call.region,
        since=datetime.fromtimestamp(since, UTC) if since else None,
        until=datetime.fromtimestamp(until, UTC) if until else None,
        reads=None if reads is None else reads == "true",
        before=int(token) if token else None,
        most=min(int(said("MaxResults", PAGE)), PAGE),
    )


def _event(call: Any, resource: str, *, refused: bool) -> Event | None:
    """A call as CloudTrail records it; None: it is unsigned, or no management event."""
    signed = PATTERN.match(call.headers.get("Authorization", "").strip())
    if signed is None:
        return None
    name, about = _named(call, signed["service"], resource)
    if name is None:
        return None
    user = rights.owner(signed["key"])
    return Event(
        at=datetime.now(UTC),
        service=signed["service"],
        name=name,
        region=signed["region"],
        key=signed["key"],
        user=str(user.name) if user else "",
        agent=call.headers.get("User-Agent", ""),
        refused=refused,
        parameters=about,
    )


def _named(call: Any, service: str, resource: str) -> tuple[str | None, dict[str, str]]:
    """The event's name, and those of its parameters that name what it is about."""
    if service != "s3":
        zone = _ZONE.search(call.uri) if service == "route53" else None
        return call._get_action(), {"hostedZoneId": zone[1]} if zone else {}  # noqa: SLF001
    bucket = resource.rpartition(":")[2]
    if "/" in bucket:
        return None, {}
    # moto's own name for it is that of a right, and not always the right one's
    operation = call._get_action_from_method_and_request_uri(call.normalized_request)  # noqa: SLF001
    name = s3_event(operation) if operation else None
    return name, {"bucketName": bucket} if bucket != "*" else {}


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
