"""What a playbook is told, as far as a loss depends on it: how often the log is switched, and of a
store whether it is made or restored, and to which moment."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from drkit.adapters.playbook_vars import playbook_vars
from drkit.adapters.requests import read_request, write_request
from drkit.model.plan import Plan
from drkit.model.step import Mode, PlaybookWork, RunKind, Step, StoreWork
from drkit.planning.graph import build_graph
from drkit.ports import Context
from tests.fakes import plans
from tests.fakes.documents import plan_at
from tests.integration.ansible.localhost import FACTS
from tests.integration.attempts.trying import context

BASE = PlaybookWork(playbook="base", hosts="all")
MOMENT = datetime(2026, 3, 14, 2, 57, 45, tzinfo=UTC)
STORES = {
    "orders-db": {
        "restore": "pgbackrest",
        "playbook": "postgres",
        "hosts": "app",
        "stanza": "shop",
        "needs": ["compute"],
    }
}


def told(known: Context, work: PlaybookWork | StoreWork = BASE) -> Any:
    """``drkit`` of what a playbook gets."""
    (known.folder / "proof_ca.crt").write_text("PEM")
    return playbook_vars(known, work)["drkit"]


def with_rpos(*rpos: timedelta) -> Plan:
    named = {
        f"p{n}": replace(plans.process(f"p{n}", "orders"), rpo=rpo) for n, rpo in enumerate(rpos)
    }
    return plans.plan(processes=named)


@pytest.mark.parametrize(
    ("rpos", "seconds"),
    [
        ((timedelta(minutes=5),), 30),
        ((timedelta(hours=4), timedelta(minutes=2), timedelta(hours=1)), 12),
        ((timedelta(seconds=59),), 5),
        ((timedelta(hours=1),), 60),
        ((timedelta(minutes=10),), 60),
        ((timedelta(seconds=9),), 1),
        ((timedelta(0),), 1),
        ((), 60),
    ],
    ids=[
        "a tenth of the RPO",
        "the tightest of several counts",
        "rounded down, to stay within the tenth",
        "a long RPO: each minute all the same",
        "where both rules meet",
        "a tenth below a second: 0 would switch it off",
        "no loss allowed: as often as PostgreSQL can",
        "no processes, so no RPO",
    ],
)
def test_the_log_is_switched_ten_times_within_the_tightest_rpo_and_each_minute(
    tmp_path: Path, rpos: tuple[timedelta, ...], seconds: int
) -> None:
    known = context(tmp_path, plan=with_rpos(*rpos), facts=FACTS)
    assert told(known)["archive_timeout"] == seconds


def store_step(plan: Plan, kind: RunKind) -> Step:
    """The step of the only store, as a run of ``kind`` plans it."""
    return build_graph(plan, kind).steps["orders-db"]


def sent(step: Step, known: Context) -> tuple[StoreWork, Context]:
    """Step and context as they reach the process of a try: through the JSON of its request."""
    request = json.loads(
        json.dumps(write_request(step.work, known, step=step.id, look_first=False))
    )
    work, there, _ = read_request(request)
    assert isinstance(work, StoreWork)
    return work, there


@pytest.mark.parametrize(
    ("kind", "mode"), [(RunKind.DEPLOY, Mode.CREATE), (RunKind.REBUILD, Mode.RESTORE)]
)
def test_a_deployment_creates_a_store_and_a_rebuild_restores_it(
    tmp_path: Path, kind: RunKind, mode: Mode
) -> None:
    plan = plan_at(tmp_path, stores=STORES)
    known = context(tmp_path, plan=plan, kind=kind, facts=FACTS)
    work, there = sent(store_step(plan, kind), known)
    assert told(there, work)["store"]["mode"] == mode.value
    assert told(there, work)["store"]["name"] == "orders-db"


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (MOMENT, "2026-03-14T02:57:45.000000Z"),
        (MOMENT.astimezone(timezone(timedelta(hours=1))), "2026-03-14T02:57:45.000000Z"),
        (MOMENT + timedelta(milliseconds=250), "2026-03-14T02:57:45.250000Z"),
        (None, None),
    ],
    ids=["in UTC", "of another zone", "within a second", "not given: the last there is"],
)
def test_the_moment_to_restore_to_reaches_the_stores_playbook(
    tmp_path: Path, moment: datetime | None, text: str | None
) -> None:
    plan = plan_at(tmp_path, stores=STORES)
    known = context(tmp_path, plan=plan, recover_to=moment, facts=FACTS)
    work, there = sent(store_step(plan, RunKind.REBUILD), known)
    assert told(there, work)["store"]["to"] == text


def test_a_playbook_of_no_store_gets_all_stores_and_none_to_restore(tmp_path: Path) -> None:
    known = context(tmp_path, plan=plan_at(tmp_path, stores=STORES), recover_to=MOMENT, facts=FACTS)
    given = told(known)
    assert "store" not in given
    assert given["stores"] == {"orders-db": {"stanza": "shop", "skip_numbers": 0}}
