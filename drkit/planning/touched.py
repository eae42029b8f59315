"""What a rebuild will touch, and in which region each of it lies: by the plan and its files alone.

No cloud is asked. Decides a region only where the plan, the cloud's own order (what changes a
record of Route 53 is global, what answers it is everywhere) or a name says it; else it is
``unknown``. Refuses to guess from what a name looks like beyond that, and to let a run depend on a
region that is lost (law 8).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from drkit.errors import Problem
from drkit.model.plan import Cloud, DnsMethod, Plan, Site

GLOBAL, EVERYWHERE, HERE, UNKNOWN = "global", "everywhere", "here", "unknown"
"""In no region: the cloud's global services; this machine; and what nothing here can tell."""

_REGION = r"[a-z]{2}(?:-gov|-isob?)?-(?:north|south|east|west|central)(?:east|west)?-\d"
_SPOKEN = re.compile(rf"\b{_REGION}\b")
_URL = re.compile(r"https?://((?:[a-z0-9-]+\.)+[a-z]{2,})", re.IGNORECASE)
_REGIONAL = re.compile(rf"(?:[a-z0-9-]+\.)*{_REGION}(?:\.[a-z0-9-]+)+\.[a-z]{{2,}}\b")
_ARN = re.compile(rf"arn:aws[a-z-]*:[a-z0-9-]*:{_REGION}:[^\s\"',)]*")
_INSTALLS = re.compile(
    r"ansible\.builtin\.(?:apt|apt_repository|dnf|yum_repository|package|pip|git)\b"
)
_KEYED = re.compile(rf"\s*['\"]?({_REGION})['\"]?\s*:")
_COMMENT = ("#", "//", ";")


class Kind(StrEnum):
    API = "api"
    STACK = "stack"
    BUCKET = "bucket"
    IMAGE = "image"
    NAME = "name"
    KEY = "key"
    ENDPOINT = "endpoint"
    SOURCE = "source"
    """Of packages, plug-ins, code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    kind: Kind
    name: str
    region: str
    """Or :data:`GLOBAL`, :data:`EVERYWHERE`, :data:`HERE`, :data:`UNKNOWN`."""
    place: str
    """Where it is named: in the plan, or file and line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A file that a run uses."""

    path: str
    """Relative to the plan's folder."""
    text: str


def touched(plan: Plan, region: str, texts: Iterable[Text]) -> tuple[Touched, ...]:
    """All that a rebuild of ``region`` touches, each once. ``texts``: the files that it uses."""
    found: dict[tuple[Kind, str], Touched] = {}
    for one in (
        *_of_the_cloud(plan, plan.sites[region]),
        *_of_people(plan),
        *_said_in(texts, region),
    ):
        found.setdefault((one.kind, one.name), one)
    return tuple(found.values())


def lost_problems(
    found: Iterable[Touched], lost: Collection[str], *, why: str = "counts as lost"
) -> Iterator[Problem]:
    """One problem for each thing that lies in a region of ``lost``, and ``why`` none may."""
    for one in found:
        if one.region in lost:
            yield Problem(
                place=one.place,
                message=f"the {one.kind} {one.name} lies in {one.region}, which {why}",
                remedy="use one in another region, or kept on this machine or on the hosts' image",
                # what stands in a file need not be used: a person may know better
                acceptable=True,
            )


def possibly_lost(plan: Plan, region: str) -> tuple[str, ...]:
    """Which regions count as lost where nobody says which one is: every other site's."""
    return tuple(site for site in plan.sites if site != region)


def region_in(text: str) -> str:
    """The region that ``text`` names; :data:`UNKNOWN` if it names none, or several."""
    named = set(_SPOKEN.findall(text))
    return named.pop() if len(named) == 1 else UNKNOWN


def _of_the_cloud(plan: Plan, site: Site) -> Iterator[Touched]:
    here, outside, place = site.region, plan.outside, f"sites.{site.region}"
    yield Touched(kind=Kind.API, name=f"EC2, S3 in {here}", region=here, place=place)
    yield Touched(
        kind=Kind.API,
        name=f"S3, STS in {outside.region}",
        region=outside.region,
        place="outside.region",
    )
    for stack in plan.stacks:
        yield Touched(kind=Kind.STACK, name=stack, region=here, place=f"stacks.{stack}")
    for key, bucket in (("state", outside.state), ("backups", outside.backups)):
        yield Touched(
            kind=Kind.BUCKET, name=f"s3://{bucket}", region=outside.region, place=f"outside.{key}"
        )
    for use, image in site.images.items():
        yield Touched(kind=Kind.IMAGE, name=image, region=here, place=f"{place}.images.{use}")
    yield from _public_name(plan)
    shipped = site.cloud is Cloud.SANDBOX
    yield Touched(
        kind=Kind.SOURCE,
        name="Pulumi's plug-in `aws`",
        region=HERE if shipped else UNKNOWN,
        place=f"{place}.cloud",
    )


def _public_name(plan: Plan) -> Iterator[Touched]:
    """By a failover the name is moved by an object outside; else its record is changed."""
    moved = plan.dns.method is DnsMethod.FAILOVER
    region = EVERYWHERE if moved else GLOBAL
    yield Touched(kind=Kind.NAME, name=plan.dns.name, region=region, place="dns.name")
    if not moved:
        yield Touched(kind=Kind.API, name="Route 53", region=GLOBAL, place="dns.method")
    elif plan.dns.switch:
        bucket, outside = f"s3://{plan.dns.switch}", plan.outside.region
        yield Touched(kind=Kind.BUCKET, name=bucket, region=outside, place="dns.switch")


def _of_people(plan: Plan) -> Iterator[Touched]:
    """Secrets, keys and code; and third parties."""
    vault, command = str(plan.secrets.vault), plan.secrets.password_command
    yield Touched(kind=Kind.SOURCE, name="the plan's folder", region=HERE, place="drkit.yaml")
    yield Touched(kind=Kind.KEY, name=vault, region=HERE, place="secrets.vault")
    yield Touched(
        kind=Kind.KEY,
        name=f"`{command}`",
        region=region_in(command),
        place="secrets.password.command",
    )
    for provider in plan.providers.values():
        yield Touched(
            kind=Kind.ENDPOINT,
            name=provider.endpoint,
            region=region_in(provider.endpoint),
            place=f"providers.{provider.name}.endpoint",
        )


def _said_in(texts: Iterable[Text], region: str) -> Iterator[Touched]:
    for text in texts:
        for number, line in enumerate(text.text.splitlines(), start=1):
            keyed = _KEYED.match(line)
            of_another = keyed is not None and keyed[1] != region
            if not of_another and not line.lstrip().startswith(_COMMENT):
                yield from _said(line, f"{text.path}:{number}")


def _said(line: str, place: str) -> Iterator[Touched]:
    for host in dict.fromkeys([*_URL.findall(line), *_REGIONAL.findall(line)]):
        yield Touched(kind=Kind.ENDPOINT, name=host, region=region_in(host), place=place)
    for arn in _ARN.findall(line):
        yield Touched(kind=Kind.ENDPOINT, name=arn, region=region_in(arn), place=place)
    for module in _INSTALLS.findall(line):
        yield Touched(kind=Kind.SOURCE, name=module, region=UNKNOWN, place=place)
