"""Where AWS judges policies otherwise than moto: conditions, and HeadBucket.

moto (5.2) takes a statement whose condition is not met as a denial, so that the usual "deny what is
not encrypted" would deny everything. As on AWS, a statement whose condition is not met says
nothing. Known here are ``aws:SecureTransport`` (every call to the sandbox comes by TLS) and
``ArnEquals`` of ``aws:PrincipalArn``, without patterns; other conditions stay moto's.
"""

from __future__ import annotations

import re
from typing import Any

from drkit.sandbox.rights import owner

_KEY = re.compile(r"Credential=([^/,]+)/")


def honour_conditions() -> None:
    """Have moto judge statements by the conditions that are known. Once per process."""
    from moto.iam.access_control import IAMPolicyStatement, PermissionResult
    from moto.s3.responses import ACTION_MAP

    # on AWS the right to list a bucket is what HeadBucket asks for; there is no such action
    ACTION_MAP["BUCKET"]["HEAD"]["DEFAULT"] = "ListBucket"
    judged = IAMPolicyStatement.is_action_permitted

    def is_action_permitted(self: Any, *args: Any, **kwargs: Any) -> Any:
        statement = self._statement
        conditions = statement.get("Condition", {})
        if str(conditions.get("Bool", {}).get("aws:SecureTransport")).lower() == "false":
            return PermissionResult.NEUTRAL
        principals = conditions.get("ArnEquals", {}).get("aws:PrincipalArn")
        if principals is None:
            return judged(self, *args, **kwargs)
        if _caller() not in ([principals] if isinstance(principals, str) else principals):
            return PermissionResult.NEUTRAL
        met = {key: value for key, value in statement.items() if key != "Condition"}
        return judged(IAMPolicyStatement(met), *args, **kwargs)

    setattr(IAMPolicyStatement, "is_action_permitted", is_action_permitted)  # noqa: B010 - foreign


def _caller() -> str:
    """The ARN of the user whose key signed the call that is judged; empty: nobody has signed it."""
    from flask import has_request_context, request

    named = _KEY.search(request.headers.get("Authorization", "")) if has_request_context() else None
    user = owner(named[1]) if named else None
    return str(user.arn) if user else ""
