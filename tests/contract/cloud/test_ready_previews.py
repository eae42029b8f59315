"""``drkit ready --previews`` where Pulumi has nothing to say: never taken for good."""

from __future__ import annotations

from datetime import timedelta

import pytest

from drkit.api import ready
from drkit.model.readiness import About, Severity
from drkit.readying import previews, sources
from tests.contract.cloud.standby import SERVES, STANDBY, Standby


def test_previews_that_cannot_be_taken_are_not_known_and_never_good(
    well: Standby, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folders of the stacks hold no Pulumi project."""
    monkeypatch.setattr(sources, "PATIENCE_FOR_PREVIEWS", timedelta(minutes=5))
    report = ready(well.plan, region=STANDBY, previews=True)
    [site] = report.sites
    found = [f for f in site.findings if f.about in (About.STACKS, About.DRIFT)]
    assert {finding.severity for finding in found} == {Severity.UNKNOWN}
    assert {finding.place for finding in found} == {
        f"stacks.compute, {SERVES}.g1 compute",
        "stacks.outside",
    }
    assert not [words for words in site.good if words.startswith(("previews", "no drift"))]


def test_previews_are_ended_where_they_take_too_long(
    well: Standby, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(previews, "_RESERVE", timedelta(hours=1))
    [late] = [f for f in well.findings(previews=True) if f.message.startswith("Pulumi")]
    assert late.message == "Pulumi said nothing within 1m 30s"
    assert (late.severity, late.place) == (
        Severity.UNKNOWN,
        f"stacks.compute, {SERVES}.g1 compute, stacks.outside",
    )
