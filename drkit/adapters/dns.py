"""The public record: only cutover writes it, and a site's stack never owns it (law 11)."""

from __future__ import annotations

import time
from datetime import timedelta

from drkit.adapters.cloud import client, said_by_cloud
from drkit.adapters.epoch import refuse_overtaken
from drkit.adapters.hosts_output import entrance, hosts_of
from drkit.adapters.zones import zone_of
from drkit.errors import EffectUnknown, StepError
from drkit.model.outcome import Outcome, State
from drkit.model.plan import Plan
from drkit.model.step import DnsWork
from drkit.ports import Context, Progress, World

_ANSWER_WITHIN = timedelta(seconds=60)
"""Route 53 says that a change is in sync everywhere within 60 s; a resolver on the way may keep the
old answer for its time to live besides.
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
        if resolve(context.world, context.plan.dns.name) == (wanted,):
            return Outcome(state=State.DONE, changed=0, facts={"address": wanted})
        return None

    def do(self, context: Context, progress: Progress) -> Outcome:
        plan, wanted = context.plan, public_address(context)
        refuse_overtaken(context)
        route53 = client(context.world, "route53", plan.outside.region)
        try:
            zone = zone_of(route53, plan)
            route53.change_resource_record_sets(
                HostedZoneId=zone, ChangeBatch={"Changes": [_upsert(plan, wanted)]}
            )
        except said_by_cloud() as error:
            raise EffectUnknown(
                f"the record of {plan.dns.name} could not be changed: {error}",
                remedy="check Route 53, then run the same command again",
            ) from error
        deadline = time.monotonic() + (_ANSWER_WITHIN + plan.dns.ttl).total_seconds()
        while resolve(context.world, plan.dns.name) != (wanted,):
            if time.monotonic() > deadline:
                raise EffectUnknown(
                    f"{plan.dns.name} does not answer with {wanted} yet",
                    remedy="wait for the old answer's time to live, then run the same command "
                    "again: it looks at what is answered first",
                )
            time.sleep(0.2)
        progress(f"{plan.dns.name} is {wanted}")
        return Outcome(state=State.DONE, changed=1, facts={"address": wanted})


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
