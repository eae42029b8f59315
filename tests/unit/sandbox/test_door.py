"""What a region's door lets in: the bucket that is written and the one that is copied from."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from drkit.sandbox.door import Account, Door

HOMES = {"here": "eu-west-3", "secret": "eu-west-3", "there": "eu-north-1"}


@dataclass
class Visit:
    """One call to the door of eu-west-3, whose owner may read the bucket `here` alone."""

    tenants: dict[str, tuple[str, ...]] = field(default_factory=dict)
    short_of: frozenset[str] = frozenset()
    signs: bool = True
    let_in: bool = False
    status: str = ""
    answer: str = ""

    def call(
        self, service: str, path: str, *, method: str, body: bytes = b"", **headers: str
    ) -> Visit:
        account = Account(
            secret=lambda _: "secret",
            may_read=lambda _, name: name.startswith("here/"),
            open_to_all=lambda name: name.endswith("/open"),
            bucket_region=HOMES.get,
            networks=dict,
            instances_in=lambda subnet: self.tenants.get(subnet, ()),
            short_of=lambda region: self.short_of if region == "eu-west-3" else frozenset(),
        )
        door = Door(
            "eu-west-3", within=self._within, lost=frozenset, account=account, changed=lambda: None
        )
        environ = signed(service, path, method, body, headers)
        if not self.signs:
            del environ["HTTP_AUTHORIZATION"]
        self.answer = b"".join(door(environ, self._start)).decode()
        return self

    def _within(self, environ: Any, start: Any) -> Iterable[bytes]:
        self.let_in = True
        return [b""]

    def _start(self, status: str, headers: Any, *_: Any) -> Any:
        self.status = status


def signed(
    service: str, path: str, method: str, body: bytes, headers: dict[str, str]
) -> dict[str, Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = AWSRequest(method=method, url=f"http://h{path}", data=body, headers=named)
    request.headers["Host"] = "h"
    kind = S3SigV4Auth if service == "s3" else SigV4Auth
    kind(Credentials("AKIA1", "secret"), service, "eu-west-3").add_auth(request)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "RAW_URI": path,
        "PATH_INFO": path,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
    }
    for name, value in request.headers.items():
        environ["HTTP_" + name.upper().replace("-", "_")] = value
    return environ


def copy(source: str) -> Visit:
    return Visit().call("s3", "/here/new", method="PUT", x_amz_copy_source=source)


@pytest.mark.parametrize("source", ["here/a", "/here/a%20b", "here/a?versionId=1"])
def test_an_object_that_may_be_read_here_may_be_copied(source: str) -> None:
    assert copy(source).let_in


@pytest.mark.parametrize(
    "source", ["there/a", "/there/a", "%2Fthere/a", "x:there/a", "//h/there/a"]
)
def test_nothing_is_copied_out_of_another_region(source: str) -> None:
    """Or a lost region's bucket could be read next door."""
    visit = copy(source)
    assert not visit.let_in
    assert "the bucket there is in eu-north-1" in visit.answer


@pytest.mark.parametrize("source", ["secret/a", "/secret/a?versionId=1", "nowhere/a"])
def test_nothing_is_copied_that_the_caller_may_not_read(source: str) -> None:
    visit = copy(source)
    assert not visit.let_in
    assert visit.status.startswith("403")
    assert "AccessDenied" in visit.answer


def test_a_subnet_is_deleted_after_its_last_instance() -> None:
    body = urlencode({"Action": "DeleteSubnet", "SubnetId": "subnet-1"}).encode()
    busy = Visit(tenants={"subnet-1": ("i-1",)}).call("ec2", "/", method="POST", body=body)
    assert not busy.let_in
    assert "DependencyViolation" in busy.answer
    assert Visit(tenants={"subnet-2": ("i-1",)}).call("ec2", "/", method="POST", body=body).let_in


def test_a_type_that_the_region_is_short_of_is_refused_in_aws_words_and_others_are_made() -> None:
    short = frozenset({"m5.large"})
    asked = {
        kind: urlencode({"Action": "RunInstances", "InstanceType": kind}).encode()
        for kind in ("m5.large", "m6i.large")
    }
    refused = Visit(short_of=short).call("ec2", "/", method="POST", body=asked["m5.large"])
    assert not refused.let_in
    assert refused.status.startswith("500")
    assert "<Code>InsufficientInstanceCapacity</Code>" in refused.answer
    assert "do not have sufficient m5.large capacity" in refused.answer
    assert Visit(short_of=short).call("ec2", "/", method="POST", body=asked["m6i.large"]).let_in
    assert Visit().call("ec2", "/", method="POST", body=asked["m5.large"]).let_in


def stranger(path: str, method: str = "GET") -> Visit:
    return Visit(signs=False).call("s3", path, method=method)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_stranger_reads_what_is_open_to_everybody(method: str) -> None:
    assert stranger("/here/open", method).let_in


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/here/closed", "GET"),
        ("/here/open", "PUT"),
        ("/here/open", "DELETE"),
        ("/there/open", "GET"),
        ("/nowhere/open", "GET"),
        ("/here", "GET"),
        ("/moto-api/open", "GET"),
    ],
)
def test_a_stranger_does_nothing_else(path: str, method: str) -> None:
    visit = stranger(path, method)
    assert not visit.let_in
    assert visit.status.startswith("403")
