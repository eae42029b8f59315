"""The files that make systemd validate a site each night: a pure function of what is wanted.

Decides their names and texts. No secret is among the units: who runs a machine reads them with
``systemctl cat``, whoever has an account on it, too. A webhook's address lets anybody post who has
it, so it stands in a file of its own that only its owner can read, and never in an argument.

Syntax: systemd.unit(5), systemd.service(5), systemd.timer(5), systemd.syntax(7); curl(1) --config.
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from enum import StrEnum
from importlib.resources import files
from pathlib import Path

from drkit.ports import Secret

KEPT = (
    *("AWS_CA_BUNDLE", "AWS_CONFIG_FILE", "AWS_PROFILE", "AWS_SHARED_CREDENTIALS_FILE"),
    *("DRKIT_SANDBOX", "LANG", "PATH", "XDG_CACHE_HOME", "XDG_STATE_HOME"),
)
"""Variables that a run at night finds as they are now: where things are, and no secret."""
_NAME = frozenset(string.ascii_letters + string.digits + ":_.-")
_LONGEST = "20h"
"""Of a night: one that hangs must not take the next."""
_ENDING = "10min"
"""From the word to stop until it is cut off: a step that runs then comes to its end."""
_SPREAD = "10min"
"""Not everybody's night begins with the same second."""


class Tell(StrEnum):
    """After which nights somebody is told."""

    ALWAYS = "always"
    FAILURES = "failures"


@dataclass(frozen=True, slots=True, kw_only=True)
class Nightly:
    """A validation each night, as it was asked for."""

    shop: str
    region: str
    plan_file: Path
    """Absolute, as ``python``."""
    python: Path
    at: time
    """By the machine's own time zone."""
    environment: Mapping[str, str]
    system: bool = False
    webhook: Secret | None = None
    mail: str = ""
    tell: Tell | None = None
    """None: as is usual, of failures."""

    @property
    def unit(self) -> str:
        return unit_name(self.shop, self.region)

    @property
    def tells(self) -> Tell | None:
        """None: nobody is named who could be told."""
        if self.webhook is None and not self.mail:
            return None
        return self.tell or Tell.FAILURES

    @property
    def command(self) -> tuple[str, ...]:
        return (*self.drkit, "validate", "--region", self.region, "--plan", str(self.plan_file))

    @property
    def drkit(self) -> tuple[str, ...]:
        """-P: the folder of a plan may hold another `drkit`, as this repository does."""
        return (str(self.python), "-P", "-m", "drkit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A file of the schedule; its text may hold a secret."""

    text: str = field(repr=False)
    mode: int = 0o644


def unit_name(shop: str, region: str) -> str:
    """Without ending; what a unit's name cannot hold is written as systemd-escape(1) does."""
    return "".join(map(_escaped, f"drkit-validate-{shop}-{region}"))


def mark(region: str, plan_file: Path) -> str:
    """The line by which a file is known to be this plan's."""
    return f"# Written by drkit schedule for {region} of {plan_file}"


def names(unit: str) -> tuple[str, ...]:
    """Of all files that there may be."""
    return (
        *(f"{unit}.timer", f"{unit}.service"),
        *(f"{unit}-failed.service", f"{unit}-well.service"),
        *(f"{unit}-notice.sh", f"{unit}-webhook.curl"),
    )


def night_files(nightly: Nightly, folder: Path) -> Mapping[str, Written]:
    """Name → what is to stand there, in ``folder``."""
    timer, service, failed, well, script, webhook = names(nightly.unit)
    found = {
        timer: Written(text=_timer(nightly)),
        service: Written(text=_service(nightly, failed, well)),
    }
    notice = Written(text=_notice(nightly, folder / script, folder / webhook))
    if nightly.tells:
        found |= {failed: notice, script: Written(text=_script(nightly))}
    if nightly.tells is Tell.ALWAYS:
        # a file of its own: one unit that both may start is not told by systemd 252 how the night
        # ended ("multiple trigger source candidates")
        found[well] = notice
    if nightly.webhook is not None:
        text = f'{mark(nightly.region, nightly.plan_file)}\nurl = "{nightly.webhook.reveal()}"\n'
        found[webhook] = Written(text=text, mode=0o600)
    return found


def _timer(nightly: Nightly) -> str:
    return f"""{mark(nightly.region, nightly.plan_file)}
[Unit]
Description=Each night: {_said(nightly)}

[Timer]
OnCalendar=*-*-* {nightly.at:%H:%M}:00
RandomizedDelaySec={_SPREAD}
AccuracySec=1s
# what a machine that was off has missed is made up for when it is on again
Persistent=true

[Install]
WantedBy=timers.target
"""


def _service(nightly: Nightly, failed: str, well: str) -> str:
    # a second start of a unit that runs is none: systemd is the lock on this machine, the lease
    # outside that of all
    told = f"OnFailure={failed}\n" if nightly.tells else ""
    told += f"OnSuccess={well}\n" if nightly.tells is Tell.ALWAYS else ""
    online = "Wants=network-online.target\nAfter=network-online.target\n" if nightly.system else ""
    return f"""{mark(nightly.region, nightly.plan_file)}
[Unit]
Description={_said(nightly)}
{online}{told}
[Service]
Type=oneshot
{_where(nightly)}
ExecStart={_line(nightly.command)}
TimeoutStartSec={_LONGEST}
TimeoutStopSec={_ENDING}
# drkit alone is asked to end: it ends its tools itself, and says how far it came
KillMode=mixed
"""


def _notice(nightly: Nightly, script: Path, webhook: Path) -> str:
    given = {
        "DRKIT_PYTHON": str(nightly.python),
        "DRKIT_REGION": nightly.region,
        "DRKIT_SHOP": nightly.shop,
        "DRKIT_PLAN": str(nightly.plan_file),
        "DRKIT_SYSTEMCTL": "systemctl" if nightly.system else "systemctl --user",
        "DRKIT_WEBHOOK_FILE": str(webhook) if nightly.webhook else "",
        "DRKIT_MAIL": nightly.mail,
    }
    return f"""{mark(nightly.region, nightly.plan_file)}
[Unit]
Description=Tell how a night ended: {_said(nightly)}

[Service]
Type=oneshot
{_where(nightly)}
{_environment(given)}
ExecStart={_line(("/bin/sh", str(script)))}
TimeoutStartSec=10min
"""


def _script(nightly: Nightly) -> str:
    """Copied, and not called where drkit lies: it must tell also of a drkit that is gone."""
    first, _, rest = (files("drkit.adapters") / "night_notice.sh").read_text().partition("\n")
    return f"{first}\n{mark(nightly.region, nightly.plan_file)}\n{rest}"


def _said(nightly: Nightly) -> str:
    return f"drkit validate --region {nightly.region} of {nightly.shop}".replace("%", "%%")


def _where(nightly: Nightly) -> str:
    # without User= a unit of the system has no HOME
    who = "User=root\n" if nightly.system else ""
    folder = str(nightly.plan_file.parent).replace("%", "%%")
    return f"{who}WorkingDirectory={folder}\n{_environment(nightly.environment)}"


def _environment(given: Mapping[str, str]) -> str:
    return "\n".join(f"Environment={_quoted(f'{name}={given[name]}')}" for name in sorted(given))


def _line(words: tuple[str, ...]) -> str:
    return " ".join(_quoted(word).replace("$", "$$") for word in words)


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    plain = set(escaped) <= _NAME | set("/=@+,")
    return escaped if plain else f'"{escaped}"'


def _escaped(letter: str) -> str:
    return letter if letter in _NAME else "".join(f"\\x{byte:02x}" for byte in letter.encode())
