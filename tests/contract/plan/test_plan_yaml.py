"""Each kind of bad input is refused with file, line, path and what to write instead."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from drkit.adapters import yaml_places
from drkit.adapters.plan_yaml import load_plan, structure_plan
from drkit.errors import ConfigurationError, Problem
from drkit.model.plan import Cloud, RestoreTool
from drkit.model.quantities import Money
from drkit.planning.problems import find_problems
from tests.fakes.documents import document, write_plan

REFERENCE = Path(__file__).parents[3] / "drkit.yaml"


def refused(path: Path) -> tuple[Problem, ...]:
    with pytest.raises(ConfigurationError) as error:
        load_plan(path)
    return error.value.problems


def changed(where: str, value: object) -> dict[str, Any]:
    """The small plan with one value replaced: ``sites/eu-west-3/account``."""
    made = document()
    inner: dict[Any, Any] = made
    *way, last = where.split("/")
    for part in way:
        inner = inner[part]
    inner[int(last) if last.isdigit() else last] = value
    return made


BAD: dict[str, tuple[str, object, str, str]] = {
    "an unknown key": ("steps/consent/gaet", "lead", "steps.consent.gaet", "mean `gate`?"),
    "an unknown section": ("sevices", {}, "sevices", "mean `services`?"),
    "an unknown key with nothing near it": ("people/ana/phone", "1", "people.ana.phone", "roles"),
    "a duration without its unit": ("processes/sales/rto", "2", "processes.sales.rto", "30m"),
    "a bare number for a duration": ("dns/ttl", 60, "dns.ttl", "30m"),
    "a negative duration": ("steps/consent/budget", "-1m", "steps.consent.budget", "30m"),
    "money without its day": ("processes/sales/impact", 5, "processes.sales.impact", "50000/day"),
    "an unquoted account": ("sites/eu-west-3/account", 0, "sites.eu-west-3.account", "in quotes"),
    "a number for a name": ("shop", 5, "shop", "in quotes"),
    "a date for a name": ("shop", "2026-01-01", "shop", "in quotes"),
    "an unknown cloud": ("sites/eu-west-3/cloud", "sandbx", "sites.eu-west-3.cloud", "`sandbox`?"),
    "a name that is given twice": ("processes/sales/name", "s", "processes.sales.name", "take it"),
    "a region that is given twice": ("sites/eu-west-3/region", "x", "sites.eu-west-3.region", "ta"),
    "a need that is nothing": ("processes/sales/needs", None, "processes.sales.needs", "quotes"),
    "a need that is a number": ("processes/sales/needs", [1], "processes.sales.needs", "quotes"),
    "a list of people": ("people", ["ana"], "people", "{key: value}"),
    "a person by number": ("people/1", {"roles": []}, "people.1", ""),
    "a site that is a number": ("sites/eu-west-3", 5, "sites.eu-west-3", "{key: value}"),
    "a site without a jump host": ("sites/eu-west-3/ssh", {}, "sites.eu-west-3", "{jump: GROUP}"),
    "a key beside the jump host": (
        "sites/eu-west-3/ssh",
        {"jump": "edge", "port": 23},
        "sites.eu-west-3",
        "{jump: GROUP}",
    ),
    "a bucket that is no address": (
        "outside",
        {"region": "eu-north-1", "state": "corner-dr", "backups": "s3://b"},
        "outside",
        "s3://BUCKET",
    ),
    "a method of DNS with a typing error": ("dns/method", "failovr", "dns.method", "`failover`?"),
    "a switch that is no address": ("dns/switch", "corner-switch", "dns", "s3://BUCKET"),
    "a key beside the vault's command": (
        "secrets/password",
        {"command": "x", "timeout": "5s"},
        "secrets",
        "{command: COMMAND}",
    ),
    "a store's tool with a typing error": (
        "stores/db",
        {"restore": "pgbackrst", "hosts": "app", "needs": []},
        "stores.db.restore",
        "`pgbackrest`?",
    ),
    "an underscore for a dash": (
        "stores/db",
        {"restore": "restic", "hosts": "app", "needs": [], "skip_numbers": 1},
        "stores.db.skip_numbers",
        "`skip-numbers`?",
    ),
    "a count below nothing": (
        "stores/db",
        {"restore": "restic", "hosts": "app", "needs": [], "skip-numbers": -1},
        "stores.db.skip-numbers",
        "at least 0",
    ),
    "a version of the future": ("version", 2, "version", "`version: 1`"),
    "a version that is no number": ("version", True, "version", "`version: 1`"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_named_with_line_path_and_remedy(case: str, tmp_path: Path) -> None:
    where, value, place, remedy = BAD[case]
    path = tmp_path / "drkit.yaml"
    text = yaml.safe_dump(changed(where, value), sort_keys=False)
    if case == "a date for a name":
        text = text.replace("'2026-01-01'", "2026-01-01")
    path.write_text(text)
    [problem] = refused(path)
    position, _, dotted = problem.place.partition(" ")
    assert dotted.startswith(place)
    name, _, line = position.partition(":")
    assert name == "drkit.yaml"
    key = place.rpartition(".")[2]
    assert f"{key}:" in text.splitlines()[int(line) - 1]
    assert remedy in f"{problem.message} {problem.remedy}"
    assert not any(leak in str(problem) for leak in ("object", "NoneType", "class", "drkit.model"))


def test_every_problem_is_said_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    made = changed("processes/sales/rto", "2")
    made["dns"]["tll"] = "10s"
    made["steps"]["consent"]["gaet"] = "x"
    made["sites"]["eu-west-3"]["account"] = 0
    del made["currency"]
    path = tmp_path / "drkit.yaml"
    path.write_text(yaml.safe_dump(made, sort_keys=False))
    problems = refused(path)
    assert [p.place.split()[-1] for p in problems] == [
        "drkit.yaml",
        "dns.tll",
        "sites.eu-west-3.account",
        "processes.sales.rto",
        "steps.consent.gaet",
    ]
    assert "`currency` is missing" in problems[0].message


@pytest.mark.parametrize(
    ("path", "missing"),
    [
        ("shop", "shop"),
        ("processes/sales/rto", "rto"),
        ("providers/card-a/endpoint", "endpoint"),
        ("services/storefront/hosts", "hosts"),
    ],
)
def test_a_key_that_is_missing_is_named(tmp_path: Path, path: str, missing: str) -> None:
    made = document()
    inner: dict[str, Any] = made
    *way, last = path.split("/")
    for part in way:
        inner = inner[part]
    del inner[last]
    file = tmp_path / "drkit.yaml"
    file.write_text(yaml.safe_dump(made))
    [problem] = refused(file)
    assert f"`{missing}` is missing" in problem.message
    assert f"`{missing}:`" in problem.remedy


def test_a_key_that_stands_twice_is_refused_with_both_lines(tmp_path: Path) -> None:
    path = write_plan(tmp_path)
    lines = path.read_text().count("\n")
    path.write_text(path.read_text() + "shop: other\n")
    [problem] = refused(path)
    assert problem.place == f"drkit.yaml:{lines + 1} shop"
    assert "first on line 2" in problem.message
    assert problem.remedy == "keep one of them"


@pytest.mark.parametrize(
    "text",
    ["a: [1", "a:\n\tb: 1", "a: 1\n---\nb: 2", "? [a]\n: b", "a: !!python/name:os.system x",
     "a: &a [*a]", "a: &a {b: *a}", "a: *nowhere"],
)  # fmt: skip
def test_what_is_no_yaml_is_refused_and_nothing_in_it_is_run(tmp_path: Path, text: str) -> None:
    path = tmp_path / "drkit.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match="not valid YAML"):
        load_plan(path)


def test_the_line_that_is_no_yaml_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "drkit.yaml"
    path.write_text("version: 1\nshop: a: b\n")
    with pytest.raises(ConfigurationError, match=r"line 2, column 8:\n +shop: a: b\n +\^"):
        load_plan(path)


def test_a_plan_reads_the_same_without_libyaml(monkeypatch: pytest.MonkeyPatch) -> None:
    assert yaml_places.LOADER is yaml.CSafeLoader
    by_libyaml = load_plan(REFERENCE)
    monkeypatch.setattr(yaml_places, "LOADER", yaml.SafeLoader)
    assert load_plan(REFERENCE) == by_libyaml


@pytest.mark.parametrize("text", ["", "[1]", "7", "just words"])
def test_what_is_no_mapping_is_no_plan(tmp_path: Path, text: str) -> None:
    path = tmp_path / "drkit.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match="must be a mapping"):
        load_plan(path)


def test_a_plan_that_is_not_there_says_how_to_name_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as error:
        load_plan(tmp_path / "drkit.yaml")
    assert "--plan" in error.value.remedy


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "drkit.yaml"
    path.write_bytes(b"shop: \xff\xfe")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_plan(path)


def test_the_reference_plan_means_what_it_says() -> None:
    plan = load_plan(REFERENCE)
    assert plan.root == REFERENCE.parent
    assert plan.processes["payment"].rto == timedelta(hours=1)
    assert plan.processes["sales"].impact.per_day == Money(5_000_000, "EUR")
    assert plan.sites["eu-west-3"].cloud is Cloud.SANDBOX
    assert plan.sites["eu-west-3"].account == "000000000000"
    assert plan.stores["orders-db"].restore is RestoreTool.PGBACKREST
    assert plan.stores["orders-db"].skip_numbers == 100000
    assert plan.outside.state == "boutique-dr"
    assert plan.services["edge"].playbook == "edge", "by default the service's own name"


def test_one_value_may_stand_for_a_list_of_one(tmp_path: Path) -> None:
    one = load_plan(write_plan(tmp_path, people={"ana": {"roles": "lead"}}))
    assert one.people["ana"].roles == ("lead",)


def test_the_order_of_sites_is_that_of_the_file(tmp_path: Path) -> None:
    """Address ranges are counted by it."""
    sites = dict(reversed(list(document()["sites"].items())))
    assert list(load_plan(write_plan(tmp_path, sites=sites)).sites) == list(sites)


def test_the_source_of_a_plan_can_be_kept_as_json_and_gives_the_same_plan(tmp_path: Path) -> None:
    plan = load_plan(write_plan(tmp_path))
    again = structure_plan(json.loads(json.dumps(plan.source)), root=plan.root)
    assert again == plan


def test_a_problem_of_what_the_parts_mean_together_names_its_line_too(tmp_path: Path) -> None:
    made = changed("services/storefront/hosts", "ap")
    path = tmp_path / "drkit.yaml"
    path.write_text(yaml.safe_dump(made, sort_keys=False))
    [problem] = find_problems(load_plan(path), exists=lambda _: True)
    position, _, dotted = problem.place.partition(" ")
    assert dotted == "services.storefront.hosts"
    line = path.read_text().splitlines()[int(position.removeprefix("drkit.yaml:")) - 1]
    assert line.strip() == "hosts: ap"
    assert problem.name == dotted, "it is accepted by its path"
