"""A shop with a run that waits at its gate, and people who answer by the command line."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from drkit.adapters.break_glass import new_code, seal
from drkit.adapters.gate import GateKeeper, RunOf
from drkit.adapters.journal_file import JournalFile
from drkit.adapters.runs_folder import RunsFolder
from drkit.cli import cli
from drkit.errors import AnswerRefused
from drkit.model.plan import Plan
from drkit.model.record import (
    Body,
    GateAnswered,
    GateOpened,
    GateOverdue,
    RunBegan,
    StepPlanned,
    Target,
)
from drkit.model.step import GateWork, RunKind
from drkit.ports import World
from tests.contract.cloud.desk import WANTED, Nobody
from tests.contract.cloud.opened import Write
from tests.contract.cloud.places import REGION, RUN, Place
from tests.fakes.clock import START
from tests.fakes.documents import document

CODE, OTHER = new_code(), new_code()
LIMIT = timedelta(minutes=10)


class Shop:
    """A shop with a run that waits at its gate, and people who answer by the command line."""

    def __init__(self, world: World, write: Write, root: Path) -> None:
        self.keys = root / "keys"
        self.keys.mkdir()
        people = {"ana": ["lead"], "cy": ["lead"], "bo": ["sre"], "di": ["lead"]}
        entries = {name: {"roles": has, "key": self._key(name)} for name, has in people.items()}
        del entries["di"]["key"]
        steps = document()["steps"]
        steps["consent"] |= {"people": 2, "limit": "10m", "escalate": "sre"}
        parts = {"people": entries, "steps": steps}
        self.plan: Plan = write(**parts, **{"break-glass": [seal(CODE), seal(OTHER)]})
        self.root = root
        self.place = Place(world, self.plan, "run")
        self.gate = GateWork(role="lead", people=2, limit=LIMIT, escalate="sre")

    def _key(self, name: str) -> str:
        file = self.keys / name
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(file)]
        subprocess.run(command, check=True)
        return file.with_suffix(".pub").read_text().strip()

    def waits(self, *bodies: Body, **gate: Any) -> None:
        """The run has opened its gate a moment ago, and recorded ``bodies`` since."""
        self.gate = replace(self.gate, **gate)
        self.place.record(self.began, GateOpened(step="consent", gate=self.gate), *bodies)

    @property
    def began(self) -> RunBegan:
        step = StepPlanned(
            id="consent", kind="gate", needs=(), owner="x", budget=None, processes=()
        )
        return RunBegan(
            run=RUN,
            kind=RunKind.REBUILD,
            target=Target(shop="corner", region=REGION, generation=1),
            plan=self.plan.source,
            steps=(step,),
            versions={},
            operator="ana@x",
            serving_before=None,
            key=self.place.owner.key,
        )

    def earlier(self, run: str, *bodies: Body) -> str:
        """Another run, whose journal is on this machine alone."""
        runs = RunsFolder(self.root)
        runs.folder(run).mkdir(parents=True)
        with JournalFile(runs.journal(run), now=lambda: START) as journal:
            journal.append(*bodies)
        return run

    def says(self, word: str, person: str, *more: str, key: str = "", typed: str = "") -> Result:
        return CliRunner().invoke(cli, [*self.command(word, person, key=key), *more], input=typed)

    def command(self, word: str, person: str, *, key: str = "") -> list[str]:
        """What ``person`` types behind ``drkit``."""
        said = [word, RUN, "consent", "--as", person, "--key", str(self.keys / (key or person))]
        return [*said, "--plan", str(self.root / "drkit.yaml")]

    def verified(self) -> Result:
        command = ["journal", "verify", RUN, "--plan", str(self.root / "drkit.yaml")]
        return CliRunner().invoke(cli, command)

    def breaks(self, person: str, code: str) -> Result:
        return self.says("approve", person, "--break-glass", typed=f"{code}\n")

    def counted(self) -> GateAnswered | None:
        """What the run makes of all that was left."""
        of = RunOf(region=REGION, run=RUN, plan=self.plan)
        keeper = GateKeeper(Nobody(), self.place.store, of)
        step = replace(WANTED["consent"], work=self.gate)
        said = keeper.answer(step, timedelta(seconds=1))
        assert not isinstance(said, GateOverdue)
        return said


def refused(result: Result) -> str:
    assert isinstance(result.exception, AnswerRefused), result.exception
    return f"{result.exception} {result.exception.remedy}"


def answered(**more: Any) -> GateAnswered:
    made = GateAnswered(
        step="consent", person="ana", role="lead", consent=True, comment="", signed=True
    )
    return replace(made, **more)
