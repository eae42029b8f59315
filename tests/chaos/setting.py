"""In what world a drkit of these tests works: written beside its graph, read by its process."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from drkit.adapters.runs_folder import RunsFolder
from drkit.ports import World
from tests.contract.cloud.values import world_at
from tests.integration.attempts.trying import world

REGION = "eu-central-1"
RUN = "20260314-030210-rebuild-eu-central-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A folder without one has a world that does not answer, and a journal in a file alone."""

    cloud: str = ""
    """Address of the cloud's API."""
    resolver: str = ""
    outside: bool = False
    """Whether the journal and the lease are kept outside as well."""
    sign: float = 5.0
    """Seconds between two signs of life."""
    takes_over: bool = False
    """Whether it takes the run from whoever has it."""
    unguarded: str = ""
    """The guard that is taken away, to see what it guards: ``segment`` or ``lease``."""

    @property
    def world(self) -> World:
        return world_at(self.cloud, self.resolver or None) if self.cloud else world()

    def write(self, folder: Path) -> None:
        (folder / "setting.json").write_text(json.dumps(asdict(self)))


def setting_of(folder: Path) -> Setting:
    path = folder / "setting.json"
    return Setting(**json.loads(path.read_text())) if path.exists() else Setting()


def journal_of(folder: Path) -> Path:
    """The file of the run's journal."""
    if setting_of(folder).outside:
        return RunsFolder(folder).journal(RUN)
    return folder / "run" / "journal.jsonl"
