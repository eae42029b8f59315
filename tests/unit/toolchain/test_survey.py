"""What is judged fit, and what is said about it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drkit.toolchain.obtain import module_folder
from drkit.toolchain.pulumi import VERSION, suitable
from drkit.toolchain.survey import Finding, Stand
from drkit.toolchain.tools import EXTRAS, LIBRARIES, PROGRAMS, Need

FOUND = Finding(name="podman", purpose="hosts", need=Need.SANDBOX, stand=Stand.FOUND)


def test_what_is_found_hinders_nobody() -> None:
    assert not FOUND.hinders(frozenset(Need))


@pytest.mark.parametrize("stand", [Stand.OLD, Stand.BROKEN, Stand.MISSING])
def test_a_tool_of_the_sandbox_hinders_the_sandbox_and_not_aws(stand: Stand) -> None:
    missing = replace(FOUND, stand=stand)
    assert missing.hinders(frozenset({Need.RUN, Need.SANDBOX}))
    assert not missing.hinders(frozenset({Need.RUN}))


def test_only_the_tested_minor_version_of_the_cli_is_suitable() -> None:
    major, minor, _patch = VERSION.split(".")
    assert suitable(f"{major}.{minor}.7")
    assert not suitable(f"{major}.{int(minor) + 1}.0")
    assert not suitable("")


def test_the_module_that_is_built_pins_the_version_that_is_looked_for() -> None:
    text = (module_folder() / "go.mod").read_text()
    assert f"github.com/pulumi/pulumi/pkg/v3 v{VERSION}" in text
    assert (module_folder() / "go.sum").exists()


def test_every_extra_names_a_library_of_the_table() -> None:
    assert set(EXTRAS) <= {library.name for library in LIBRARIES}
    assert len({program.name for program in PROGRAMS}) == len(PROGRAMS)
