"""What a command imports before it answers: a person waits for it, and a shell at each tab key."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.house.files import ROOT

_COMMAND = """
import atexit, sys
atexit.register(lambda: print(*sys.modules, file=sys.stderr))
sys.argv = ["drkit", *sys.argv[1:]]
from drkit.cli import main
main()
"""
_SLOW = {"asyncio", "concurrent", "email", "http", "logging", "multiprocessing", "socket", "ssl"}
"""Parts of the standard library that a plan on paper needs none of."""
_READS_A_PLAN = {"yaml", "_yaml", "cattrs", "attr", "attrs", "typing_extensions"}
_OF_THE_MACHINE = ("__main__", "__mp_main__", "sitecustomize", "usercustomize")


def imported(*arguments: str, **environment: str) -> set[str]:
    """The names of all modules that ``drkit ARGUMENTS`` has imported when it ends."""
    done = subprocess.run(
        [sys.executable, "-c", _COMMAND, *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout, "the command answered nothing"
    return set(done.stderr.split())


def completing(*words: str) -> set[str]:
    """The same, for what the shell asks while the last of ``words`` is typed."""
    return imported(
        _DRKIT_COMPLETE="bash_complete",
        COMP_WORDS=" ".join(("drkit", *words)),
        COMP_CWORD=str(len(words)),
    )


def packages(modules: set[str]) -> set[str]:
    return {name.split(".")[0] for name in modules}


def foreign(modules: set[str]) -> set[str]:
    """The packages that are neither Python's nor ours; what compiled ones bring is their own."""
    found = packages(modules) - sys.stdlib_module_names - {"drkit", *_OF_THE_MACHINE}
    return {name for name in found if not name.startswith(("cython_", "_cython_"))}


def test_the_overview_imports_no_command_and_no_tool() -> None:
    for modules in (imported("--help"), completing("")):
        ours = {name for name in modules if name.split(".")[0] == "drkit"}
        assert ours == {"drkit", "drkit.cli", "drkit.errors"}
        assert foreign(modules) == {"click"}
        assert not packages(modules) & _SLOW


def test_a_plan_is_shown_by_what_reads_it_alone() -> None:
    for modules in (
        imported("plan", "--region", "eu-central-1"),
        imported("plan", "--region", "eu-central-1", "--output", "json"),
        completing("plan", "--region", "eu-"),
    ):
        assert foreign(modules) <= {"click", *_READS_A_PLAN}
        assert not packages(modules) & _SLOW


def test_a_command_that_needs_a_tool_is_seen_to_import_it() -> None:
    modules = imported("sandbox", "load", "--help")
    assert "httpx" in foreign(modules)
    assert packages(modules) & _SLOW
