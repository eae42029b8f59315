"""Where AWS judges policies otherwise than moto: statements about TLS, and HeadBucket.

Every call to the sandbox comes by TLS.
moto (5.2) takes a statement whose condition is not met as a denial, so that the usual "deny what is
not encrypted" would deny everything. As on AWS, a statement whose condition is not met says
nothing. Only ``aws:SecureTransport`` is known here; other conditions stay moto's.
"""

from __future__ import annotations

from typing import Any


def honour_secure_transport() -> None:
    """Have moto pass over statements that concern unencrypted calls. Once per process."""
    from moto.iam.access_control import IAMPolicyStatement, PermissionResult
    from moto.s3.responses import ACTION_MAP

    # on AWS the right to list a bucket is what HeadBucket asks for; there is no such action
    ACTION_MAP["BUCKET"]["HEAD"]["DEFAULT"] = "ListBucket"
    judged = IAMPolicyStatement.is_action_permitted

    def is_action_permitted(self: Any, *args: Any, **kwargs: Any) -> Any:
        statement = self._statement
        wanted = statement.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport")
        if wanted is not None and str(wanted).lower() == "false":
            return PermissionResult.NEUTRAL
        return judged(self, *args, **kwargs)

    setattr(IAMPolicyStatement, "is_action_permitted", is_action_permitted)  # noqa: B010 - foreign
