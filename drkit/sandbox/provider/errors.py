"""Decides what can go wrong between Pulumi and the sandbox's API, and what each means.

    ProviderError
    ├── UnknownTypeError      a type, look-up or property that is not there
    ├── ApiError              the API refused: its code and message
    │   └── GoneError         the API says that the thing does not exist (404 / NotFound only)
    ├── UnreachableError      no answer, or 5xx: says nothing about whether the thing exists
    └── PartialError          made or changed, but not to the end: carries the id, so none is lost

Refuses to take silence for absence: an outage is never a GoneError.
"""

from typing import Any


class ProviderError(Exception):
    """Something a person can read: what failed, on what, what to do."""


class UnknownTypeError(ProviderError):
    """A type, look-up or property that the SDK or the sandbox does not have."""


class ApiError(ProviderError):
    """The API understood and refused.

    `code` is the API's own, such as `InvalidAMIID.NotFound`.
    """

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class GoneError(ApiError):
    """The API answered that the thing does not exist."""


class UnreachableError(ProviderError):
    """The API did not answer, or answered 5xx. Whether the thing exists is not known."""


class PartialError(ProviderError):
    """A resource exists under `resource_id`, known by `properties`, but could not be finished."""

    def __init__(
        self, cause: ProviderError, *, resource_id: str, properties: dict[str, Any]
    ) -> None:
        super().__init__(str(cause))
        self.resource_id = resource_id
        self.properties = properties
