"""The calls of a cutover, which no validation makes, so that a validation's record lacks them. They
are drkit's own, so they are known without a record.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from drkit.adapters.cloud import GLOBAL_REGION, client, said_by_cloud
from drkit.adapters.epoch import KEY as EPOCH
from drkit.adapters.recorded_calls import bucket_arn, not_answered, zone_arn
from drkit.adapters.switch import KEY as SWITCH
from drkit.adapters.zones import zone_of
from drkit.model.calls import ANY, Call
from drkit.model.plan import DnsMethod, Plan
from drkit.model.step import DnsWork, EpochWork, RevokeWork, Step
from drkit.ports import World


def cutover_calls(world: World, plan: Plan, steps: Iterable[Step]) -> frozenset[Call]:
    """Of the steps that change something outside. Raises StepError where no zone holds the name,
    and ConfigurationError where the cloud does not say.
    """
    try:
        return frozenset(call for step in steps for call in _calls(world, plan, step))
    except said_by_cloud() as error:
        raise not_answered("route53:ListHostedZones", error) from error


def _calls(world: World, plan: Plan, step: Step) -> Iterator[Call]:
    outside = plan.outside

    def call(action: str, resource: str, region: str = outside.region) -> Call:
        return Call(step=step.id, action=action, resource=resource, region=region)

    match step.work, plan.dns.method:
        case EpochWork(), _:
            yield call("s3:PutObject", bucket_arn(f"{outside.state}/{EPOCH}"))
        case RevokeWork(), _:
            for action in ("s3:GetBucketPolicy", "s3:PutBucketPolicy"):
                yield call(action, bucket_arn(outside.backups))
        case DnsWork(), DnsMethod.FAILOVER:
            turned = bucket_arn(f"{plan.dns.switch}/{SWITCH}")
            for action in ("s3:PutObject", "s3:DeleteObject"):
                yield call(action, turned)
        case DnsWork(), DnsMethod.RECORD:
            zone = zone_of(client(world, "route53", outside.region), plan)
            yield call("route53:ListHostedZones", ANY, GLOBAL_REGION)
            yield call("route53:ChangeResourceRecordSets", zone_arn(zone), GLOBAL_REGION)
        case _:
            pass
