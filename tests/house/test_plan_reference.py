"""The schema and the page of the plan say exactly what the plan's door takes."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

import jsonschema
import pytest
import yaml

from drkit.adapters.plan_yaml import NAMED
from drkit.model import plan as model
from tests.contract.plan.test_plan_yaml import BAD, changed
from tests.fakes.documents import document
from tests.house import plan_page
from tests.house.files import ROOT, tracked

SCHEMA = json.loads(plan_page.SCHEMA.read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
ENTRIES = {
    "people": model.Person,
    "sites": model.Site,
    "providers": model.Provider,
    "processes": model.Process,
    "stacks": model.Stack,
    "stores": model.Store,
    "services": model.Service,
    "steps": model.StepEntry,
    "outside": model.Outside,
    "secrets": model.Secrets,
    "dns": model.Dns,
    "defaults": model.Defaults,
}
IN_THE_FILE = {
    "skip_numbers": "skip-numbers",
    "break_glass": "break-glass",
    "jump": "ssh",
    "password_command": "password",
}
FENCE = re.compile(r"```yaml\n(.*?)```", re.DOTALL)


def refusals(made: object) -> list[str]:
    return [error.message for error in VALIDATOR.iter_errors(made)]


def keys_of(cls: type, *besides: str) -> set[str]:
    assert dataclasses.is_dataclass(cls)
    names = {field.name for field in dataclasses.fields(cls)} - set(besides)
    return {IN_THE_FILE.get(name, name) for name in names}


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_the_schema_has_exactly_the_sections_of_the_plan() -> None:
    assert set(SCHEMA["properties"]) == keys_of(model.Plan, "root", "source", "places") | {
        "version"
    }


@pytest.mark.parametrize("section", ENTRIES)
def test_the_schema_has_exactly_the_keys_of_each_section(section: str) -> None:
    inner = "region" if section == "sites" else "name"
    besides = (inner,) if section in NAMED else ()
    part = SCHEMA["properties"][section]
    assert set(plan_page._keys(part)) == keys_of(ENTRIES[section], *besides)


def test_the_plans_of_this_repository_are_valid() -> None:
    assert refusals(yaml.safe_load((ROOT / "drkit.yaml").read_text())) == []
    assert refusals(document()) == []


def test_every_plan_in_the_docs_is_valid() -> None:
    pages = [p for p in tracked() if p.suffix == ".md" and p.parts[0] in {"docs", "README.md"}]
    for path in pages:
        for example in FENCE.findall((ROOT / path).read_text()):
            made = yaml.safe_load(example)
            if isinstance(made, dict) and "version" in made and "shop" in made:
                assert refusals(made) == [], path


DOOR_ONLY = {"a date for a name"}
"""JSON has no dates: in a schema it is a text."""


@pytest.mark.parametrize("case", sorted(set(BAD) - DOOR_ONLY))
def test_what_the_door_refuses_the_schema_refuses(case: str) -> None:
    where, value, *_ = BAD[case]
    made: Any = json.loads(json.dumps(changed(where, value)))
    if case != "a person by number":  # JSON has no numbers for keys
        assert refusals(made) != []


def test_the_page_is_made_from_the_schema() -> None:
    """If this fails: python -m tests.house.plan_page."""
    assert plan_page.PAGE.read_text() == plan_page.page()
