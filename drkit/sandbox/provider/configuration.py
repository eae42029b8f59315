"""Decides what the provider's own settings mean: region, credentials, default tags.

Refuses settings that it would have to ignore, another account than the sandbox's, and to start
without credentials: the sandbox checks every call as AWS does.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from drkit.sandbox.provider.api import Credentials
from drkit.sandbox.provider.checking import Problem
from drkit.sandbox.provider.errors import ProviderError
from drkit.sandbox.provider.site import Sandbox
from drkit.sandbox.provider.wire import Properties, has_unknown

_KNOWN = frozenset(
    {"region", "accessKey", "secretKey", "token", "defaultTags", "allowedAccountIds", "version"}
)
# Settings that switch off checks which the real provider makes and this one does not.
_WITHOUT_EFFECT = frozenset(
    {
        "skipCredentialsValidation",
        "skipMetadataApiCheck",
        "skipRegionValidation",
        "skipRequestingAccountId",
        "s3UsePathStyle",
        "maxRetries",
        "retryMode",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where and as whom the provider works; `tags` go onto everything that takes tags."""

    region: str
    credentials: Credentials
    tags: Mapping[str, str] = field(default_factory=dict)


def setting_problems(given: Properties) -> tuple[Problem, ...]:
    """The provider settings that the sandbox does not have."""
    return tuple(
        Problem(name, f"the sandbox does not cover the provider's setting {name!r}")
        for name, value in given.items()
        if name not in _KNOWN | _WITHOUT_EFFECT and value not in (None, "", [], {})
    )


def read_settings(
    given: Properties, sandbox: Sandbox, environment: Mapping[str, str] = os.environ
) -> Settings | None:
    """The settings; None while a part of them is unknown (a preview). Raises ProviderError."""
    if has_unknown(given):
        return None
    region = given.get("region") or environment.get("AWS_REGION")
    region = region or environment.get("AWS_DEFAULT_REGION")
    if not region:
        raise ProviderError("no region: set aws:region in the stack's configuration")
    allowed = given.get("allowedAccountIds")
    if allowed and sandbox.account not in allowed:
        raise ProviderError(f"account {sandbox.account} is not one of {', '.join(allowed)}")
    key = given.get("accessKey") or environment.get("AWS_ACCESS_KEY_ID")
    secret = given.get("secretKey") or environment.get("AWS_SECRET_ACCESS_KEY")
    if not key or not secret:
        raise ProviderError(
            "no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY "
            "(`drkit sandbox status` names the operator's)"
        )
    token = given.get("token") or environment.get("AWS_SESSION_TOKEN")
    tags = (given.get("defaultTags") or {}).get("tags") or {}
    return Settings(
        region=region,
        credentials=Credentials(key=key, secret=secret, token=token),
        tags=tags,
    )
