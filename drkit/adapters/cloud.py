"""Clients of a world's AWS API, with time-outs that let nobody wait for a lost region.

They are botocore's, which boto3 hands out, too: what boto3 has besides is not used here, and takes
time to import.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from drkit.errors import ConfigurationError
from drkit.ports import Secret, World

_GLOBAL = frozenset({"iam", "route53"})
GLOBAL_REGION = "us-east-1"
"""Where AWS keeps its global services, and what calls to them are signed for."""
_CONNECTED = timedelta(seconds=1.5)
"""Of one try: the first packet may be lost once, and is sent again after 1 s."""
ANSWER = timedelta(seconds=10)
"""How long a call may take, if its caller is no less patient."""
_ONE_AT_A_TIME = threading.Lock()
"""botocore makes no two clients at once well: three threads that wanted the first of S3's read its
model three times, for 1.5 s each (measured)."""


def client(world: World, service: str, region: str, *, answer: timedelta = ANSWER) -> Any:
    """A client of ``service``: global services, and what their region has, at the world's global
    endpoint.

    Any: botocore makes its clients' classes while it runs. A call waits for ``answer`` at most, and
    is sent twice at most; to what is lost it takes 4 s (law 8): whoever asks for a client begins
    with a new connection, though the client itself is one for all who ask for the same. Raises
    ConfigurationError for a region that the world does not have.
    """
    everywhere = service in _GLOBAL or region == GLOBAL_REGION
    name = "global" if everywhere else region
    endpoint = world.endpoints.get(name)
    if endpoint is None and world.stands_apart:
        # botocore would turn to AWS, with credentials that are none of its business
        raise ConfigurationError(
            f"this sandbox has no {name}", remedy=f"regions: {', '.join(world.endpoints)}"
        )
    wanted = _Wanted(
        service=service,
        region=GLOBAL_REGION if everywhere else region,
        url=endpoint.url if endpoint else None,
        key=world.key,
        secret=world.secret,
        token=world.token,
        ca=world.ca,
        answer=answer,
    )
    with _ONE_AT_A_TIME:
        made = _made(wanted)
    # A connection that was kept open says too late that its other end is lost: `answer`, not
    # `_CONNECTED`. What another thread has under way comes to its end (urllib3 2).
    made.close()
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    service: str
    region: str
    url: str | None
    key: Secret
    secret: Secret
    token: Secret | None
    ca: Path | None
    answer: timedelta
    process: int = field(default_factory=os.getpid)
    """No fork shares the connections of its parent."""
    mark: str | None = field(default_factory=lambda: os.environ.get("AWS_SDK_UA_APP_ID"))
    """What botocore puts into the user agent of each call."""


@lru_cache(maxsize=64)
def _made(wanted: _Wanted) -> Any:
    """To make one takes 20 ms of a core."""
    from botocore.config import Config

    return _session().create_client(
        wanted.service,
        region_name=wanted.region,
        endpoint_url=wanted.url,
        aws_access_key_id=wanted.key.reveal(),
        aws_secret_access_key=wanted.secret.reveal(),
        aws_session_token=wanted.token.reveal() if wanted.token else None,
        verify=str(wanted.ca) if wanted.ca else None,
        config=Config(
            connect_timeout=min(_CONNECTED, wanted.answer).total_seconds(),
            read_timeout=wanted.answer.total_seconds(),
            # between two tries the mode "standard" waits for 1 s at the most
            retries={"total_max_attempts": 2, "mode": "standard"},
            s3={"addressing_style": "path"} if wanted.url else {},
        ),
    )


def read_ahead(service: str) -> None:
    """Read what clients of ``service`` are made of, for this process and its forks."""
    nobody = {"aws_access_key_id": "nobody", "aws_secret_access_key": "none"}
    with _ONE_AT_A_TIME:
        _session().create_client(service, region_name=GLOBAL_REGION, **nobody)


@cache
def _session() -> Any:
    """It keeps what it has read of the API's models."""
    import botocore.session

    return botocore.session.get_session()


def said_by_cloud() -> tuple[type[Exception], ...]:
    """The exceptions by which botocore says no, or says nothing: for ``except``."""
    from botocore.exceptions import BotoCoreError, ClientError

    return (ClientError, BotoCoreError)


def error_code(error: Exception) -> str:
    """``NoSuchKey``, ``AccessDenied``, …; empty where the cloud did not answer at all."""
    response = getattr(error, "response", None) or {}  # None where a read timed out
    return str(response.get("Error", {}).get("Code", ""))


def bucket_exists(s3: Any, bucket: str) -> bool:
    """Whether there is a bucket of that name. Any: botocore's client. Raises what it raises."""
    try:
        s3.head_bucket(Bucket=bucket)
    except said_by_cloud() as error:
        if error_code(error) in {"404", "NoSuchBucket"}:
            return False
        raise
    return True
