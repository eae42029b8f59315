"""What a rebuild of a warm site finds done already, and how that is said beforehand.

Refuses to count the look that a rebuild takes at what stands: how long that takes is nobody's to
say before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from drkit.engine.progress import run_of
from drkit.reporting.readiness.standby import Standing, steps_done

_LOOKED_AT = (
    "What stands is looked at first, and set right where it differs: that time is not counted."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadStart:
    """Of one warm site."""

    region: str
    standing: Standing | None
    """None: nothing stands by."""
    digests: Mapping[str, str]
    """Step of a standby → sha256 of what it would work with now."""
    asked: bool
    """Whether the outside location was asked; else the runs of this machine tell."""

    @property
    def done(self) -> tuple[str, ...]:
        """The steps that are done, in the order of the plan."""
        return steps_done(self.standing, self.digests) if self.standing else ()

    @property
    def run(self) -> str:
        """The run that worked on it last; empty where none is known."""
        began = run_of(self.standing.records) if self.standing else None
        return began.run if began else ""

    def lines(self) -> list[str]:
        """For a person, with the remedy where it is not whole."""
        return [self._line(), *([_LOOKED_AT] if self.done else ())]

    def _line(self) -> str:
        said = "asked outside" if self.asked else "as the runs on this machine tell"
        command = f"`drkit standby --region {self.region}` brings"
        if self.standing is None:
            return f"cold: no standby is there ({said}); {command} one up"
        done = self.done
        undone = [step for step in self.digests if step not in done]
        name, by = self.standing.target.name, self.run or "a run that is not known"
        is_done = f"✓ done by {by}: {', '.join(done) or 'nothing'}"
        not_done = f"; not done, or of other files: {', '.join(undone)}: {command} it up to date"
        since = f"; if it was reaped since: `drkit plan --region {self.region} --preview` asks"
        not_asked = "" if self.asked else since
        return f"warm: {name} stands by ({said}{not_asked}); {is_done}{not_done if undone else ''}"

    def as_json(self) -> dict[str, object]:
        return {
            "standing": self.standing.target.name if self.standing else None,
            "run": self.run or None,
            "done": list(self.done),
            "asked_outside": self.asked,
        }
