"""A playbook for the old site goes to the old site's hosts, whatever the run itself builds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from drkit.adapters.private import private_folder
from drkit.adapters.serving_site import FOLDER, QuiesceTool, at_site
from drkit.adapters.ssh_files import hosts_of
from drkit.errors import StepError
from drkit.model.record import Target
from drkit.model.step import QuiesceWork
from drkit.ports import Context
from tests.contract.pulumi.conftest import Site


def elsewhere(site: Site, folder: Path) -> Context:
    """A run that builds another site while this one serves, and has no hosts yet."""
    other = Target(shop=site.context.plan.shop, region="eu-west-3", generation=1)
    context = replace(site.context, target=other, folder=folder, facts={})
    return replace(context, serving=site.context.target)


def test_its_hosts_and_their_keys_are_those_of_its_own_stacks(built: Site, tmp_path: Path) -> None:
    context = elsewhere(built, tmp_path)
    serving = built.context.target
    folder = tmp_path / FOLDER
    private_folder(folder)
    there = at_site(context, serving, folder)
    assert (there.target, there.run, there.folder) == (serving, context.run, folder)
    hosts = hosts_of(built.facts)
    assert hosts_of(there.facts) == hosts
    known = (folder / "known_hosts").read_text()
    assert all(f"{name} {host['host_key']}" in known for name, host in hosts.items())
    assert "ProxyCommand" in (folder / "ssh_config").read_text()
    assert [path.name for path in tmp_path.iterdir()] == [FOLDER], "the run's own files are others"


def test_no_secret_of_its_stacks_is_among_the_facts(built: Site, tmp_path: Path) -> None:
    there = at_site(elsewhere(built, tmp_path), built.context.target, tmp_path)
    assert "[secret]" not in repr(there.facts)
    assert "bucket" in there.facts["storage"]


def test_where_its_stacks_are_gone_nothing_is_closed_and_the_ways_on_are_told(
    built: Site, tmp_path: Path
) -> None:
    gone = Target(shop=built.context.plan.shop, region="eu-west-3", generation=7)
    context = replace(elsewhere(built, tmp_path), serving=gone)
    with pytest.raises(StepError, match="has never been brought up") as refused:
        QuiesceTool(QuiesceWork(playbook="quiesce")).do(context, lambda _: None)
    assert "drkit reopen" in refused.value.remedy
    assert "--mode unplanned" in refused.value.remedy
