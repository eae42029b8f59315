"""What a rebuild touches, each with its region: known where something says it, else unknown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from drkit.model.plan import Cloud, DnsMethod, Plan, Provider, Secrets
from drkit.planning.touched import (
    EVERYWHERE,
    GLOBAL,
    HERE,
    UNKNOWN,
    Kind,
    Text,
    lost_problems,
    possibly_lost,
    touched,
)
from tests.fakes import plans

TARGET, LOST, OUTSIDE = "eu-central-1", "eu-west-3", "eu-north-1"


def found(*lines: str, plan: Plan | None = None) -> dict[str, str]:
    """Name → region, of a rebuild in which ``lines`` stand in a playbook."""
    texts = [Text(path="playbooks/orders.yml", text="\n".join(lines))]
    return {one.name: one.region for one in touched(plan or plans.plan(), TARGET, texts)}


def said(*lines: str) -> dict[str, str]:
    """What these lines add to it."""
    return {name: region for name, region in found(*lines).items() if name not in found()}


def test_what_the_plan_says_has_its_region() -> None:
    assert found() == {
        f"EC2, S3 in {TARGET}": TARGET,
        f"S3, STS in {OUTSIDE}": OUTSIDE,
        "Route 53": GLOBAL,
        "network": TARGET,
        "compute": TARGET,
        "s3://boutique-dr": OUTSIDE,
        "s3://boutique-backup": OUTSIDE,
        "shop-12": TARGET,
        "shop.example": GLOBAL,
        "Pulumi's plug-in `aws`": HERE,
        "the plan's folder": HERE,
        "secrets.yml": HERE,
        "`cat password`": UNKNOWN,
        "https://card-a.example": UNKNOWN,
    }


def test_a_name_that_a_switch_moves_needs_nothing_that_is_global() -> None:
    dns = replace(plans.plan().dns, method=DnsMethod.FAILOVER, switch="boutique-switch")
    touches = found(plan=plans.plan(dns=dns))
    assert touches["s3://boutique-switch"] == OUTSIDE
    assert touches["shop.example"] == EVERYWHERE
    assert GLOBAL not in touches.values()


def test_in_a_real_cloud_nobody_knows_where_the_plug_in_comes_from() -> None:
    sites = {name: replace(plans.site(name), cloud=Cloud.AWS) for name in (TARGET, LOST)}
    assert found(plan=plans.plan(sites=sites))["Pulumi's plug-in `aws`"] == UNKNOWN


@pytest.mark.parametrize(
    ("line", "name", "region"),
    [
        ("  src: https://files.example.com/orders.tgz", "files.example.com", UNKNOWN),
        (
            f"image: 123456789012.dkr.ecr.{LOST}.amazonaws.com/orders:4",
            f"123456789012.dkr.ecr.{LOST}.amazonaws.com",
            LOST,
        ),
        (
            f"deb http://{LOST}.ec2.archive.ubuntu.com/ubuntu jammy main",
            f"{LOST}.ec2.archive.ubuntu.com",
            LOST,
        ),
        (
            f"key: 'arn:aws:kms:{LOST}:123456789012:key/1'",
            f"arn:aws:kms:{LOST}:123456789012:key/1",
            LOST,
        ),
        ("  ansible.builtin.apt:", "ansible.builtin.apt", UNKNOWN),
    ],
)
def test_what_a_file_names_is_found_with_its_place(line: str, name: str, region: str) -> None:
    assert said("---", line) == {name: region}
    texts = [Text(path="playbooks/orders.yml", text=f"---\n{line}")]
    [one] = [one for one in touched(plans.plan(), TARGET, texts) if one.name == name]
    assert one.place == "playbooks/orders.yml:2"


@pytest.mark.parametrize(
    "line",
    [
        f"# https://s3.{LOST}.amazonaws.com is the old one",
        f"target: {LOST}.g1",
        f"include_vars: {LOST}.yml",
        f"region: {LOST}",
        "url: http://127.0.0.1:8000/health",
        "url: http://orders/health",
        "url: https://{{ drkit.own.endpoint_name }}",
    ],
)
def test_what_names_no_host_adds_nothing(line: str) -> None:
    assert said(line) == {}


def test_what_stands_under_the_name_of_another_site_is_that_sites() -> None:
    mirrors = {site: f"mirror.{site}.example.com" for site in (LOST, TARGET)}
    lines = [f"  {site}: {host}" for site, host in mirrors.items()]
    assert said("mirrors:", *lines) == {mirrors[TARGET]: TARGET}
    assert said(f"mirror: {mirrors[LOST]}") == {mirrors[LOST]: LOST}


def test_a_host_that_names_two_regions_lies_in_none_that_is_known() -> None:
    host = f"{LOST}.to.{TARGET}.example.com"
    assert said(f"https://{host}/") == {host: UNKNOWN}


def test_what_is_named_twice_is_listed_once() -> None:
    texts = [Text(path=name, text="https://files.example.com") for name in ("a", "b")]
    ones = [one for one in touched(plans.plan(), TARGET, texts) if "files" in one.name]
    assert [(one.kind, one.place) for one in ones] == [(Kind.ENDPOINT, "a:1")]


def test_what_lies_in_a_lost_region_is_a_problem_that_a_person_may_pass_over() -> None:
    command = f"aws --region {LOST} secretsmanager get-secret-value --secret-id vault"
    plan = plans.plan(
        secrets=Secrets(vault=Path("secrets.yml"), password_command=command),
        providers={
            "card-a": Provider(name="card-a", endpoint=f"https://api.{LOST}.card-a.example")
        },
    )
    problems = list(lost_problems(touched(plan, TARGET, ()), {LOST}))
    assert {problem.name for problem in problems} == {
        "secrets.password.command",
        "providers.card-a.endpoint",
    }
    assert all(problem.may_be_accepted and not problem.affects for problem in problems)
    assert all(LOST in problem.message and problem.remedy for problem in problems)


def test_nothing_of_a_sound_plan_lies_in_another_sites_region() -> None:
    plan = plans.plan()
    lost = possibly_lost(plan, TARGET)
    assert lost == (LOST,)
    assert list(lost_problems(touched(plan, TARGET, ()), lost)) == []


def test_what_is_lost_with_the_third_location_is_told_too() -> None:
    places = {p.name for p in lost_problems(touched(plans.plan(), TARGET, ()), {OUTSIDE})}
    assert places == {"outside.region", "outside.state", "outside.backups"}
