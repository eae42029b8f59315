"""What IAM says of an action before anybody does it, by the code with which moto judges calls.

Of S3 a resource counts; of all other services moto asks for every resource, so that is what is
judged. The policies of an identity alone: those of buckets are not asked, as AWS's own simulation
does not ask them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any


class Decision(StrEnum):
    """In the words of SimulatePrincipalPolicy."""

    ALLOWED = "allowed"
    DENIED = "explicitDeny"
    NOT_ALLOWED = "implicitDeny"


def users() -> Iterator[Any]:
    """moto's users, of all accounts."""
    from moto.iam.models import iam_backends

    for account in list(iam_backends.values()):
        yield from list(account["aws"].users.values())


def owner(key: str) -> Any | None:
    """moto's user whose access key it is; None: nobody's."""
    keys = ((user, access.access_key_id) for user in users() for access in list(user.access_keys))
    return next((user for user, identity in keys if identity == key), None)


def policies(user: Any) -> list[Any]:
    """All of a user, his own and those of his groups, as moto collects them for a call."""
    from moto.iam.access_control import IAMUserAccessKey

    class Owner(IAMUserAccessKey):
        """Told by the user: one without a key, too, has policies."""

        def __init__(self) -> None:
            self.account_id, self.partition = user.account_id, "aws"
            self._owner_user_name = user.name

    return Owner().collect_policies()


def decision(found: Iterable[Any], action: str, resource: str) -> Decision:
    """What these policies come to together."""
    from moto.iam.access_control import IAMPolicy, PermissionResult

    judged = resource if action.startswith("s3:") else "*"
    said = [IAMPolicy(policy).is_action_permitted(action, judged) for policy in found]
    if PermissionResult.DENIED in said:
        return Decision.DENIED
    return Decision.ALLOWED if PermissionResult.PERMITTED in said else Decision.NOT_ALLOWED


def simulated(arn: str, actions: Iterable[str], resources: Iterable[str]) -> list[dict[str, Any]]:
    """The results of SimulatePrincipalPolicy. Raises LookupError: there is no such user."""
    user = next((user for user in users() if user.arn == arn), None)
    if user is None:
        raise LookupError(arn)
    found, asked = policies(user), tuple(resources) or ("*",)
    return [
        {
            "EvalActionName": action,
            "EvalResourceName": resource,
            "EvalDecision": str(decision(found, action, resource)),
            "MatchedStatements": [],
            "MissingContextValues": [],
        }
        for action in actions
        for resource in asked
    ]
