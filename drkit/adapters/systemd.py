"""systemd on this machine, of the system or of a user: asked and told by systemctl alone.

Refuses to begin where it does not answer: units that nothing starts would be a promise.
"""

from __future__ import annotations

import getpass
import json
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from drkit import processes
from drkit.errors import ConfigurationError, DrkitError

_LIMIT = timedelta(seconds=30)
_LEAST = 251
"""From here on a unit for failures is told what failed, and how; Debian 12 has 252."""


class Systemd:
    """``system``: that of the machine, which only root may tell anything; else of who asks."""

    def __init__(self, *, system: bool) -> None:
        self.system = system
        configuration = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
        own = Path(configuration) / "systemd/user"
        self.folder = Path("/etc/systemd/system") if system else own
        self._words = ("systemctl",) if system else ("systemctl", "--user")

    def why_not(self) -> str:
        """Why it cannot be used; empty where it can."""
        try:
            said = self._say("show", "--property=Version", "--value")
        except ConfigurationError as error:
            return str(error)
        found = re.search(r"\d+", said)
        if found and int(found[0]) < _LEAST:
            return f"this is systemd {found[0]}, and {_LEAST} or later is needed"
        return ""

    def load(self) -> None:
        """Have it read the files anew."""
        self._say("daemon-reload")

    def enable(self, unit: str) -> None:
        """From now on, and after each start of the machine (of the user's session)."""
        self._say("enable", "--now", unit)

    def disable(self, unit: str) -> None:
        self._say("disable", "--now", unit)

    def forget(self, timer: str, *services: str) -> None:
        """When a disabled timer began last, which one enabled later would make up for, and how its
        services failed; what is not known is as good.
        """
        for words in (("clean", "--what=state", timer), ("reset-failed", *services)):
            with suppress(ConfigurationError):
                self._say(*words)

    def next(self, timer: str) -> datetime | None:
        """When it begins next; None while it does not, or its service runs.

        `systemctl show` of 252 prints this one moment in the machine's zone, whatever is asked for.
        """
        listed = json.loads(self._say("list-timers", "--all", "--output=json", timer))
        found = next((entry["next"] for entry in listed if entry["unit"] == timer), None)
        return datetime.fromtimestamp(found // 1_000_000, UTC) if found else None

    def properties(self, unit: str, *names: str) -> Mapping[str, str]:
        """As `systemctl show` has them; empty for what is not set. Moments: see :func:`moment`."""
        said = self._say("show", "--timestamp=unix", f"--property={','.join(names)}", unit)
        pairs = (line.partition("=") for line in said.splitlines())
        return dict.fromkeys(names, "") | {name: value for name, _, value in pairs}

    @property
    def lingers(self) -> bool:
        """Whether its units run also while nobody is logged in. Unknown counts as no."""
        if self.system:
            return True
        try:
            asked = ["loginctl", "show-user", getpass.getuser(), "--property=Linger", "--value"]
            return processes.run(asked, limit=_LIMIT).out.strip() == "yes"
        except DrkitError:
            return False

    def _say(self, *words: str) -> str:
        command = [*self._words, *words]
        try:
            answer = processes.run(command, limit=_LIMIT)
        except DrkitError as error:
            raise ConfigurationError(f"systemd does not answer: {error}") from error
        if answer.code:
            said = (answer.err.strip() or answer.out.strip()).splitlines()[-1:] or ["no word"]
            raise ConfigurationError(f"`{' '.join(command)}` ended with {answer.code}: {said[0]}")
        return answer.out


def moment(said: str) -> datetime | None:
    """``@1764210600`` of ``--timestamp=unix``; None where there is none yet."""
    seconds = said.removeprefix("@")
    if not seconds.isdecimal() or not int(seconds):
        return None
    return datetime.fromtimestamp(int(seconds), UTC)
