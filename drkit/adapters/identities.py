"""Whose backups may be written: the fence by identity, beside the one by epoch (law 12).

At cutover the policy of the bucket for backups denies everything to every other site's identities
that write there, and no longer to the new site's own. Neither has rights anywhere else. Others
stay: what restores and reserves numbers is needed before a site's cutover. IAM is not asked: it is
global, and may be lost together with the old site.
"""

from __future__ import annotations

from collections.abc import Iterator

from drkit.adapters.backup_policy import BackupPolicy, fenced
from drkit.adapters.cloud import error_code, said_by_cloud
from drkit.adapters.epoch import refuse_overtaken
from drkit.errors import EffectUnknown
from drkit.model.outcome import Outcome, State
from drkit.model.step import RevokeWork
from drkit.ports import Context, Progress

WRITING = ("backup", "files")
"""Purposes of the identities that write backups outside; a shop may do without one of them."""


class RevokeTool:
    def __init__(self, _work: RevokeWork) -> None: ...

    def look(self, context: Context) -> Outcome | None:  # noqa: ARG002 - repeating is safe
        return None

    def do(self, context: Context, progress: Progress) -> Outcome:
        refuse_overtaken(context)
        wanted = frozenset(_of_other_sites(context))
        try:
            policy = BackupPolicy(context.world, context.plan)
            standing = fenced(policy.statements())
            if standing != wanted:
                policy.fence(wanted)
        except said_by_cloud() as error:
            bucket = context.plan.outside.backups
            raise EffectUnknown(
                f"the policy of s3://{bucket} could not be changed: {error_code(error) or error}",
                remedy="check the outside location and the operator's rights, then run the same"
                " command again",
            ) from error
        for arn in sorted(standing ^ wanted):
            said = "may write no more" if arn in wanted else "may write again"
            progress(f"{arn.rpartition('/')[2]}: {said}")
        return Outcome(state=State.DONE, changed=len(standing ^ wanted))


def _of_other_sites(context: Context) -> Iterator[str]:
    """ARNs of the users who write backups, of every site but this one."""
    for site, purposes in context.identities.items():
        for name in WRITING if site != context.target.region else ():
            if name in purposes:
                yield f"arn:aws:iam::{context.world.account}:user/{purposes[name]['user'].reveal()}"
