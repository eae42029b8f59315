"""The errors that the sandbox itself answers, in the form in which SDKs read AWS's.

A call at the wrong region's door gets a plain error, not AWS's redirect: SDKs follow a redirect to
the very address that they were given (botocore without end).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from wsgiref.types import StartResponse
from xml.sax.saxutils import escape

from drkit.sandbox import addresses


@dataclass(frozen=True, slots=True)
class Refusal:
    status: int
    code: str
    message: str

    def answer(self, service: str, start_response: StartResponse) -> Iterable[bytes]:
        """Send it in the service's own dialect: S3's error, EC2's response, or the query form."""
        inner = f"<Code>{self.code}</Code><Message>{escape(self.message)}</Message>"
        match service:
            case "s3":
                text = f"<Error>{inner}</Error>"
            case "ec2":
                text = f"<Response><Errors><Error>{inner}</Error></Errors></Response>"
            case _:
                text = f"<ErrorResponse><Error>{inner}</Error></ErrorResponse>"
        body = f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode()
        start_response(
            f"{self.status} {HTTPStatus(self.status).phrase}",
            [("Content-Type", "text/xml"), ("Content-Length", str(len(body)))],
        )
        return [body]


UNSIGNED = Refusal(403, "MissingAuthenticationToken", "Request is missing Authentication Token")

UNREADABLE = Refusal(403, "AccessDenied", "The source of the copy may not be read with this key")


def unknown_key(service: str) -> Refusal:
    code = {"s3": "InvalidAccessKeyId", "ec2": "AuthFailure"}.get(service, "InvalidClientTokenId")
    return Refusal(403, code, "The access key is unknown here, or was made inactive")


def forged(service: str) -> Refusal:
    code = "AuthFailure" if service == "ec2" else "SignatureDoesNotMatch"
    return Refusal(403, code, "The request was not signed with the secret of its access key")


def wrong_door(service: str, region: str, door: str) -> Refusal:
    return Refusal(
        400,
        "InvalidRequest",
        f"{service} signed for {region} was sent to the endpoint of {door}",
    )


def other_region(bucket: str, home: str) -> Refusal:
    return Refusal(
        400,
        "InvalidRequest",
        f"the bucket {bucket} is in {home} and answers at that region's endpoint only",
    )


def network(wanted: str) -> Refusal:
    return Refusal(
        400,
        "InvalidVpc.Range",
        f"The CIDR '{wanted}' is invalid: the sandbox has networks in {addresses.NETWORKS} only",
    )


def overlap(wanted: str, other: str) -> Refusal:
    return Refusal(
        400,
        "InvalidVpc.Range",
        f"The CIDR '{wanted}' conflicts with {other}: the sandbox has each range once",
    )


def subnet_in_use(wanted: str) -> Refusal:
    return Refusal(
        400,
        "DependencyViolation",
        f"The subnet '{wanted}' has dependencies and cannot be deleted.",
    )


def instance_type(wanted: str) -> Refusal:
    known = ", ".join(addresses.INSTANCE_TYPES)
    return Refusal(
        400,
        "InvalidParameterValue",
        f"Invalid value '{wanted}' for InstanceType. The sandbox offers: {known}",
    )


def no_room(wanted: str) -> Refusal:
    """A status of 500, as in AWS: SDKs repeat the call before they believe it."""
    return Refusal(
        500,
        "InsufficientInstanceCapacity",
        f"We currently do not have sufficient {wanted} capacity in zones with support for 'gp3'"
        " volumes. Our system will be working on provisioning additional capacity.",
    )
