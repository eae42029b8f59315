"""What the sandbox is told to be short of, and what its quotas say: by name, or refused by name."""

from __future__ import annotations

import pytest

from drkit.errors import UsageError
from drkit.sandbox.quotas import KNOWN, Quotas
from drkit.sandbox.shortages import Shortages


def test_a_shortage_is_of_one_type_in_one_region_until_it_ends() -> None:
    held = Shortages()
    held.begin("eu-central-1", "m5.large")
    held.begin("eu-central-1", "m6i.large")
    held.end("eu-central-1", "m6i.large")
    assert held.of("eu-central-1") == {"m5.large"}
    assert held.of("eu-west-3") == frozenset()
    held.end("eu-central-1", "m5.large")
    assert held.by_region == {}
    held.end("eu-central-1", "m5.large")


@pytest.mark.parametrize(
    ("region", "kind", "words"),
    [
        ("global", "m5.large", "no region 'global'"),
        ("eu-south-9", "m5.large", "no region 'eu-south-9'"),
        ("eu-west-3", "m5.lage", "no instance type 'm5.lage'"),
    ],
)
def test_what_the_sandbox_does_not_have_cannot_be_short(region: str, kind: str, words: str) -> None:
    held = Shortages()
    for change in (held.begin, held.end):
        with pytest.raises(UsageError, match=words) as refused:
            change(region, kind)
        assert "one of: " in refused.value.remedy
    assert held.by_region == {}


def test_a_quota_is_answered_as_it_was_set_for_its_region_alone() -> None:
    held = Quotas()
    held.set("eu-central-1", "L-0263D0A3", 2)
    here = held.answer("eu-central-1", "ec2", "L-0263D0A3")
    there = held.answer("eu-west-3", "ec2", "L-0263D0A3")
    assert here is not None
    assert there is not None
    assert (here["Value"], there["Value"]) == (2, KNOWN["L-0263D0A3"].value)
    assert held.answer("eu-west-3", "vpc", "L-0263D0A3") is None, "it is one of ec2"
    assert held.answer("eu-west-3", "ec2", "L-00000000") is None


@pytest.mark.parametrize(("region", "code"), [("global", "L-0263D0A3"), ("eu-west-3", "L-1")])
def test_a_quota_that_is_none_cannot_be_set(region: str, code: str) -> None:
    with pytest.raises(UsageError) as refused:
        Quotas().set(region, code, 1)
    assert "one of: " in refused.value.remedy
