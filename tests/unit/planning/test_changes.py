"""The differences of two plans are said key by key, and none where there is none."""

from __future__ import annotations

from drkit.planning.changes import plan_changes

BEFORE = {
    "shop": "boutique",
    "steps": {"base": {"budget": "1m"}, "old": {"gate": "lead"}},
    "processes": {"sales": {"needs": ["storefront", "edge"]}},
}


def test_a_plan_that_is_the_same_has_no_changes() -> None:
    assert list(plan_changes(BEFORE, {**BEFORE})) == []


def test_each_change_has_its_place_and_both_values() -> None:
    now = {
        "shop": "boutique",
        "currency": "EUR",
        "steps": {"base": {"budget": "2m"}},
        "processes": {"sales": {"needs": ["edge", "storefront"]}},
    }
    assert list(plan_changes(BEFORE, now)) == [
        "currency: added (EUR)",
        "processes.sales.needs: was ['storefront', 'edge'], is ['edge', 'storefront']",
        "steps.base.budget: was 1m, is 2m",
        "steps.old: taken out (was {'gate': 'lead'})",
    ]


def test_a_long_value_is_cut() -> None:
    [said] = plan_changes({"a": "x" * 500}, {"a": "y"})
    assert len(said) < 100
    assert said.endswith("…, is y")
