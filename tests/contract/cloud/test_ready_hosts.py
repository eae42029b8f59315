"""``drkit ready --hosts`` where nobody can be visited: never taken for good."""

from __future__ import annotations

from datetime import timedelta

import pytest

from drkit.adapters.earlier_rebuilds import EarlierRebuilds
from drkit.adapters.outside_store import OutsideStore
from drkit.api import ready
from drkit.engine.progress import run_of
from drkit.model.readiness import About, Severity
from drkit.model.record import Target
from drkit.readying import hosts, sources
from tests.contract.cloud.standby import SERVES, STANDBY, Standby
from tests.contract.cloud.states import write_state


def test_hosts_that_cannot_be_visited_are_not_known_and_never_good(
    well: Standby, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folders of the stacks hold no Pulumi project."""
    monkeypatch.setattr(sources, "PATIENCE_FOR_PREVIEWS", timedelta(minutes=5))
    [site] = ready(well.plan, region=STANDBY, hosts=True).sites
    found = [f for f in site.findings if f.about in (About.HOSTS, About.VERSIONS)]
    assert {(f.severity, f.place) for f in found} == {(Severity.UNKNOWN, f"{SERVES}.g1 hosts")}
    assert not [words for words in site.good if "hosts" in words or "versions" in words]
    # where nothing stands, third parties are asked from here, and it is said so
    assert any("card-a answer (asked from here" in words for words in site.good)


def test_a_visit_is_ended_where_it_takes_too_long(
    well: Standby, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosts, "_RESERVE", timedelta(hours=1))
    monkeypatch.setattr(sources, "PATIENCE_FOR_PREVIEWS", timedelta(seconds=20))
    found = [f for f in well.findings(hosts=True) if f.about is About.HOSTS]
    assert {f.severity for f in found} == {Severity.UNKNOWN}


def test_what_was_built_in_the_standby_region_and_never_opened_is_visited_as_well(
    well: Standby, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "PATIENCE_FOR_PREVIEWS", timedelta(minutes=5))
    write_state(well.world, "compute", f"{STANDBY}.g2", instances={})
    found = [f for f in well.findings(hosts=True) if f.about is About.HOSTS]
    assert {f.severity for f in found} == {Severity.UNKNOWN}
    assert f"{STANDBY}.g2 hosts" in found[0].place


def test_who_built_what_stands_is_told_by_the_journals(well: Standby) -> None:
    store = OutsideStore(well.world, well.plan)
    earlier = EarlierRebuilds(store, well.plan)
    began = run_of(earlier.builder_of(Target(shop="corner", region=STANDBY, generation=1)))
    assert began is not None
    assert began.run == well.run
    assert not earlier.builder_of(Target(shop="corner", region=STANDBY, generation=2))
