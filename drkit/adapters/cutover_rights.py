"""Whether the rest of a cutover can be done: asked before the epoch is raised, which fences the old
site and cannot be taken back. A cloud that refuses later would leave nobody serving.
"""

from __future__ import annotations

from drkit.adapters.cloud import client, error_code, said_by_cloud
from drkit.adapters.zones import zone_of
from drkit.errors import StepError
from drkit.ports import Context


def refuse_blocked(context: Context) -> None:
    """Ask IAM for every identity that the cutover revokes, and Route 53 for the zone.

    Raises StepError; nothing is changed.
    """
    plan, outside = context.plan, context.plan.outside.region
    users = [
        user["user"].reveal()
        for purposes in context.identities.values()
        for user in purposes.values()
        if "user" in user
    ]
    asked = "IAM"
    try:
        iam = client(context.world, "iam", outside)
        for user in users:
            iam.list_user_policies(UserName=user)
        asked = "Route 53"
        zone_of(client(context.world, "route53", outside), plan)
    except said_by_cloud() as error:
        raise StepError(
            f"{asked} does not answer as a cutover needs it: {error_code(error) or error}",
            remedy="check it and the operator's rights, then run the same command again:"
            " the old site is as it was",
        ) from error
