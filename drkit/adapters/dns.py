"""Where the public name leads: only cutover changes it, and no site's stack owns it (law 11)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta

from drkit.adapters.cloud import client, said_by_cloud
from drkit.adapters.epoch import refuse_overtaken
from drkit.adapters.hosts_output import entrance, hosts_of
from drkit.adapters.switch import Switch, refuse_another_address
from drkit.adapters.zones import zone_of
from drkit.errors import EffectUnknown, StepError
from drkit.model.outcome import Outcome, State
from drkit.model.plan import DnsMethod, Plan
from drkit.model.step import DnsWork
from drkit.ports import Context, Progress, World

_ANSWER_WITHIN: Mapping[DnsMethod, timedelta] = {
    DnsMethod.RECORD: timedelta(seconds=60),
    DnsMethod.FAILOVER: timedelta(seconds=120),
}
"""Route 53 says that a change of a record is in sync everywhere within 60 s; its health checkers
believe the third look, of one every 10 s (stacks/outside). A resolver on the way may keep the old
answer for its time to live besides.
"""


def public_address(context: Context) -> str:
    """The new site's edge. Raises StepError where no stack gave it a public address."""
    jump = context.plan.sites[context.target.region].jump
    hosts = hosts_of(context.facts)
    if (door := entrance(hosts, jump)) is not None:
        return str(hosts[door]["public"])
    raise StepError(
        f"no host of the group `{jump}` has a public address",
        remedy="the stack that provides it must output `public` for it",
    )


def resolve(world: World, name: str) -> tuple[str, ...]:
    """The addresses that customers are given now; empty if the name has none."""
    import dns.exception

    from drkit.adapters.resolving import resolver_at

    try:
        answer = resolver_at(world.resolver).resolve(name, "A", search=False)
        return tuple(str(record) for record in answer)
    except (dns.exception.DNSException, OSError):
        return ()


class DnsTool:
    def __init__(self, _work: DnsWork) -> None: ...

    def look(self, context: Context) -> Outcome | None:
        wanted = public_address(context)
        if context.plan.dns.method is DnsMethod.FAILOVER:
            # the answer may be right while the switch is not: turning it again is safe
            return None
        if resolve(context.world, context.plan.dns.name) == (wanted,):
            return Outcome(state=State.DONE, changed=0, facts={"address": wanted})
        return None

    def do(self, context: Context, progress: Progress) -> Outcome:
        plan, wanted = context.plan, public_address(context)
        refuse_overtaken(context)
        match plan.dns.method:
            case DnsMethod.RECORD:
                _write_record(context, wanted)
            case DnsMethod.FAILOVER:
                refuse_another_address(context, wanted)
                _turn_switch(context)
        _wait_until_answered(context, wanted)
        progress(f"{plan.dns.name} is {wanted}")
        return Outcome(state=State.DONE, changed=1, facts={"address": wanted})


def _write_record(context: Context, address: str) -> None:
    plan = context.plan
    route53 = client(context.world, "route53", plan.outside.region)
    try:
        zone = zone_of(route53, plan)
        route53.change_resource_record_sets(
            HostedZoneId=zone, ChangeBatch={"Changes": [_upsert(plan, address)]}
        )
    except said_by_cloud() as error:
        raise EffectUnknown(
            f"the record of {plan.dns.name} could not be changed: {error}",
            remedy="check Route 53, then run the same command again",
        ) from error


def _turn_switch(context: Context) -> None:
    try:
        Switch(context.world, context.plan).turn_to(context.target.region)
    except said_by_cloud() as error:
        raise EffectUnknown(
            f"the switch of {context.plan.dns.name} in s3://{context.plan.dns.switch} could not be"
            f" turned: {error}",
            remedy="check the outside location, then run the same command again",
        ) from error


def _wait_until_answered(context: Context, address: str) -> None:
    dns = context.plan.dns
    deadline = time.monotonic() + (_ANSWER_WITHIN[dns.method] + dns.ttl).total_seconds()
    while resolve(context.world, dns.name) != (address,):
        if time.monotonic() > deadline:
            raise EffectUnknown(
                f"{dns.name} does not answer with {address} yet",
                remedy="wait for the old answer's time to live, then run the same command"
                " again: it is safe to repeat",
            )
        time.sleep(0.2)


def _upsert(plan: Plan, address: str) -> dict[str, object]:
    return {
        "Action": "UPSERT",
        "ResourceRecordSet": {
            "Name": plan.dns.name,
            "Type": "A",
            "TTL": int(plan.dns.ttl.total_seconds()),
            "ResourceRecords": [{"Value": address}],
        },
    }
