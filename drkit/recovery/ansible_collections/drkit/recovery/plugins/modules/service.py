"""Has units run with what is written on disk; decides whether one must restart, reload or start.
Or has them stand still, until they are to run again.

A unit that M(drkit.recovery.files) marked as pending has not taken up its files: it is restarted or
reloaded, whether they were written now or by a try that died, and only then the mark goes. Replaces
"restart if the files changed", which forgets the restart when it dies before it.
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: service
short_description: Have units run with the files that they read
description:
  - A unit that is marked as pending takes up its files; the mark is removed afterwards.
  - A unit that has nothing to take up is left alone, or started where it is to run and does not.
options:
  names:
    description: The units; C(.service) may be left out.
    required: true
    type: list
    elements: str
  pending:
    description:
      - What a unit needs in order to take up new files. One that knows no reload is restarted.
    choices: [restarted, reloaded]
    default: restarted
    type: str
  running:
    description: Whether the units are to run, now and after each boot.
    default: true
    type: bool
  stopped:
    description:
      - Whether the units are to stand still now, whatever I(running) says. What happens at the next
        boot stays as it is, and so does what they have not taken up.
    default: false
    type: bool
author: drkit
"""

EXAMPLES = r"""
- name: Run the service with what was written
  drkit.recovery.service:
    names: [shop-orders]
"""

RETURN = r"""
done:
  description: What was done, as systemctl was told it.
  type: list
  returned: always
"""

PENDING = Path("/run/drkit-pending")


class Failed(Exception):
    """systemctl refused; the message is what it said."""


class Unit:
    """One unit, by its name."""

    def __init__(self, module: AnsibleModule, name: str) -> None:
        self._module, self._name = module, name
        self._mark = PENDING / name
        self.done: list[str] = []

    def take_up(self, how: str) -> None:
        """Take up pending files, if there are any."""
        if not self._mark.exists():
            return
        self._do("daemon-reload")
        self._do("reload-or-restart" if how == "reloaded" else "restart", self._name)
        if not self._module.check_mode:
            self._mark.unlink(missing_ok=True)

    def run(self) -> None:
        """Run now and after each boot."""
        if not self._is_enabled():
            self._do("enable", "--no-reload", self._name)  # take_up has reloaded
        if not self._is("is-active"):
            self._do("start", self._name)
        if not self._module.check_mode:
            # Restarts are counted from here: those while the database was away, for one, are no
            # sign of how it runs now. Of a unit that is not loaded there is none to forget.
            self._module.run_command(["systemctl", "reset-failed", self._name])

    def stop(self) -> None:
        """Stand still now."""
        if self._is("is-active"):
            self._do("stop", self._name)

    def _is_enabled(self) -> bool:
        """Also after a boot: what Debian's generator enables for PostgreSQL is so until then, and
        waits for a unit that may be disabled.
        """
        status, said, _ = self._module.run_command(["systemctl", "is-enabled", self._name])
        return bool(status == 0) and said.strip() != "enabled-runtime"

    def _is(self, question: str) -> bool:
        status, _, _ = self._module.run_command(["systemctl", question, "--quiet", self._name])
        return bool(status == 0)

    def _do(self, *words: str) -> None:
        self.done.append(" ".join(words))
        if self._module.check_mode:
            return
        status, said, wrong = self._module.run_command(["systemctl", *words])
        if status:
            raise Failed(f"systemctl {' '.join(words)}: {wrong.strip() or said.strip()}")


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "names": {"type": "list", "elements": "str", "required": True},
            "pending": {"choices": ["restarted", "reloaded"], "default": "restarted"},
            "running": {"type": "bool", "default": True},
            "stopped": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    params: dict[str, Any] = module.params
    done: list[str] = []
    for name in params["names"]:
        unit = Unit(module, name)
        try:
            if params["stopped"]:
                unit.stop()
                done += unit.done
                continue
            unit.take_up(params["pending"])
            if params["running"]:
                unit.run()
        except Failed as error:
            module.fail_json(msg=str(error), changed=bool(done + unit.done))
        done += unit.done
    module.exit_json(changed=bool(done), done=done)


if __name__ == "__main__":
    main()
