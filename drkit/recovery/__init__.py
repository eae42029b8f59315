"""The Ansible collection `drkit.recovery`: where it lies, and nothing else.

It ships inside the package, so that a team with only the wheel has what drkit needs on hosts:
mark, epoch watcher, open, close, restore. This module runs no playbook and imports no Ansible.
"""

from pathlib import Path


def collections_path() -> Path:
    """Return the folder for ANSIBLE_COLLECTIONS_PATH (it holds `ansible_collections/`)."""
    return Path(__file__).resolve().parent
