"""All that is wrong with a plan is said at once, each with its place, and what to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from drkit.errors import ConfigurationError, Problem
from drkit.model.plan import Dns, DnsMethod, Outside, Person, Plan, Provider, RestoreTool, Stack
from drkit.model.step import RunKind
from drkit.planning.graph import build_graph
from drkit.planning.problems import find_problems
from tests.fakes import plans


def found(plan: Plan, *missing: str) -> tuple[Problem, ...]:
    return find_problems(plan, exists=lambda path: str(path) not in missing)


def test_a_plan_that_is_well_has_no_problem() -> None:
    assert found(plans.plan()) == ()


def with_step(name: str, **settings: Any) -> Plan:
    return plans.plan(steps={**plans.plan().steps, name: plans.entry(name, **settings)})


def with_gate(*, seals: tuple[str, ...] = (), **settings: Any) -> Plan:
    roles = {"ana": ("lead",), "cy": ("lead",), "bo": ("sre",)}
    people = {name: Person(name=name, roles=has) for name, has in roles.items()}
    gate = plans.entry("consent", gate="lead", after=("proof.sales",), **settings)
    steps = {**plans.plan().steps, "consent": gate}
    return plans.plan(people=people, steps=steps, break_glass=seals)


def with_sales(**changes: Any) -> Plan:
    plan = plans.plan()
    return plans.plan(
        processes={**plan.processes, "sales": replace(plan.processes["sales"], **changes)}
    )


def failover(switch: str | None = "boutique-switch") -> Dns:
    name, ttl = "shop.example", timedelta(seconds=10)
    return Dns(name=name, ttl=ttl, method=DnsMethod.FAILOVER, switch=switch)


WRONG: dict[str, tuple[Plan, str, str, str]] = {
    "outside lies in a site": (
        plans.plan(outside=Outside(region="eu-west-3", state="a", backups="b")),
        "outside.region",
        "is a site",
        "third region",
    ),
    "a host group that no stack provides": (
        plans.plan(services={"orders": replace(plans.service("orders"), hosts="apps")}),
        "services.orders.hosts",
        "`apps` is no host group",
        "did you mean `app`?",
    ),
    "a jump group that no stack provides": (
        plans.plan(sites={"eu-west-3": replace(plans.site("eu-west-3"), jump="gate")}),
        "sites.eu-west-3.ssh.jump",
        "`gate` is no host group",
        "known: ",
    ),
    "a role that nobody has": (
        with_step("consent", gate="captain"),
        "steps.consent.gate",
        "`captain`",
        "lead",
    ),
    "a reference with a typing error": (
        with_step("extra", playbook="x", hosts="all", after=("orders-bd",)),
        "steps.extra.after",
        "`orders-bd` is no step",
        "did you mean `orders-db`?",
    ),
    "a step that waits for itself": (
        with_step("extra", playbook="x", hosts="all", after=("extra",)),
        "steps.extra.after",
        "cannot wait for itself",
        "",
    ),
    "a process that needs what is no service": (
        with_sales(needs=("orders-db",)),
        "processes.sales.needs",
        "`orders-db` is no service",
        "",
    ),
    "a ledger of an unknown provider": (
        with_sales(ledger="card-b"),
        "processes.sales.ledger",
        "`card-b` is no provider",
        "did you mean `card-a`?",
    ),
    "a ledger of a provider that has none": (
        with_sales(ledger="card-a"),
        "processes.sales.ledger",
        "names no ledger",
        "providers.card-a",
    ),
    "two steps of one name": (
        with_step("orders", playbook="x", hosts="all"),
        "steps.orders",
        "already the name of a step",
        "another name",
    ),
    "a step that does two things": (
        with_step("extra", playbook="x", gate="lead"),
        "steps.extra",
        "gate and playbook",
        "split it",
    ),
    "settings of no step": (
        with_step("ordrs", owner="dba"),
        "steps.ordrs",
        "`ordrs` is no step",
        "did you mean `orders`?",
    ),
    "an unknown method of cutover": (
        with_step("cutover", cutover="dsn", after=("consent",)),
        "steps.cutover.cutover",
        "`dsn`",
        "cutover: dns",
    ),
    "a cutover that nobody is asked for": (
        with_step("cutover", cutover="dns", after=("proof.sales",)),
        "steps.cutover",
        "nobody is asked",
        "consent",
    ),
    "a cutover that is asked for only after the old site is fenced": (
        plans.plan(
            steps=plans.steps(
                plans.entry("consent", gate="lead", after=("proof.sales",)),
                plans.entry("cutover", cutover="dns", after=("proof.sales",)),
                plans.entry("cutover.dns", after=("consent",)),
            )
        ),
        "steps.cutover",
        "nobody is asked",
        "consent",
    ),
    "a gate that is asked before anything is proven": (
        with_step("consent", gate="lead"),
        "steps.cutover",
        "consent is asked before any process is proven",
        "after: [proof",
    ),
    "a failover without a switch": (
        plans.plan(dns=failover(switch=None)),
        "dns.switch",
        "needs a bucket",
        "switch: s3://BUCKET",
    ),
    "a switch in the bucket of the backups": (
        plans.plan(dns=failover(switch="boutique-backup")),
        "dns.switch",
        "more than everybody may read",
        "nothing else",
    ),
    "a failover of three sites": (
        plans.plan(
            dns=failover(),
            sites={name: plans.site(name) for name in ("eu-west-3", "eu-central-1", "eu-south-1")},
        ),
        "dns.method",
        "one of two sites, and the plan has 3",
        "method: record",
    ),
    "a switch of a record": (
        plans.plan(dns=replace(failover(), method=DnsMethod.RECORD)),
        "dns.switch",
        "nothing would obey this",
        "take it out",
    ),
    "two cutovers": (
        with_step("again", cutover="dns", after=("consent",)),
        "steps",
        "one cutover, not cutover, again",
        "keep one",
    ),
    "hosts of a step that runs no playbook": (
        with_step("orders", hosts="db"),
        "steps.orders.hosts",
        "nothing would obey this",
        "services.orders.hosts",
    ),
    "a gate that waits no time": (
        with_step("consent", gate="lead", after=("proof.sales",), limit=timedelta(0)),
        "steps.consent.limit",
        "waits no time",
        "as 30m",
    ),
    "a role to bring in without a limit": (
        with_step("consent", gate="lead", after=("proof.sales",), escalate="sre"),
        "steps.consent.escalate",
        "the gate has no limit",
        "limit: 30m",
    ),
    "a role to bring in where no gate is": (
        with_step("orders", escalate="sre"),
        "steps.orders.escalate",
        "goes with `gate`",
        "take it out",
    ),
    "a role to bring in that nobody has": (
        with_gate(limit=timedelta(hours=1), escalate="captain"),
        "steps.consent.escalate",
        "`captain` must be another role",
        "sre",
    ),
    "a role to bring in that is asked already": (
        with_gate(limit=timedelta(hours=1), escalate="lead"),
        "steps.consent.escalate",
        "brings in nobody",
        "sre",
    ),
    "what is no seal of a code": (
        with_gate(seals=("k7q2m-9xtpa-04rwe-bcdfg",), people=2),
        "break-glass.0",
        "this is no seal",
        "drkit break-glass new",
    ),
    "a seal that stands there twice": (
        with_gate(seals=("A" * 64, "A" * 64), people=2),
        "break-glass",
        "its code works once",
        "keep one",
    ),
    "codes where no gate asks two": (
        with_gate(people=1, seals=("A" * 64,)),
        "break-glass",
        "no code stands in for the first",
        "people: 2",
    ),
    "a limit on what a gate says": (
        with_step("consent", gate="lead", after=("proof.sales",), stalled=timedelta(hours=1)),
        "steps.consent.stalled",
        "nothing would obey this",
        "take it out",
    ),
    "a budget of a whole cutover": (
        with_step("cutover", cutover="dns", after=("consent",), budget=timedelta(minutes=1)),
        "steps.cutover.budget",
        "nothing would obey this",
        "cutover.open",
    ),
    "a stanza of a store that is no database": (
        plans.plan(
            stores={
                "orders-db": replace(plans.plan().stores["orders-db"], restore=RestoreTool.RESTIC)
            }
        ),
        "stores.orders-db.stanza",
        "nothing would obey this",
        "take it out",
    ),
    "instances of a stack without hosts": (
        plans.plan(
            stacks={**plans.plan().stacks, "network": Stack(name="network", instances=("m5",))}
        ),
        "stacks.network.instances",
        "provides no hosts",
        "provides",
    ),
    "a ledger that no process names": (
        plans.plan(
            providers={"card-a": Provider(name="card-a", endpoint="x", ledger=Path("card.py"))}
        ),
        "providers.card-a.ledger",
        "no process names it",
        "ledger: card-a",
    ),
    "an image that no stack is handed": (
        plans.plan(
            sites={
                "eu-west-3": replace(
                    plans.site("eu-west-3"), images={"host": "shop-12", "db": "db-12"}
                )
            }
        ),
        "sites.eu-west-3.images.db",
        "nothing would obey this",
        "take it out",
    ),
    "no image for the hosts": (
        plans.plan(sites={"eu-west-3": replace(plans.site("eu-west-3"), images={})}),
        "sites.eu-west-3.images",
        "no image",
        "host: NAME",
    ),
    "a name that is no name of a file": (
        plans.plan(stacks={**plans.plan().stacks, "../up": Stack(name="../up")}),
        "stacks.../up",
        "is no name",
        "letters",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_named_with_its_place_and_a_remedy(case: str) -> None:
    plan, place, message, remedy = WRONG[case]
    told = [p for p in found(plan) if p.place == place and message in p.message]
    assert told, f"not said: {[str(p) for p in found(plan)]}"
    assert remedy in told[0].remedy


def test_a_cycle_is_a_problem_that_shows_it() -> None:
    plan = with_step("network", after=("compute",))
    [problem] = found(plan)
    assert "network → compute → network" in problem.message


def test_a_bad_reference_of_a_service_affects_that_service_alone() -> None:
    services = {**plans.plan().services, "support": plans.service("support", "orders-bd")}
    [problem] = found(plans.plan(services=services))
    assert problem.affects == ("support",)
    graph = build_graph(plans.plan(services=services), RunKind.REBUILD, refused=problem.affects)
    assert graph.steps["support"].needs == ()
    with pytest.raises(ConfigurationError):
        build_graph(plans.plan(services=services), RunKind.REBUILD)


def test_a_missing_file_hides_no_gap_in_the_consents() -> None:
    """Who accepts that problem must not have switched the other off."""
    plan = with_step("cutover", cutover="dns", after=("proof.sales",))
    places = {problem.place for problem in found(plan, "playbooks/payment.yml")}
    assert places == {"services.payment.playbook", "steps.cutover"}


def test_several_problems_are_said_at_once() -> None:
    plan = plans.plan(
        outside=Outside(region="eu-west-3", state="a", backups="b"),
        services={"orders": replace(plans.service("orders", "orders-bd"), hosts="apps")},
    )
    places = {problem.place for problem in found(plan, "stacks/network")}
    assert places >= {
        "outside.region",
        "services.orders.needs",
        "services.orders.hosts",
        "stacks.network",
    }


@pytest.mark.parametrize(
    ("missing", "place", "affects"),
    [
        ("stacks/network", "stacks.network", "network"),
        ("playbooks/postgres.yml", "stores.orders-db.playbook", "orders-db"),
        ("playbooks/payment.yml", "services.payment.playbook", "payment"),
        ("checks/test_orders.py", "services.orders.checks", "check.orders"),
        ("checks/journeys/sales.py", "processes.sales.proof", "proof.sales"),
    ],
)
def test_a_missing_file_affects_the_step_that_needs_it(
    missing: str, place: str, affects: str
) -> None:
    [problem] = found(plans.plan(), missing)
    assert problem.place == place
    assert affects in problem.affects
    assert missing in problem.message


def test_a_missing_ledger_affects_its_step() -> None:
    provider = Provider(name="card-a", endpoint="https://x.example", ledger=Path("card.py"))
    plan = replace(with_sales(ledger="card-a"), providers={"card-a": provider})
    [problem] = found(plan, "card.py")
    assert problem.affects == ("ledger.card-a",)


def test_budgets_that_exceed_an_rto_are_refused_and_can_be_accepted_with_nothing_left_out() -> None:
    slow = with_step("orders-db", budget=timedelta(minutes=90))
    [problem] = found(slow)
    assert problem.place == "processes.payment.rto"
    assert (problem.affects, problem.acceptable) == ((), True)
    assert "orders-db" in problem.remedy
    assert "1h" in problem.message


def test_a_problem_is_accepted_by_its_place_without_file_and_line() -> None:
    problem = Problem(place="drkit.yaml:12 processes.sales.rto", message="")
    assert problem.name == "processes.sales.rto"
