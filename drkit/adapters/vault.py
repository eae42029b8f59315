"""The shop's secrets: an Ansible Vault file, opened with a password that a command prints."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from datetime import timedelta

import yaml

from drkit import processes
from drkit.errors import ConfigurationError, DrkitError, Problem
from drkit.model.plan import Plan
from drkit.ports import Secret

_LIMIT = timedelta(seconds=20)
_OURS = ("ssh_key", "pulumi_passphrase")
"""What drkit itself reads; the rest is the shop's."""


def open_vault(plan: Plan) -> Mapping[str, Secret]:
    """Every entry of the plan's vault. Raises ConfigurationError that says which part failed."""
    path = plan.root / plan.secrets.vault
    try:
        sealed = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"the vault {plan.secrets.vault} cannot be read: {error.strerror}",
            remedy="make one with `ansible-vault create`; for the sandbox: `drkit sandbox secrets`",
        ) from error
    try:
        opened = yaml.safe_load(_decrypt(sealed, _password(plan)))
    except yaml.YAMLError:  # without its words: they quote what is in the vault
        opened = None
    if not isinstance(opened, dict):
        raise ConfigurationError(
            f"the vault {plan.secrets.vault} is no mapping of names to values",
            remedy="see `ansible-vault edit`: one `name: value` a line",
        )
    return {_name(name): Secret(_value(str(name), value)) for name, value in opened.items()}


def missing_entries(vault: Mapping[str, Secret]) -> tuple[Problem, ...]:
    """One problem for each entry that drkit itself reads, and that is not there."""
    return tuple(
        Problem(
            place="secrets",
            message=f"the vault has no `{name}`",
            remedy="put it there: docs/how-to/write-your-plan.md says what drkit itself needs",
        )
        for name in _OURS
        if name not in vault
    )


def _name(name: object) -> str:
    if isinstance(name, str):
        return name
    raise ConfigurationError(
        f"the vault has an entry whose name is no text for YAML: {name!r}",
        remedy="put the name into quotes with `ansible-vault edit`",
    )


def _value(name: str, value: object) -> str:
    """YAML makes 5349 of an unquoted 012345, True of yes, and nothing of an empty value: refused,
    because the shop would be given another secret than the one that was written.
    """
    if isinstance(value, str):
        return value
    # without the value itself: it is a secret, whatever YAML made of it
    what = "has no value" if value is None else f"is no text for YAML ({type(value).__name__})"
    raise ConfigurationError(
        f"the entry `{name}` of the vault {what}",
        remedy=f'put the value into quotes with `ansible-vault edit`: {name}: "..."',
    )


def _password(plan: Plan) -> str:
    try:
        command = shlex.split(plan.secrets.password_command)
    except ValueError:
        command = []
    if not command:
        raise ConfigurationError(
            f"`{plan.secrets.password_command}` is no command",
            remedy="write one into `secrets.password.command` of the plan, quotes closed",
        )
    try:
        answer = processes.run(command, limit=_LIMIT, cwd=plan.root)
    except DrkitError as error:
        raise ConfigurationError(
            f"the vault's password is not to be had: {error}",
            remedy="check `secrets.password.command` of the plan",
        ) from error
    if answer.code or not answer.out.strip():
        raise ConfigurationError(
            f"`{plan.secrets.password_command}` gave no password (exit {answer.code})",
            remedy=answer.err.strip()[-200:] or "run it by hand and see",
        )
    return answer.out.rstrip("\n")


def _decrypt(sealed: bytes, password: str) -> bytes:
    from drkit.adapters.ansible_vault import NotOpened, opened

    try:
        return opened(sealed, password.encode())
    except NotOpened as error:
        raise ConfigurationError(
            "the vault does not open with this password",
            remedy="check `secrets.password.command`, and that the file is the right one",
        ) from error
