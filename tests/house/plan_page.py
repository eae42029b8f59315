"""docs/reference/plan.md from the schema of the plan: ``python -m tests.house.plan_page``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.house.files import ROOT

SCHEMA = ROOT / "drkit" / "adapters" / "plan.schema.json"
PAGE = ROOT / "docs" / "reference" / "plan.md"
HEAD = """# drkit.yaml

<!-- Made from drkit/adapters/plan.schema.json by `python -m tests.house.plan_page`. -->

The recovery plan. A key that is not told here is refused, with a near miss named; so is a value
without its unit. Paths are relative to the plan's folder. The worked example is the `drkit.yaml` of
this repository; editors that know JSON Schema complete and check it with
`drkit/adapters/plan.schema.json` (for the YAML language server, the first line
`# yaml-language-server: $schema=PATH`).
"""


def page() -> str:
    schema = json.loads(SCHEMA.read_text())
    return "\n".join([HEAD, *_forms(schema), *_sections(schema)])


def _forms(schema: Mapping[str, Any]) -> Iterator[str]:
    yield "## Forms\n"
    for name, form in schema["$defs"].items():
        yield f"- **{name}**: {form['description']}"
    yield ""


def _sections(schema: Mapping[str, Any]) -> Iterator[str]:
    required = schema["required"]
    single = {key: part for key, part in schema["properties"].items() if not _keys(part)}
    yield "## At the top\n"
    yield from _table(single, required)
    for key, part in schema["properties"].items():
        if keys := _keys(part):
            yield f"## {key}\n"
            yield f"{part['description']}{'' if key in required else ' May be left out.'}\n"
            yield from _table(keys, _entry(part).get("required", ()))


def _entry(part: Mapping[str, Any]) -> Mapping[str, Any]:
    """What holds the keys: the part itself, or each of its named entries."""
    entry = part.get("additionalProperties")
    if isinstance(entry, dict):
        return next((c for c in entry.get("anyOf", ()) if "properties" in c), entry)
    return part


def _keys(part: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = _entry(part).get("properties", {})
    return found


def _table(keys: Mapping[str, Any], required: object) -> Iterator[str]:
    yield "| key | takes | |\n|---|---|---|"
    yield from _rows(keys, required, "")
    yield ""


def _rows(keys: Mapping[str, Any], required: object, prefix: str) -> Iterator[str]:
    for name, form in keys.items():
        must = "**required.** " if isinstance(required, list) and name in required else ""
        words = form["description"].replace("|", "\\|")
        yield f"| `{prefix}{name}` | {_takes(form)} | {must}{words} |"
        yield from _rows(form.get("properties", {}), form.get("required", ()), f"{prefix}{name}.")


def _takes(form: Mapping[str, Any]) -> str:
    match form:
        case {"$ref": str(ref)}:
            return ref.rpartition("/")[2]
        case {"const": value}:
            return f"`{value}`"
        case {"enum": values}:
            return " or ".join(f"`{value}`" for value in values)
        case {"type": "integer"}:
            return "whole number"
        case {"type": "object"}:
            return "keys"
        case _:
            return "text"


if __name__ == "__main__":
    PAGE.write_text(page())
