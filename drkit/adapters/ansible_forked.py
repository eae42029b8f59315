"""ansible-playbook as a fork of this process, where that has read Ansible already.

A start of its own reads it again for each playbook: 0.7 s of a core (measured, ansible-core 2.19).
ansible-runner starts it by pexpect, which lets its caller act in the child before the command is
executed; here the child runs the command itself and never comes back. Where Ansible was not read,
or by other settings, the command is executed as ever.
"""

from __future__ import annotations

import atexit
import importlib
import os
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from drkit import processes
from drkit.adapters import ansible_ahead

_NO_PLUGINS = {"library": "MODULE", "module_utils": "MODULE_UTILS"}
"""Folders that are named otherwise than their setting; all others are KIND_plugins."""
_read_by: dict[str, str] = {}
_read_in: dict[str, str] = {}
"""The whole environment at that time."""
_read_files: list[tuple[object, ...]] = []
"""The state of its file of settings at that time."""


def read_ansible(settings: Mapping[str, str]) -> None:
    """Read Ansible by ``settings``, variables of its environment: some of them it takes for good
    (the strategy, the limit of a connection). Raises ImportError, also where it has been read.
    """
    if "ansible.constants" in sys.modules:
        raise ImportError("Ansible was read before, by other settings")
    before = dict(os.environ)
    os.environ.update(settings)
    try:
        importlib.import_module("ansible.cli.playbook")
        importlib.import_module("ansible.executor.playbook_executor")
        mitogen = bool(settings.get("ANSIBLE_STRATEGY_PLUGINS"))
        if mitogen:
            importlib.import_module("ansible_mitogen.strategy")
        ansible_ahead.read_ahead(mitogen=mitogen)
    finally:
        os.environ.clear()
        os.environ.update(before)
    _read_by.update(settings)
    _read_in.update({**before, **settings})
    _read_files.append(_state_of(sys.modules["ansible.constants"].config._config_file))  # noqa: SLF001


@contextmanager
def forked_playbooks(settings: Mapping[str, str]) -> Iterator[None]:
    """Within: what ansible-runner starts is a fork, if Ansible was read by these ``settings``."""
    if _read_by != settings:
        yield
        return
    import pexpect  # type: ignore[import-untyped]

    spawn = pexpect.spawn

    def fork(command: str, args: Sequence[str], *, env: Mapping[Any, Any], **options: Any) -> Any:
        play = partial(_play, [command, *args], env)
        return spawn(command, list(args), env=env, preexec_fn=play, **options)

    pexpect.spawn = fork
    try:
        yield
    finally:
        pexpect.spawn = spawn


def _play(arguments: Sequence[str], environment: Mapping[Any, Any]) -> NoReturn:
    """Run ``ansible-playbook`` with ``arguments`` to its end, as if it had been started."""
    processes.close_inherited()  # one of them tells pexpect that the command has begun
    atexit._clear()  # noqa: SLF001 - what its parent would do at its end is not the child's to do
    os.environ.clear()
    for name, value in environment.items():
        os.environ[os.fsdecode(name)] = os.fsdecode(value)
    sys.argv = list(arguments)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - they stay, as an interpreter's own do
    sys.stdout, sys.stderr = (open(fd, "w", closefd=False) for fd in (1, 2))  # noqa: SIM115
    code: object = 1
    try:
        _configure()
        from ansible.cli.playbook import PlaybookCLI

        PlaybookCLI.cli_executor(sys.argv)
    except SystemExit as end:
        code = end.code or 0
    except BaseException:  # noqa: BLE001 - this is the whole program
        traceback.print_exc()
    atexit._run_exitfuncs()  # noqa: SLF001 - as an interpreter does, which is not to end here
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 1)


def _state_of(file: bytes | str | None) -> tuple[object, ...]:
    """What tells that a file was written since: another path, time or size."""
    if file is None:
        return ()
    path = Path(os.fsdecode(file))
    found = path.stat()
    return (path, found.st_mtime_ns, found.st_size)


def _configure() -> None:
    """Let Ansible take what differs between tries: folders, callbacks, the cache of facts."""
    from ansible import constants
    from ansible.config.manager import find_ini_config_file
    from ansible.plugins import loader

    config = constants.config
    if _state_of(find_ini_config_file()) not in _read_files:
        importlib.reload(constants)
    else:
        here = {name for name, _ in os.environ.items() ^ _read_in.items()}
        for setting, definition in config.get_configuration_definitions().items():
            if here.intersection(entry["name"] for entry in definition.get("env", ())):
                value = config.get_config_value(setting, variables=vars(constants))
                constants.set_constant(setting, value)
    for found in vars(loader).values():
        if isinstance(found, loader.PluginLoader):
            kind = _NO_PLUGINS.get(found.subdir, found.subdir.removesuffix("_plugins").upper())
            paths = getattr(constants, f"DEFAULT_{kind}_PLUGIN_PATH", None)
            paths = paths or getattr(constants, f"DEFAULT_{kind}_PATH", None)
            if paths and paths != found.config:
                found.config = paths if isinstance(paths, list) else [paths]
                found._clear_caches()  # noqa: SLF001 - as Ansible does where a path is added
