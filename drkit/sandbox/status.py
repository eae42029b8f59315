"""What `drkit sandbox status` shows: regions, whether they are lost, hosts, addresses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from drkit.sandbox import addresses, control
from drkit.sandbox.folder import Folder, State

STAND_IN = (
    "A stand-in for AWS, on this machine; `drkit sandbox --help` says what it does not prove."
)
HEADINGS = ("REGION", "STATE", "ENDPOINT", "HOSTS", "DROPPED: ENDPOINT", "DROPPED: HOSTS", "NAME")


@dataclass(frozen=True, slots=True, kw_only=True)
class HostStatus:
    region: str
    id: str
    name: str
    condition: str
    address: str
    public: str | None
    here: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionStatus:
    """``dropped``: packets that others tried toward the region in its present or last loss, which
    are those to its endpoint and those to its hosts. ``short_of``: instance types that it has no
    room for."""

    region: str
    lost: bool
    endpoint: str
    name: str
    hosts: tuple[HostStatus, ...]
    dropped: int
    dropped_endpoint: int
    dropped_hosts: int
    short_of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    pid: int
    regions: tuple[RegionStatus, ...]


def read(folder: Folder) -> Status:
    """Ask the daemon. Raises SandboxError where no sandbox is up."""
    state = State.read(folder)
    answer = control.ask(folder.socket, "status")
    hosts = [HostStatus(**host) for host in answer["hosts"]]
    return Status(
        pid=state.pid,
        regions=tuple(
            _region(door, lost=door.region in answer["lost"], hosts=hosts, answer=answer)
            for door in addresses.DOORS
        ),
    )


def document(status: Status) -> dict[str, Any]:
    """The form of ``--output json``, version 1."""
    return {"version": 1, **asdict(status)}


def text(status: Status) -> str:
    """What this is, a table of regions, then one of hosts."""
    regions = [
        (
            region.region,
            "lost" if region.lost else "up",
            region.endpoint,
            str(sum(host.here for host in region.hosts)),
            str(region.dropped_endpoint),
            str(region.dropped_hosts),
            region.name,
        )
        for region in status.regions
    ]
    lines = [STAND_IN, "", *_table(HEADINGS, regions)]
    lines += [
        f"{region.region} has no room for {', '.join(region.short_of)}"
        for region in status.regions
        if region.short_of
    ]
    hosts = [
        (host.region, host.id, host.condition, host.address, host.public or "-", host.name)
        for region in status.regions
        for host in region.hosts
        if host.condition != "gone"
    ]
    if hosts:
        headings = ("REGION", "HOST", "STATE", "ADDRESS", "ELASTIC IP", "NAME")
        lines += ["", *_table(headings, hosts)]
    return "\n".join(lines)


def _region(
    door: addresses.Endpoint, *, lost: bool, hosts: list[HostStatus], answer: control.Answer
) -> RegionStatus:
    dropped = answer["dropped"][door.region]
    return RegionStatus(
        region=door.region,
        lost=lost,
        endpoint=door.url,
        name=door.name,
        hosts=tuple(host for host in hosts if host.region == door.region),
        dropped=dropped["endpoint"] + dropped["hosts"],
        dropped_endpoint=dropped["endpoint"],
        dropped_hosts=dropped["hosts"],
        short_of=tuple(answer["short_of"].get(door.region, ())),
    )


def _table(headings: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in [headings, *rows]) for column in range(len(headings))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in [headings, *rows]
    ]
