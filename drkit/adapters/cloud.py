"""Clients of a world's AWS API, with time-outs that let nobody wait for a lost region.

They are botocore's, which boto3 hands out, too: what boto3 has besides is not used here, and takes
time to import.
"""

from __future__ import annotations

import threading
from datetime import timedelta
from functools import cache
from typing import Any

from drkit.errors import ConfigurationError
from drkit.ports import World

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
    is sent twice at most; to what is lost it takes 4 s (law 8). Raises ConfigurationError for a
    region that the world does not have.
    """
    from botocore.config import Config

    everywhere = service in _GLOBAL or region == GLOBAL_REGION
    name = "global" if everywhere else region
    endpoint = world.endpoints.get(name)
    if endpoint is None and world.stands_apart:
        # botocore would turn to AWS, with credentials that are none of its business
        raise ConfigurationError(
            f"this sandbox has no {name}", remedy=f"regions: {', '.join(world.endpoints)}"
        )
    with _ONE_AT_A_TIME:
        return _session().create_client(
            service,
            region_name=GLOBAL_REGION if everywhere else region,
            endpoint_url=endpoint.url if endpoint else None,
            aws_access_key_id=world.key.reveal(),
            aws_secret_access_key=world.secret.reveal(),
            aws_session_token=world.token.reveal() if world.token else None,
            verify=str(world.ca) if world.ca else None,
            config=Config(
                connect_timeout=min(_CONNECTED, answer).total_seconds(),
                read_timeout=answer.total_seconds(),
                # between two tries the mode "standard" waits for 1 s at the most
                retries={"total_max_attempts": 2, "mode": "standard"},
                s3={"addressing_style": "path"} if endpoint and endpoint.url else {},
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
