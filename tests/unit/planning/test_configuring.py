"""Which steps may be played in check mode on a site that serves: what configures, nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from drkit.adapters.plan_yaml import load_plan
from drkit.model.step import Mode, RunKind, StoreWork
from drkit.planning.configuring import configuring
from drkit.planning.graph import build_graph
from tests.house.files import ROOT


def test_of_the_shop_it_is_what_configures_hosts_and_no_backup_opening_or_archiving() -> None:
    graph = build_graph(load_plan(Path(ROOT) / "drkit.yaml"), RunKind.REBUILD)
    stores = {"orders-db", "images", "sessions"}
    services = {"storefront", "orders", "payment", "shipping", "support", "worker", "edge"}
    assert {step.id for step in configuring(graph)} == {"base", *stores, *services}


def test_a_site_that_serves_is_compared_with_one_that_was_created() -> None:
    graph = build_graph(load_plan(Path(ROOT) / "drkit.yaml"), RunKind.REBUILD)
    created = build_graph(load_plan(Path(ROOT) / "drkit.yaml"), RunKind.DEPLOY)
    for step in configuring(graph):
        work = created.steps[step.id].work
        if isinstance(step.work, StoreWork):
            assert work == replace(step.work, mode=Mode.CREATE)
        else:
            assert work == step.work
