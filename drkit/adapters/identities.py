"""Whose backups may be written: the fence by identity, beside the one by epoch (law 12).

A revoked identity carries the inline policy ``drkit-fenced``, which denies everything; it is put on
every other site's identities that write backups at cutover, and taken from the new site's own.
Others stay: what restores and reserves numbers is needed before a site's cutover.
"""

from __future__ import annotations

import json
from typing import Any

from drkit.adapters.cloud import client, error_code, said_by_cloud
from drkit.adapters.epoch import refuse_overtaken
from drkit.errors import EffectUnknown
from drkit.model.outcome import Outcome, State
from drkit.model.step import RevokeWork
from drkit.ports import Context, Progress

POLICY = "drkit-fenced"
WRITING = ("backup", "files")
"""Purposes of the identities that write backups outside; a shop may do without one of them."""
_DENY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}],
    }
)


class RevokeTool:
    def __init__(self, _work: RevokeWork) -> None: ...

    def look(self, context: Context) -> Outcome | None:  # noqa: ARG002 - repeating is safe
        return None

    def do(self, context: Context, progress: Progress) -> Outcome:
        refuse_overtaken(context)
        iam = client(context.world, "iam", context.plan.outside.region)
        changed = 0
        for site, purposes in context.identities.items():
            mine = site == context.target.region
            for user in (purposes[name]["user"].reveal() for name in WRITING if name in purposes):
                if _settle(iam, user, mine=mine):
                    changed += 1
                    progress(f"{user}: {'may write again' if mine else 'may write no more'}")
        return Outcome(state=State.DONE, changed=changed)


def _settle(iam: Any, user: str, *, mine: bool) -> bool:
    """Fence an identity, or give its rights back; whether that changed anything."""
    try:
        fenced = POLICY in iam.list_user_policies(UserName=user)["PolicyNames"]
        if fenced and mine:
            iam.delete_user_policy(UserName=user, PolicyName=POLICY)
        elif not fenced and not mine:
            iam.put_user_policy(UserName=user, PolicyName=POLICY, PolicyDocument=_DENY)
        else:
            return False
    except said_by_cloud() as error:
        raise EffectUnknown(
            f"the rights of {user} could not be changed: {error_code(error) or error}",
            remedy="check IAM and the operator's rights, then run the same command again",
        ) from error
    return True
