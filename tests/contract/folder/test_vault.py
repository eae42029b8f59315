"""The vault: its values are the texts that were written, or it is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret

from drkit.adapters.ansible_vault import NotOpened, opened
from drkit.adapters.vault import open_vault
from drkit.errors import ConfigurationError
from drkit.model.plan import Plan
from tests.fakes.documents import plan_at

SECRET = VaultSecret(b"open sesame")


def shop_with(root: Path, held: str) -> Plan:
    (root / "password").write_text("open sesame\n")
    sealed = VaultLib([("default", VaultSecret(b"open sesame"))]).encrypt(held)
    (root / "secrets.yml").write_bytes(sealed)
    return plan_at(root)


def test_text_is_given_as_it_was_written(tmp_path: Path) -> None:
    vault = open_vault(shop_with(tmp_path, "pin: '012345'\nword: yes please\nnone: ''\n"))
    assert {name: secret.reveal() for name, secret in vault.items()} == {
        "pin": "012345",
        "word": "yes please",
        "none": "",
    }


@pytest.mark.parametrize(
    "written", ["012345", "5349", "yes", "", "1.5", "2026-03-14", "[a, b]", "{a: b}"]
)
def test_what_yaml_makes_something_else_of_is_refused_with_its_name(
    tmp_path: Path, written: str
) -> None:
    plan = shop_with(tmp_path, f"word: fine\npin: {written}\n")
    with pytest.raises(ConfigurationError, match="the entry `pin` of the vault") as refused:
        open_vault(plan)
    assert 'pin: "..."' in refused.value.remedy
    assert "5349" not in str(refused.value), "the value stays a secret"


@pytest.mark.parametrize("name", ["", "default", "night-shift"])
def test_what_ansible_has_sealed_is_opened_whatever_the_password_is_called(name: str) -> None:
    held = "no line end, and more than a block: ä€" + "x" * 99
    with_name = VaultLib([(name or "default", SECRET)])
    sealed = with_name.encrypt(held, secret=SECRET, vault_id=name or None)
    assert opened(sealed, SECRET.bytes).decode() == held
    # as an editor of another system, or a copy from a terminal, leaves it
    assert opened(sealed.replace(b"\n", b"\r\n"), SECRET.bytes).decode() == held


def damaged(sealed: bytes) -> dict[str, bytes]:
    header, first, *rest = sealed.splitlines()
    turned = bytes([first[-1] ^ 1])
    return {
        "plain": b"ssh_key: k\n",
        "nothing": b"",
        "newer": sealed.replace(b";1.1;", b";2.0;"),
        "another cipher": sealed.replace(b";AES256", b";AES"),
        "cut off": sealed[: len(sealed) // 2],
        "changed": b"\n".join([header, first[:-1] + turned, *rest]),
    }


@pytest.mark.parametrize("how", damaged(b"h\nff\n"))
def test_what_is_no_vault_or_not_whole_is_not_opened(how: str) -> None:
    sealed = VaultLib([("default", SECRET)]).encrypt("ssh_key: k\n")
    with pytest.raises(NotOpened):
        opened(damaged(sealed)[how], SECRET.bytes)


def test_another_password_opens_nothing_and_is_told(tmp_path: Path) -> None:
    plan = shop_with(tmp_path, "word: fine\n")
    (tmp_path / "password").write_text("open poppy\n")
    with pytest.raises(ConfigurationError, match="does not open with this password"):
        open_vault(plan)


def test_a_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="name is no text"):
        open_vault(shop_with(tmp_path, "yes: word\n"))
