"""Signatures as SDKs make them are taken; whatever was changed on the way is not."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from drkit.sandbox.signature import Signature

SECRET = "secret"


def signed(
    service: str, url: str, *, method: str = "GET", body: bytes = b"", said: str = ""
) -> dict[str, Any]:
    """The WSGI environment of a call that botocore signed. ``said``: in place of the digest."""
    request = AWSRequest(method=method, url=url, data=body)
    request.headers["Host"] = urlsplit(url).netloc
    kind = S3SigV4Auth if service == "s3" else SigV4Auth
    signer = kind(Credentials("AKIA1", SECRET), service, "eu-west-3")
    if said:
        signer.payload = lambda request: said  # type: ignore[method-assign]  # noqa: ARG005
    signer.add_auth(request)
    split = urlsplit(url)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "RAW_URI": split.path + (f"?{split.query}" if split.query else ""),
    }
    for name, value in request.headers.items():
        environ["HTTP_" + name.upper().replace("-", "_")] = value
    return environ


def holds(environ: dict[str, Any], secret: str = SECRET, body: bytes = b"") -> bool:
    signature = Signature.of(environ)
    return signature is not None and signature.holds(environ, secret, lambda: body)


CALLS = [
    ("route53", "https://h/2013-04-01/hostedzone?maxitems=3&marker=a%2Fb", "GET", b""),
    ("s3", "https://h/bucket/a%20b/c%2Bd%3D%C3%A9?versionId=1", "GET", b""),
    ("s3", "https://h/bucket?list-type=2&prefix=a%20b&delimiter=", "GET", b""),
    ("ec2", "https://h/", "POST", b"Action=DescribeVpcs"),
    ("execute-api", "https://h/a%20b/x", "GET", b""),
]


@pytest.mark.parametrize(("service", "url", "method", "body"), CALLS)
def test_what_botocore_signs_holds(service: str, url: str, method: str, body: bytes) -> None:
    environ = signed(service, url, method=method, body=body)
    assert holds(environ, body=body)
    assert not holds(environ, secret="other", body=body)


def test_a_changed_call_does_not_hold() -> None:
    body = b"Action=DescribeVpcs"
    environ = signed("ec2", "https://h/", method="POST", body=body)
    assert not holds(environ, body=b"Action=DeleteVpc")
    assert not holds({**environ, "REQUEST_METHOD": "PUT"}, body=body)
    assert not holds({**environ, "RAW_URI": "/other"}, body=body)
    assert not holds({**environ, "HTTP_X_AMZ_DATE": "20200101T000000Z"}, body=body)


@pytest.mark.parametrize("header", ["", "Bearer x", "AWS4-HMAC-SHA256 Credential=a"])
def test_what_is_not_signed_in_this_way_is_none(header: str) -> None:
    assert Signature.of({"HTTP_AUTHORIZATION": header}) is None


def test_a_body_other_than_the_signed_digest_says_does_not_hold() -> None:
    """S3 calls carry the body's digest, and moto stores whatever comes with it."""
    environ = signed("s3", "http://h/bucket/key", method="PUT", body=b"order 1")
    assert environ["HTTP_X_AMZ_CONTENT_SHA256"] == hashlib.sha256(b"order 1").hexdigest()
    assert holds(environ, body=b"order 1")
    assert not holds(environ, body=b"order 2")
    assert not holds(environ, body=b"")


@pytest.mark.parametrize("said", ["UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"])
def test_a_body_that_nobody_signed_is_not_judged(said: str) -> None:
    environ = signed("s3", "http://h/bucket/key", method="PUT", said=said)
    assert holds(environ, body=b"anything")
