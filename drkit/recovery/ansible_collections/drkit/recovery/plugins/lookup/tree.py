"""Reads a folder of the controller as a list for the module `drkit.recovery.files`.

Decides which files belong to it: all but byte code and hidden ones. Refuses an empty folder.
"""

import base64
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

DOCUMENTATION = r"""
name: tree
short_description: A folder of the controller, as files for drkit.recovery.files
description:
  - Copying a folder file by file costs a visit to the host for each; this carries it in one.
options:
  _terms:
    description: The folder on the controller.
    required: true
  dest:
    description: The folder on the host.
    required: true
    type: string
  mode:
    description: The permissions of each file.
    default: "0644"
    type: string
author: drkit
"""

EXAMPLES = r"""
- name: Install the code
  drkit.recovery.files:
    files: "{{ lookup('drkit.recovery.tree', 'shop', dest='/opt/shop/shop') }}"
    exact: [/opt/shop/shop]
"""

RETURN = r"""
_raw:
  description: One entry a file, with path, content_base64 and mode.
  type: list
  elements: list
"""


def belongs(path: Path) -> bool:
    """Say whether a file is part of the folder's content."""
    return path.is_file() and path.suffix != ".pyc" and not path.name.startswith(".")


class LookupModule(LookupBase):  # type: ignore[misc]  # ansible carries no types
    """The lookup, as Ansible loads it."""

    def run(self, terms: list[str], variables: Any = None, **kwargs: Any) -> list[Any]:
        """Return one list for each folder. Raises AnsibleLookupError for an empty one."""
        self.set_options(var_options=variables, direct=kwargs)
        return [self._folder(Path(term)) for term in terms]

    def _folder(self, root: Path) -> list[dict[str, str]]:
        found = sorted(path for path in root.rglob("*") if belongs(path))
        if not found:
            raise AnsibleLookupError(f"{root} holds no file: the folder is missing or empty")
        return [
            {
                "path": f"{self.get_option('dest')}/{path.relative_to(root)}",
                "content_base64": base64.b64encode(path.read_bytes()).decode(),
                "mode": self.get_option("mode"),
            }
            for path in found
        ]
