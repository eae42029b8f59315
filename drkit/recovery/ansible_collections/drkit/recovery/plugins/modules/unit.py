"""Runs long work as a named systemd unit, and looks before it starts anything.

Decides: adopt the work that already runs, collect its result, or start it. Refuses to take the
result of other work for ours: the description, which names the run, must be the same.
"""

import json
import time
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: unit
short_description: Run long work as a named systemd unit and wait for it
description:
  - Killing the controller or losing the ssh line does not stop the work; the next call with the
    same description finds it running and waits on, or finds it ended and collects the result.
  - Use it with C(until) on C(ended), so that no single call lasts longer than I(wait).
  - A unit of the same name and another description is stopped first.
options:
  name:
    description: Name of the unit, without C(.service).
    required: true
    type: str
  description:
    description: What is done and for which run; says whether a found unit is ours.
    required: true
    type: str
  argv:
    description: The work.
    required: true
    type: list
    elements: str
  user:
    description: Who does it.
    default: root
    type: str
  result:
    description:
      - The file that the work writes, a JSON object; C(changed) and C(error) in it are honoured.
        Work without one changes something and fails by its exit status.
    type: path
  wait:
    description: Seconds that one call waits.
    default: 20
    type: int
author: drkit
"""

EXAMPLES = r"""
- name: Restore the database
  drkit.recovery.unit:
    name: drkit-restore-orders-db
    description: restore orders-db to latest (run 20260101-1)
    argv: [/usr/local/lib/drkit/drkit_postgres.py, restore]
    result: /var/lib/drkit/stores/orders-db.result.json
  register: restored
  until: restored.ended
  retries: 1000
  delay: 1
"""

RETURN = r"""
ended:
  description: Whether the work is over.
  type: bool
  returned: always
result:
  description: The object that the work wrote.
  type: dict
  returned: when it is over
progress:
  description: The last line that the work said.
  type: str
  returned: always
"""

RUNNING = frozenset({"activating", "reloading", "deactivating"})


def show(module: AnsibleModule, name: str) -> dict[str, str]:
    """Return what systemd knows of the unit; `ActiveState` is inactive where it knows nothing."""
    keys = "Description,ActiveState,SubState,Result,Job"
    _, out, _ = module.run_command(
        ["systemctl", "show", f"{name}.service", f"--property={keys}"], check_rc=True
    )
    return dict(line.split("=", 1) for line in out.splitlines() if "=" in line)


def runs(state: dict[str, str]) -> bool:
    """Say whether the work is under way, or about to be: until systemd has got round to a unit that
    was started without waiting, it is as inactive as one that nobody started."""
    return state["ActiveState"] in RUNNING or state.get("Job", "0") not in {"", "0"}


def forget(module: AnsibleModule, name: str) -> None:
    """Stop the unit and let systemd forget it, so that its name is free."""
    module.run_command(["systemctl", "stop", f"{name}.service"])
    module.run_command(["systemctl", "reset-failed", f"{name}.service"])


def start(module: AnsibleModule) -> None:
    """Start the work. Its old result is removed first, so that none can be mistaken for the new."""
    params = module.params
    if params["result"]:
        Path(params["result"]).unlink(missing_ok=True)
    module.run_command(
        [
            "systemd-run",
            "--no-block",
            "--quiet",
            f"--unit={params['name']}",
            f"--description={params['description']}",
            "--service-type=oneshot",
            "--remain-after-exit",
            f"--uid={params['user']}",
            *params["argv"],
        ],
        check_rc=True,
    )


def said(module: AnsibleModule, name: str, lines: int) -> str:
    """Return the last lines that the work said."""
    _, out, _ = module.run_command(
        ["journalctl", f"--unit={name}.service", f"--lines={lines}", "--output=cat", "--no-pager"]
    )
    return str(out).strip()


def collect(module: AnsibleModule, state: dict[str, str]) -> dict[str, Any]:
    """Return the outcome of work that is over; failed where it ended badly without a word."""
    name, path = module.params["name"], module.params["result"]
    result: dict[str, Any] = {"changed": True}
    if path and Path(path).exists():
        result = json.loads(Path(path).read_text())
    elif path or state["Result"] != "success":
        words = said(module, name, 15)
        reason = f"{name} ended ({state['Result']}) without a result: {words}"
        return {"failed": True, "changed": True, "ended": True, "msg": reason, "progress": words}
    outcome = {"ended": True, "changed": bool(result.get("changed")), "result": result}
    if error := result.get("error"):
        outcome |= {"failed": True, "msg": f"{module.params['description']}: {error}"}
    return outcome | {"progress": ""}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "description": {"type": "str", "required": True},
            "argv": {"type": "list", "elements": "str", "required": True},
            "user": {"type": "str", "default": "root"},
            "result": {"type": "path"},
            "wait": {"type": "int", "default": 20},
        }
    )
    params = module.params
    state = show(module, params["name"])
    ours = state.get("Description") == params["description"]
    if not ours or (state["ActiveState"] == "inactive" and not runs(state)):
        forget(module, params["name"])
        start(module)
        state = show(module, params["name"])
    until = time.monotonic() + params["wait"]
    while runs(state) and time.monotonic() < until:
        time.sleep(0.1)
        state = show(module, params["name"])
    if runs(state):
        module.exit_json(changed=False, ended=False, progress=said(module, params["name"], 1))
    outcome = collect(module, state)
    forget(module, params["name"])
    if outcome.get("failed"):
        module.fail_json(**outcome)
    module.exit_json(**outcome)


if __name__ == "__main__":
    main()
