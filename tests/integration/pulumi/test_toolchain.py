"""Finding and getting the Pulumi CLI, with small executables in the place of the real ones."""

from __future__ import annotations

import json
import multiprocessing
from pathlib import Path

import pytest
from click.testing import CliRunner

from drkit.cli.doctor import doctor
from drkit.errors import ConfigurationError, DrkitError
from drkit.toolchain.obtain import Say, Way, obtain_pulumi
from drkit.toolchain.pulumi import VERSION, cached_pulumi, find_pulumi
from drkit.toolchain.survey import hindrances, survey


def executable(path: Path, says: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing but a shell: its PATH and its cache are empty folders."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def silent(_line: str) -> None: ...


def making(place: Path, _say: Say) -> Path:
    with (place.parent / "made").open("a") as made:
        made.write("once\n")
    return executable(place / "pulumi", f"v{VERSION}")


def failing(_place: Path, _say: Say) -> Path:
    raise DrkitError("the network is closed")


def test_a_suitable_cli_on_the_path_is_taken(bare: Path) -> None:
    major_minor = VERSION.rpartition(".")[0]
    mine = executable(bare / "bin" / "pulumi", f"v{major_minor}.99")
    assert find_pulumi() == mine


def test_another_version_on_the_path_is_named_and_passed_over(bare: Path) -> None:
    executable(bare / "bin" / "pulumi", "v2.0.0")
    with pytest.raises(ConfigurationError, match=r"pulumi is 2\.0\.0") as raised:
        find_pulumi()
    assert "doctor --fix" in raised.value.remedy
    executable(cached_pulumi(), f"v{VERSION}")
    assert find_pulumi() == cached_pulumi()


def test_the_first_way_that_works_fills_the_cache() -> None:
    said: list[str] = []
    ways = (Way(name="first", take=failing), Way(name="second", take=making))
    assert obtain_pulumi(said.append, ways=ways) == cached_pulumi()
    assert find_pulumi() == cached_pulumi()
    assert any("the network is closed" in line for line in said)
    assert not list(cached_pulumi().parent.parent.glob(".new-*"))


def test_a_tool_that_no_run_needs_is_not_asked_for_its_version_before_one(bare: Path) -> None:
    for name in ("ssh", "podman"):
        asked = executable(bare / "bin" / name, "9.9")
        asked.write_text(f"#!/bin/sh\necho 9.9; : >{bare / name}\n")
    hindrances()
    assert (bare / "ssh").exists()
    assert not (bare / "podman").exists()
    survey()
    assert (bare / "podman").exists()


def test_where_nothing_works_each_way_is_named_with_its_reason() -> None:
    ways = (Way(name="first", take=failing), Way(name="second", take=failing))
    with pytest.raises(ConfigurationError) as raised:
        obtain_pulumi(silent, ways=ways)
    assert [(p.place, p.message) for p in raised.value.problems] == [
        ("first", "the network is closed"),
        ("second", "the network is closed"),
    ]
    assert not cached_pulumi().exists()


def test_a_cli_that_says_another_version_is_never_put_into_the_cache() -> None:
    def wrong(place: Path, _say: Say) -> Path:
        return executable(place / "pulumi", "v1.0.0")

    with pytest.raises(ConfigurationError) as raised:
        obtain_pulumi(silent, ways=(Way(name="odd", take=wrong),))
    assert "says it is 1.0.0" in raised.value.problems[0].message
    assert not cached_pulumi().exists()


def test_the_real_ways_say_what_is_missing_on_a_bare_machine() -> None:
    from drkit.toolchain.obtain import WAYS

    ways = tuple(way for way in WAYS if "Go on PATH" in way.name)
    with pytest.raises(ConfigurationError) as raised:
        obtain_pulumi(silent, ways=ways)
    assert "no `go` on PATH" in raised.value.problems[0].message


def test_an_old_go_is_refused_with_the_version_it_needs(bare: Path) -> None:
    from drkit.toolchain.obtain import WAYS

    executable(bare / "bin" / "go", "go version go1.19.8 linux/amd64")
    ways = tuple(way for way in WAYS if "Go on PATH" in way.name)
    with pytest.raises(ConfigurationError) as raised:
        obtain_pulumi(silent, ways=ways)
    assert "1.19.8" in raised.value.problems[0].message
    assert "1.26" in raised.value.problems[0].message


FAKE_GO = f"""#!/bin/sh
if [ "$1" = version ]; then echo "go version go1.26.8 linux/amd64"; exit; fi
test -f go.mod && test -f go.sum || exit 1
while [ "$1" != -o ]; do shift; done
printf '#!/bin/sh\\necho v{VERSION}\\n' > "$2"
/bin/chmod +x "$2"
"""


def test_a_build_makes_the_cli_from_the_pinned_module(bare: Path) -> None:
    from drkit.toolchain.obtain import WAYS

    go = executable(bare / "bin" / "go", "")
    go.write_text(FAKE_GO)
    said: list[str] = []
    ways = tuple(way for way in WAYS if "Go on PATH" in way.name)
    assert obtain_pulumi(said.append, ways=ways) == find_pulumi()
    assert any("building with Go 1.26.8" in line for line in said)


def obtain() -> None:
    obtain_pulumi(silent, ways=(Way(name="slow", take=making),))


def test_two_at_once_build_once() -> None:
    started = [multiprocessing.get_context("spawn").Process(target=obtain) for _ in range(3)]
    for process in started:
        process.start()
    for process in started:
        process.join(30)
    assert [process.exitcode for process in started] == [0, 0, 0]
    assert (cached_pulumi().parent.parent / "made").read_text() == "once\n"


def test_doctor_ends_with_3_and_says_how_to_get_what_is_missing(bare: Path) -> None:
    answer = CliRunner().invoke(doctor, ["--output", "json"], standalone_mode=False)
    assert answer.return_value == 3
    tools = {tool["name"]: tool for tool in json.loads(answer.stdout)["tools"]}
    assert tools["git"]["stand"] == "missing"
    assert tools["git"]["remedy"] == "apt-get install git"
    assert tools["python"]["stand"] == "found"


def test_doctor_tells_an_old_tool_and_a_broken_one(bare: Path) -> None:
    executable(bare / "bin" / "ssh", "OpenSSH_7.1p1 Debian")
    executable(bare / "bin" / "git", "no version at all")
    answer = CliRunner().invoke(doctor, ["--output", "json"], standalone_mode=False)
    tools = {tool["name"]: tool for tool in json.loads(answer.stdout)["tools"]}
    assert (tools["ssh"]["stand"], tools["ssh"]["version"]) == ("too old", "7.1")
    assert tools["ssh"]["remedy"].startswith("8.4 or later")
    assert tools["git"]["stand"] == "does not work"
