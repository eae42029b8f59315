"""Whether the rest of a cutover can be done: asked before the epoch is raised, which fences the old
site and cannot be taken back. A cloud that refuses later would leave nobody serving.
"""

from __future__ import annotations

from drkit.adapters.backup_policy import BackupPolicy
from drkit.adapters.cloud import client, error_code, said_by_cloud
from drkit.adapters.switch import Switch
from drkit.adapters.zones import zone_of
from drkit.errors import StepError
from drkit.model.plan import DnsMethod
from drkit.ports import Context


def refuse_blocked(context: Context) -> None:
    """Ask for the policy that the cutover changes, and for what the public name hangs on.

    Raises StepError; nothing is changed.
    """
    plan, world = context.plan, context.world
    asked = f"s3://{plan.outside.backups}"
    try:
        BackupPolicy(world, plan).statements()
        match plan.dns.method:
            case DnsMethod.RECORD:
                asked = "Route 53"
                zone_of(client(world, "route53", plan.outside.region), plan)
            case DnsMethod.FAILOVER:
                asked = f"s3://{plan.dns.switch}"
                Switch(world, plan).must_be_there()
    except said_by_cloud() as error:
        raise StepError(
            f"{asked} does not answer as a cutover needs it: {error_code(error) or error}",
            remedy="check it and the operator's rights, then run the same command again:"
            " the old site is as it was",
        ) from error
