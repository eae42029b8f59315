"""The door of a region's API: a WSGI wrapper around moto that lets in what AWS would let in.

Every call is signed with a key that is active, for the region whose door it is and for a service
that lives there; a bucket answers only at the door of its own region. (moto alone answers any
region at any port, so a lost region's bucket could be read next door.) What the key's owner may
do is judged by moto's IAM; whether he may read what a copy is made of, which moto does not ask, is
asked here. moto's own control pages are not reachable. A call that nobody signed may read an object
that is open to everybody, and nothing else.

It holds the outage switch, refuses networks and instance types that the sandbox does not have,
types that its region is short of, and the deletion of a subnet that has instances; and it says
after each call whether EC2 may have changed.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from urllib.parse import parse_qs, unquote, urlparse
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from drkit.sandbox import addresses, refusal
from drkit.sandbox.refusal import Refusal
from drkit.sandbox.signature import Signature

GLOBAL_SERVICES = frozenset({"iam", "route53", "sts", "cloudtrail"})
"""CloudTrail, too, has the record of calls to them there."""
GLOBAL_REGION = "us-east-1"
"""Where AWS keeps what is global; SDKs sign global calls for it."""
READING = ("Describe", "Get", "List")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A signed call, as far as the door must know it. ``form`` is EC2's query, else empty;
    ``source`` is what an S3 call copies from: bucket/key, else empty."""

    key: str
    service: str
    region: str
    path: str
    query: str
    form: dict[str, list[str]]
    source: str

    @property
    def action(self) -> str:
        return self.said("Action")

    def said(self, name: str) -> str:
        """A parameter of EC2's query; empty: it is not there."""
        return self.form.get(name, [""])[0]

    @property
    def buckets(self) -> tuple[str, ...]:
        """The buckets that an S3 call concerns."""
        named = (self.path.lstrip("/").partition("/")[0], self.source.partition("/")[0])
        return tuple(bucket for bucket in named if bucket)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What a door asks about the account: the secret of an active key, whether its owner may read
    an object (bucket/key), whether everybody may, the home of a bucket, the networks of all
    regions, the instances that are in a subnet, and the instance types that a region has no room
    for."""

    secret: Callable[[str], str | None]
    may_read: Callable[[str, str], bool]
    open_to_all: Callable[[str], bool]
    bucket_region: Callable[[str], str | None]
    networks: Callable[[], Mapping[str, IPv4Network]]
    instances_in: Callable[[str], tuple[str, ...]]
    short_of: Callable[[str], frozenset[str]]


class Door:
    """One region's API. ``changed`` is called after each EC2 call that is not a reading one."""

    def __init__(
        self,
        region: str,
        *,
        within: WSGIApplication,
        lost: Callable[[], frozenset[str]],
        account: Account,
        changed: Callable[[], None],
    ) -> None:
        self._region = region
        self._within = within
        self._lost = lost
        self._account = account
        self._changed = changed

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if self._region in self._lost():
            return Refusal(503, "ServiceUnavailable", "lost").answer("", start_response)
        signature = Signature.of(environ)
        if signature is None and self._is_open(environ):
            return self._within(environ, start_response)
        if environ.get("PATH_INFO", "").startswith("/moto-api") or signature is None:
            return refusal.UNSIGNED.answer("s3", start_response)
        secret = self._account.secret(signature.key)
        if secret is None:
            return refusal.unknown_key(signature.service).answer(signature.service, start_response)
        if not signature.holds(environ, secret, lambda: _body(environ)):
            return refusal.forged(signature.service).answer(signature.service, start_response)
        call = _call(environ, signature)
        refused = self._refused(call)
        if refused is not None:
            return refused.answer(call.service, start_response)
        body = self._within(environ, start_response)
        if call.service == "ec2" and not call.action.startswith(READING):
            self._changed()
        return body

    def _is_open(self, environ: WSGIEnvironment) -> bool:
        """Whether an unsigned call reads an object of this region that everybody may read."""
        name = environ.get("PATH_INFO", "").lstrip("/")
        reads = environ["REQUEST_METHOD"] in {"GET", "HEAD"} and not environ.get("QUERY_STRING")
        if not reads or "HTTP_AUTHORIZATION" in environ:
            return False
        home = self._account.bucket_region(name.partition("/")[0])
        return home == self._region and self._account.open_to_all(name)

    def _refused(self, call: Call) -> Refusal | None:
        if self._region == "global":
            fits = call.region == GLOBAL_REGION and call.service in GLOBAL_SERVICES
        else:
            # A client that does not know a bucket's region asks in us-east-1.
            asks = call.service == "s3" and call.query.startswith("location")
            fits = call.region == self._region or (asks and call.region == GLOBAL_REGION)
        if not fits:
            return refusal.wrong_door(call.service, call.region, self._region)
        match call.action:
            case "CreateVpc":
                return _network(call, self._account.networks())
            case "RunInstances":
                return _instance(call, self._account.short_of(self._region))
            case "DeleteSubnet" if self._account.instances_in(call.said("SubnetId")):
                return refusal.subnet_in_use(call.said("SubnetId"))
        return self._storage(call) if call.service == "s3" else None

    def _storage(self, call: Call) -> Refusal | None:
        for bucket in call.buckets:
            home = self._account.bucket_region(bucket)
            if home is not None and home != self._region:
                return refusal.other_region(bucket, home)
        if call.source and not self._account.may_read(call.key, call.source):
            return refusal.UNREADABLE
        return None


def _body(environ: WSGIEnvironment) -> bytes:
    """Read the body and put it back."""
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _call(environ: WSGIEnvironment, signature: Signature) -> Call:
    ec2 = signature.service == "ec2"
    # Taken apart as moto does it, or another bucket would be judged than the one it copies from.
    source = unquote(urlparse(environ.get("HTTP_X_AMZ_COPY_SOURCE", "")).path).lstrip("/")
    return Call(
        key=signature.key,
        service=signature.service,
        region=signature.region,
        path=environ.get("PATH_INFO", ""),
        query=environ.get("QUERY_STRING", ""),
        form=parse_qs(_body(environ).decode()) if ec2 else {},
        source=source if signature.service == "s3" else "",
    )


def _network(call: Call, present: Mapping[str, IPv4Network]) -> Refusal | None:
    text = call.said("CidrBlock")
    try:
        wanted = IPv4Network(text)
    except ValueError:
        return refusal.network(text)
    if not wanted.subnet_of(addresses.NETWORKS):
        return refusal.network(text)
    for identity, network in present.items():
        if wanted.overlaps(network):
            return refusal.overlap(text, f"{identity} ({network})")
    return None


def _instance(call: Call, short_of: frozenset[str]) -> Refusal | None:
    wanted = call.said("InstanceType")
    if wanted not in addresses.INSTANCE_TYPES:
        return refusal.instance_type(wanted)
    return refusal.no_room(wanted) if wanted in short_of else None
