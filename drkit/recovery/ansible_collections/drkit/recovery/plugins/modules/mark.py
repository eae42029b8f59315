"""Writes the mark of a host; decides whether a change is needed.

Refuses to mark a host as restored that was opened, and to open one (again) whose watcher does not
read an epoch outside that names its site with the given number (that it was opened with).
"""

import http.client
import json
import os
import socket
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: mark
short_description: Write the mark of a host, or refuse by it
description:
  - The mark says which run built the host, to which recovery point its data was restored,
    and whether and when it was opened to customers. A restore refuses an opened host.
  - Closing keeps the time of the opening, because a host that customers wrote to once
    stays a host that no restore may wipe.
options:
  act:
    description:
      - C(built) writes a mark where there is none. C(unopened) changes nothing and refuses a host
        that was opened. C(restored) records a recovery point. C(open) opens with an epoch, once
        the watcher reads it outside. C(close) closes and keeps the history. C(reopen) takes that
        back with the epoch that it was opened with; it refuses a host that never was.
    choices: [built, unopened, restored, open, close, reopen]
    required: true
    type: str
  run:
    description: The run that acts.
    type: str
  recovery_point:
    description: What the data was restored to (with C(restored)).
    type: str
  timeline:
    description: The timeline that was restored (with C(restored)).
    type: int
  epoch:
    description: The number of the epoch that the host is opened with (with C(open)).
    type: int
  socket:
    description: The socket of the epoch watcher (with C(open) and C(reopen)).
    type: path
    default: /run/drkit/epoch.sock
  path:
    description: The file.
    type: path
    default: /var/lib/drkit/mark.json
author: drkit
"""

EXAMPLES = r"""
- name: Refuse a host that was opened to customers
  drkit.recovery.mark:
    act: unopened
"""

RETURN = r"""
mark:
  description: The mark after the act; every field is null where there is none.
  type: dict
  returned: always
"""

EMPTY: dict[str, Any] = {
    "run": None,
    "recovery_point": None,
    "timeline": None,
    "opened": None,
    "epoch": None,
    "closed": None,
}


def wanted(mark: dict[str, Any], params: dict[str, Any], now: str) -> dict[str, Any]:
    """Return the mark as it should be after the act. Raises ValueError where the act is refused."""
    match params["act"]:
        case "built" if mark["run"] is None:
            return mark | {"run": params["run"]}
        case "unopened" | "restored" if mark["opened"]:
            raise ValueError(
                f"this host was opened to customers at {mark['opened']}; a restore would wipe "
                "what they did. Rebuild into a new generation instead"
            )
        case "restored":
            point = {"recovery_point": params["recovery_point"], "timeline": params["timeline"]}
            if all(mark[key] == value for key, value in point.items()):
                return mark
            return mark | point | {"run": params["run"]}
        case "open" if not (mark["opened"] and mark["epoch"] == params["epoch"]) or mark["closed"]:
            return mark | {
                "opened": mark["opened"] or now,
                "epoch": params["epoch"],
                "closed": None,
            }
        case "close" if mark["opened"] and not mark["closed"]:
            return mark | {"closed": now}
        case "reopen" if not mark["opened"]:
            raise ValueError("this host was never opened to customers: only a cutover opens it")
        case "reopen":
            return mark | {"closed": None}
        case _:
            return mark


def watcher(path: str) -> dict[str, Any]:
    """Return what the epoch watcher knows. Raises OSError, ValueError where it does not answer."""
    connection = http.client.HTTPConnection("localhost", timeout=3)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection.sock:
        connection.sock.settimeout(3)
        connection.sock.connect(path)
        connection.request("GET", "/state")
        return dict(json.loads(connection.getresponse().read()))


def require_epoch(path: str, number: int, patience: float = 10.0) -> None:
    """Wait until the watcher reads this epoch and it names the site. Raises ValueError if not."""
    until, seen = time.monotonic() + patience, "the epoch watcher does not answer"
    while time.monotonic() < until:
        try:
            told = watcher(path)
        except (OSError, ValueError) as error:
            seen = f"the epoch watcher does not answer: {error}"
        else:
            if told["epoch"] == number and told["ours"] and told["state"] != "fenced":
                return
            seen = f"the watcher reads epoch {told['epoch']}, of this site: {told['ours']}; "
            seen += f"{told['state']} {told['reason']} {told['error']}".strip()
        time.sleep(0.2)
    raise ValueError(f"not opened with epoch {number}: {seen}. Raise the epoch for this site first")


def load(path: Path) -> dict[str, Any]:
    """Return the mark in the file, or an empty one where there is no file."""
    try:
        return {**EMPTY, **json.loads(path.read_text())}
    except FileNotFoundError:
        return dict(EMPTY)


def store(path: Path, mark: dict[str, Any]) -> None:
    """Write the mark so that a crash leaves the old or the new one, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".wanted")
    with temporary.open("w") as file:
        file.write(json.dumps(mark, indent=1) + "\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.chmod(0o644)
    temporary.replace(path)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "act": {
                "choices": ["built", "unopened", "restored", "open", "close", "reopen"],
                "required": True,
            },
            "run": {"type": "str"},
            "recovery_point": {"type": "str"},
            "timeline": {"type": "int"},
            "epoch": {"type": "int"},
            "socket": {"type": "path", "default": "/run/drkit/epoch.sock"},
            "path": {"type": "path", "default": "/var/lib/drkit/mark.json"},
        },
        required_if=[
            ("act", "built", ["run"]),
            ("act", "restored", ["run", "recovery_point"]),
            ("act", "open", ["epoch"]),
        ],
        supports_check_mode=True,
    )
    path = Path(module.params["path"])
    try:
        before = load(path)
        if module.params["act"] == "open":
            require_epoch(module.params["socket"], module.params["epoch"])
        elif module.params["act"] == "reopen" and before["opened"]:
            require_epoch(module.params["socket"], before["epoch"])
        after = wanted(before, module.params, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    except ValueError as error:
        module.fail_json(msg=f"{path}: {error}")
    if after != before and not module.check_mode:
        store(path, after)
    module.exit_json(changed=after != before, mark=after, diff={"before": before, "after": after})


if __name__ == "__main__":
    main()
