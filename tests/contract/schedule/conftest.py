"""A user of a machine whose systemctl writes down what it is told."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from drkit.cli import cli
from tests.fakes.documents import write_plan

_SYSTEMCTL = """#!/bin/sh
echo "$*" >> {told}
test -e {folder}/fails && grep -qx "$2" {folder}/fails && {{ echo "no bus" >&2; exit 1; }}
case "$2" in list-timers|show) cat {folder}/says-$2 2>/dev/null ;; esac
exit 0
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    folder: Path
    plan: Path

    @property
    def units(self) -> Path:
        return self.folder / "config/systemd/user"

    @property
    def told(self) -> list[str]:
        """What systemctl was told, in order."""
        said = self.folder / "told"
        return said.read_text().splitlines() if said.exists() else []

    @property
    def files(self) -> dict[str, str]:
        return {path.name: path.read_text() for path in sorted(self.units.glob("*"))}

    def fails(self, verb: str) -> None:
        """From now on ``systemctl VERB`` does."""
        (self.folder / "fails").write_text(f"{verb}\n")

    def says(self, verb: str, said: object) -> None:
        text = said if isinstance(said, str) else json.dumps(said)
        (self.folder / f"says-{verb}").write_text(text)

    def put(self, program: str, text: str = "#!/bin/sh\n") -> Path:
        """A program on PATH."""
        path = self.folder / "bin" / program
        path.write_text(text)
        path.chmod(0o755)
        return path

    def drkit(self, *words: str, plan: Path | None = None) -> Result:
        command = ["schedule", *words, "--plan", str(plan or self.plan)]
        return CliRunner().invoke(cli, command, standalone_mode=False)

    def install(self, *words: str, plan: Path | None = None) -> Result:
        return self.drkit("install", "--region", "eu-central-1", *words, plan=plan)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    for name in ("bin", "shop"):
        (tmp_path / name).mkdir()
    plan = write_plan(tmp_path / "shop")
    made = Machine(folder=tmp_path, plan=plan)
    text = _SYSTEMCTL.format(told=tmp_path / "told", folder=tmp_path)
    made.put("systemctl", text)
    made.put("loginctl", "#!/bin/sh\necho no\n")
    for tool in ("sh", "cat", "grep"):
        (tmp_path / "bin" / tool).symlink_to(str(shutil.which(tool)))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("DRKIT_WEBHOOK", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    return made
