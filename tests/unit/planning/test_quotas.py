"""Whether a site fits into what is left of a region's quotas."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drkit.planning.quotas import QUOTAS, Comparison, Holding, shortfalls

SITE = Holding(
    instances={"i-1": "m5.large", "i-2": "m5.large"},
    addresses=frozenset({"e-1"}),
    networks=frozenset({"v-1"}),
)
NEIGHBOUR = Holding(
    instances={"i-9": "m5.large"}, addresses=frozenset({"e-9"}), networks=frozenset({"v-9"})
)
FITS = Comparison(
    region="eu-central-1",
    asked=SITE,
    used=NEIGHBOUR,
    vcpus={"m5.large": 2},
    allowed={"L-1216C47A": 6.0, "L-0263D0A3": 2.0, "L-F678F1CE": 2.0},
)


def test_a_site_that_takes_the_last_of_every_quota_fits() -> None:
    assert list(shortfalls(FITS)) == []


@pytest.mark.parametrize("quota", QUOTAS, ids=lambda quota: quota.name)
def test_one_less_of_a_quota_is_a_problem_that_may_be_accepted_by_its_name(quota: object) -> None:
    code, name = quota.code, quota.name  # type: ignore[attr-defined]
    allowed = {**FITS.allowed, code: FITS.allowed[code] - 1}
    [problem] = shortfalls(replace(FITS, allowed=allowed))
    assert (problem.name, problem.acceptable, problem.affects) == (name, True, ())
    assert f"--accept {name}" in problem.remedy
    assert f"quota {code}" in problem.remedy


def test_what_is_asked_used_and_allowed_is_said() -> None:
    allowed = {**FITS.allowed, "L-1216C47A": 5.0}
    [problem] = shortfalls(replace(FITS, allowed=allowed))
    assert problem.message == (
        "the site asks for 4 vCPUs of standard instances, and eu-central-1 allows 5, of which 2"
        " are used"
    )
    assert "ask AWS for 6" in problem.remedy


def test_a_region_that_is_over_its_quota_is_no_concern_of_a_site_that_asks_for_none() -> None:
    allowed = dict.fromkeys(FITS.allowed, 0.0)
    assert list(shortfalls(replace(FITS, asked=Holding(), allowed=allowed))) == []


def test_a_type_with_a_quota_of_its_own_is_not_counted_among_the_standard_ones() -> None:
    gpus = replace(SITE, instances={**SITE.instances, "i-3": "p4d.24xlarge"})
    assert gpus.counted_types == {"m5.large"}
    assert list(shortfalls(replace(FITS, asked=gpus))) == []


def test_what_a_site_has_of_its_own_already_is_not_counted_twice() -> None:
    region = NEIGHBOUR.plus(SITE)
    assert region.less(SITE) == NEIGHBOUR
    assert len(list(shortfalls(replace(FITS, used=region)))) == 3
