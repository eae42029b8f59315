"""Decides what the braces in the table of resource types stand for.

`"{id}"` alone is the value itself, of any type; inside a longer string it is text. Refuses to
invent: an entry of a dict or list whose value is not known is left out.
"""

import re
from collections.abc import Mapping
from typing import Any, TypeAlias

import jmespath  # type: ignore[import-untyped]

from drkit.sandbox.provider.wire import Properties, Value

Template: TypeAlias = Any  # strings with braces in lists and dicts, as the API wants them

_NAME = re.compile(r"\{(\w+)\}")


def fill(template: Template, values: Mapping[str, Value]) -> Any:
    """The template with its names replaced; None where a name has no value."""
    if isinstance(template, Mapping):
        filled = {key: fill(item, values) for key, item in template.items()}
        return {key: item for key, item in filled.items() if item is not None}
    if isinstance(template, list | tuple):
        items = [fill(item, values) for item in template]
        return [item for item in items if item is not None]
    if not isinstance(template, str):
        return template
    if whole := _NAME.fullmatch(template):
        return values.get(whole[1])
    if any(values.get(name) is None for name in _NAME.findall(template)):
        return None
    return _NAME.sub(lambda match: str(values[match[1]]), template)


def find(path: str, answer: Any) -> Any:
    """What a JMESPath finds in an API's answer, or None."""
    return jmespath.search(path, answer)


def parse(template: str, text: str | None) -> Properties:
    """The values that the names must have had to give the text; {} if it does not fit.

    With no text, the names alone.
    """
    if text is None:
        return dict.fromkeys(_NAME.findall(template))
    parts = _NAME.split(template)
    pattern = "".join(
        f"(?P<{part}>.+?)" if index % 2 else re.escape(part) for index, part in enumerate(parts)
    )
    found = re.fullmatch(pattern, text)
    return found.groupdict() if found else {}
