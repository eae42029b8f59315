"""Writes several files in one visit to the host; decides per file whether it must change.

One visit costs 0.2-0.4 s, whatever it carries: a role with six files copied one by one costs two
seconds of every rebuild. Refuses a file that is both inside a folder it must empty and unlisted.

Units that read the files are marked before the first write. A try that dies between the writing and
the restart leaves the mark, so the next one restarts though it finds every file as it should be.
"""

import base64
import grp
import os
import pwd
import tempfile
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: files
short_description: Write several files in one visit
description:
  - Each file has the given content, owner, group and mode afterwards; missing folders are made.
  - Contents never appear in the result.
options:
  files:
    description: The files.
    required: true
    type: list
    elements: dict
    suboptions:
      path:
        description: Where.
        required: true
        type: path
      content:
        description: What, as text.
        type: str
      content_base64:
        description: What, as bytes in base64.
        type: str
      owner:
        description: The owner.
        default: root
        type: str
      group:
        description: The group.
        default: root
        type: str
      mode:
        description: The permissions in octal.
        default: "0644"
        type: str
  exact:
    description: Folders in which no other file than the listed ones may lie.
    default: []
    type: list
    elements: path
  units:
    description:
      - Units that read these files. Each is marked as pending before the first write, and stays so
        until M(drkit.recovery.service) has restarted or reloaded it.
    default: []
    type: list
    elements: str
author: drkit
"""

EXAMPLES = r"""
- name: Configure the service
  drkit.recovery.files:
    files:
      - {path: /etc/shop/shop.env, mode: "0640", group: shop, content: "A=1\n"}
    units: [shop-orders]
"""

RETURN = r"""
paths:
  description: The files that were written, set right, or removed.
  type: list
  returned: always
pending:
  description: Those of the units that have not taken up what was written, now or by an earlier try.
  type: list
  returned: always
"""

PENDING = Path("/run/drkit-pending")
"""Gone after a boot, and rightly: everything that starts then reads what is there."""

UNFINISHED = ".drkit-unfinished-"
"""What begins so may belong to another playbook that writes into the same folder just now."""


def body(wanted: dict[str, Any]) -> bytes:
    """Return the bytes that the file is to hold."""
    if wanted["content_base64"] is not None:
        return base64.b64decode(wanted["content_base64"])
    return str(wanted["content"]).encode()


def write(path: Path, content: bytes) -> None:
    """Write the file so that a crash or a reader sees the old content or the new one."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=UNFINISHED)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    Path(temporary).replace(path)


class Units:
    """The units that read the files."""

    def __init__(self, names: list[str]) -> None:
        self._names = names

    def mark(self) -> None:
        """Mark each as one that has not taken up what is about to be written."""
        if self._names:
            PENDING.mkdir(mode=0o755, exist_ok=True)
        for name in self._names:
            (PENDING / name).touch()

    def pending(self) -> list[str]:
        """Return those that are marked."""
        return [name for name in self._names if (PENDING / name).exists()]


def settle(wanted: dict[str, Any], units: Units, *, check: bool) -> bool:
    """Make the file as wanted and return whether that changed it. Raises OSError, LookupError."""
    path, content = Path(wanted["path"]), body(wanted)
    owner = pwd.getpwnam(wanted["owner"]).pw_uid
    group = grp.getgrnam(wanted["group"]).gr_gid
    mode = int(wanted["mode"], 8)
    same = path.is_file() and not path.is_symlink() and path.read_bytes() == content
    if same:
        found = path.stat()
        if (found.st_uid, found.st_gid, found.st_mode & 0o7777) == (owner, group, mode):
            return False
    if not check:
        units.mark()
        path.parent.mkdir(parents=True, exist_ok=True)
        if not same:
            write(path, content)
        os.chown(path, owner, group)
        path.chmod(mode)
    return True


def strangers(folder: str, listed: set[str]) -> list[Path]:
    """Return the files in the folder that are not listed; byte code that Python left is none."""
    found = (path for path in Path(folder).rglob("*") if path.is_symlink() or not path.is_dir())
    kept = (path for path in found if str(path) not in listed and path.suffix != ".pyc")
    return [path for path in kept if not path.name.startswith(UNFINISHED)]


def remove(folder: str, listed: set[str], units: Units, *, check: bool) -> list[str]:
    """Remove what is in the folder and not listed, and return it."""
    found = strangers(folder, listed)
    for path in found if not check else []:
        units.mark()
        path.unlink()
    return [str(path) for path in found]


SPEC = {
    "path": {"type": "path", "required": True},
    "content": {"type": "str", "no_log": True},
    "content_base64": {"type": "str", "no_log": True},
    "owner": {"type": "str", "default": "root"},
    "group": {"type": "str", "default": "root"},
    "mode": {"type": "str", "default": "0644"},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "files": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": SPEC,
                "required_one_of": [("content", "content_base64")],
                "mutually_exclusive": [("content", "content_base64")],
            },
            "exact": {"type": "list", "elements": "path", "default": []},
            "units": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    files, check, units = module.params["files"], module.check_mode, Units(module.params["units"])
    changed: list[str] = []
    for wanted in files:
        try:
            if settle(wanted, units, check=check):
                changed.append(wanted["path"])
        except (OSError, LookupError, ValueError) as error:
            module.fail_json(msg=f"{wanted['path']}: {error}", changed=bool(changed))
    listed = {wanted["path"] for wanted in files}
    for folder in module.params["exact"]:
        changed += remove(folder, listed, units, check=check)
    module.exit_json(changed=bool(changed), paths=changed, pending=units.pending())


if __name__ == "__main__":
    main()
