"""What Ansible would show: the environment of a task stands in a command line on its host."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = (ROOT / "playbooks", ROOT / "drkit" / "recovery")
SECRET_VARIABLE = re.compile(
    r"^\s*[A-Z][A-Z0-9_]*(PASSWORD|PASSPHRASE|TOKEN|ACCESS_KEY)\w*:", re.MULTILINE
)


def test_no_task_is_handed_a_secret_by_its_environment() -> None:
    files = [path for folder in FOLDERS for path in folder.rglob("*.yml")]
    assert len(files) > 20
    assert [path.name for path in files if SECRET_VARIABLE.search(path.read_text())] == []
    assert SECRET_VARIABLE.search('      PGPASSWORD: "{{ secrets.db_password }}"\n')
