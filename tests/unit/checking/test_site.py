"""The site as a value, to a file and back."""

from __future__ import annotations

from pathlib import Path

import pytest

from drkit.checking.site import Machine, Site, machines, read, write
from drkit.model.record import Target
from drkit.model.step import Route, RunKind

_SITE = Site(
    run="r1",
    kind=RunKind.REBUILD,
    target=Target(shop="boutique", region="eu-central-1", generation=2),
    currency="EUR",
    public_name="shop.example",
    jump="edge",
    route=Route.DNS,
    folder=Path("runs/r1"),
    machines=(
        Machine(name="app-1", groups=("app",), address="10.68.16.4"),
        Machine(name="edge-1", groups=("edge",), address="10.68.0.4", public="198.18.0.5"),
    ),
    ca=Path("ca.crt"),
    plan={"sites": {"eu-central-1": {"cloud": "sandbox"}}, "version": 1},
    facts={"orders-db": {"timeline": 2, "manifest": {"orders": [1, 2.5, None]}}},
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write(_SITE, tmp_path / "site.json")
    assert read(tmp_path / "site.json") == _SITE


def test_a_file_with_a_key_too_many_is_refused(tmp_path: Path) -> None:
    write(_SITE, tmp_path / "site.json")
    text = (tmp_path / "site.json").read_text()
    (tmp_path / "site.json").write_text(text.replace('"run"', '"rum": 1, "run"', 1))
    with pytest.raises(ExceptionGroup):
        read(tmp_path / "site.json")


def test_the_entrance_is_the_jump_group_s_public_host() -> None:
    assert _SITE.entrance == _SITE.machines[1]


def test_a_stack_may_say_more_of_a_host_than_checks_need() -> None:
    told: dict[str, dict[str, object]] = {
        "db-1": {"groups": ["db"], "address": "10.68.32.4", "public": None, "host_key": "ssh-…"},
        "app-1": {"groups": ["app", "web"], "address": "10.68.16.4", "public": None, "x": {}},
    }
    assert machines(told) == (
        Machine(name="app-1", groups=("app", "web"), address="10.68.16.4"),
        Machine(name="db-1", groups=("db",), address="10.68.32.4"),
    )


def test_a_host_without_an_address_is_refused() -> None:
    with pytest.raises(ExceptionGroup):
        machines({"db-1": {"groups": ["db"], "address": None}})
