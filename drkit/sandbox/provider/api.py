"""Decides how the sandbox's AWS API is called: bounded in time, and with errors told apart.

Refuses to wait: connecting takes at most 3 s, an answer 10 s, and there are at most 3 tries. Only
404 and NotFound mean that a thing is gone; silence and 5xx are an outage and say nothing. A lack of
capacity is an answer, though AWS gives it with status 500.
"""

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    ParamValidationError,
)
from botocore.exceptions import ConnectionError as NoConnection
from botocore.model import OperationModel, Shape, StructureShape

from drkit.sandbox.provider.errors import ApiError, GoneError, ProviderError, UnreachableError
from drkit.sandbox.provider.site import GLOBAL_SERVICES, Sandbox
from drkit.sandbox.provider.wire import Properties

_LIMITS = Config(
    connect_timeout=3,
    read_timeout=10,
    retries={"total_max_attempts": 3, "mode": "standard"},
    max_pool_connections=32,
    proxies={},  # the sandbox is on this machine: a proxy of the environment must not see it
    s3={"addressing_style": "path"},
)
_ABSENT = re.compile(r"(NotFound(Exception|Error)?|\.Unknown)$|^NoSuch|^404$")
_NO_ROOM = frozenset({"InsufficientInstanceCapacity", "InsufficientHostCapacity"})
_OUTAGE = frozenset({"RequestTimeout", "ServiceUnavailable", "InternalError", "InternalFailure"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Who calls; the secret is never shown."""

    key: str
    secret: str
    token: str | None = None

    def __repr__(self) -> str:
        return f"Credentials(key={self.key!r}, secret=[secret])"


def structure(shape: Shape | None) -> StructureShape:
    """The shape, which the table says is a structure; raises ProviderError if it is none."""
    if not isinstance(shape, StructureShape):
        raise ProviderError(f"the table of resource types is wrong: {shape} is no structure")
    return shape


class Cloud:
    """The clients of all regions, made when first used. Safe to share between threads."""

    def __init__(self, sandbox: Sandbox, credentials: Credentials) -> None:
        self.sandbox = sandbox
        self._credentials = credentials
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()

    @cached_property
    def _session(self) -> botocore.session.Session:
        return botocore.session.get_session()

    def client(self, service: str, region: str) -> Any:
        """The botocore client of a service in a region; raises ProviderError."""
        endpoint = self.sandbox.endpoint(service, region)
        region = "us-east-1" if service in GLOBAL_SERVICES else region
        with self._lock:  # botocore sessions must not make two clients at once
            if (service, region) not in self._clients:
                authority = self.sandbox.authority
                self._clients[service, region] = self._session.create_client(
                    service,
                    region_name=region,
                    endpoint_url=endpoint,
                    aws_access_key_id=self._credentials.key,
                    aws_secret_access_key=self._credentials.secret,
                    aws_session_token=self._credentials.token,
                    verify=str(authority) if authority else None,
                    config=_LIMITS,
                )
            return self._clients[service, region]


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """One region of the cloud, as the API of one service."""

    cloud: Cloud
    name: str
    service: str

    def of(self, service: str) -> "Region":
        """The same region, another service."""
        return Region(cloud=self.cloud, name=self.name, service=service)

    @property
    def account(self) -> str:
        """The account number of the sandbox."""
        return self.cloud.sandbox.account

    def model(self, operation: str) -> OperationModel:
        """botocore's description of an operation, such as `create_vpc`."""
        client = self.cloud.client(self.service, self.name)
        name = client.meta.method_to_api_mapping[operation]
        model: OperationModel = client.meta.service_model.operation_model(name)
        return model

    def input_shape(self, operation: str) -> StructureShape:
        """The structure of an operation's parameters."""
        shape = self.model(operation).input_shape
        return structure(shape)

    def call(self, operation: str, parameters: Mapping[str, Any]) -> Properties:
        """The API's answer.

        Raises GoneError for what does not exist, UnreachableError for an outage, else ApiError.
        """
        client = self.cloud.client(self.service, self.name)
        try:
            answer: Properties = getattr(client, operation)(**parameters)
        except (ClientError, BotoCoreError) as error:
            raise self._translated(error, operation) from error
        return answer

    def _translated(self, error: ClientError | BotoCoreError, operation: str) -> ProviderError:
        where = f"{self.service} {operation} in {self.name}"
        if isinstance(error, ClientError):
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            code = error.response.get("Error", {}).get("Code", "Unknown")
            text = f"{where}: {code}: {error.response.get('Error', {}).get('Message', '')}"
            if code not in _NO_ROOM and (status >= 500 or code in _OUTAGE):
                return UnreachableError(f"{text} (HTTP {status}): try again when it answers")
            kind = GoneError if status == 404 or _ABSENT.search(code) else ApiError
            return kind(text, code=code)
        if isinstance(error, NoConnection | HTTPClientError):
            return UnreachableError(f"{where}: no answer: {error}")
        code = "InvalidParameter" if isinstance(error, ParamValidationError) else "BotoCore"
        return ApiError(f"{where}: {error}", code=code)
