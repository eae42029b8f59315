"""What a module says it would change is told by name, and what it says oddly breaks nothing."""

from __future__ import annotations

import pytest

from drkit.adapters.ansible_check import _what


@pytest.mark.parametrize(
    ("result", "told"),
    [
        ({"paths": ["/etc/x", "/etc/y"]}, ["/etc/x", "/etc/y"]),
        ({"done": ["start x"]}, ["start x"]),
        ({"done": True}, []),
        ({"done": True, "dest": "/etc/x"}, ["/etc/x"]),
        ({"paths": "/etc/x", "path": "/etc"}, ["/etc"]),
        ({"paths": [1, 2]}, []),
        ({"results": 3, "name": "x"}, ["x"]),
        ({"results": ["installed x"], "name": "x"}, ["x"]),
        ({"results": [{"changed": True, "path": "/a"}, {"path": "/b"}, 7]}, ["/a"]),
        ({"diff": "- x", "path": "/etc/x"}, ["/etc/x"]),
        ({"diff": {"before_header": "/etc/x (content)"}}, ["/etc/x"]),
        ({"diff": ["- x", {"before_header": 5}], "name": ["a", "b"]}, []),
    ],
)
def test_names_are_taken_where_they_are_texts(result: dict[str, object], told: list[str]) -> None:
    assert list(_what({"changed": True, **result})) == told
