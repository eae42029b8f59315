"""The vault: its values are the texts that were written, or it is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret

from drkit.adapters.vault import open_vault
from drkit.errors import ConfigurationError
from drkit.model.plan import Plan
from tests.fakes.documents import plan_at


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


def test_a_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="name is no text"):
        open_vault(shop_with(tmp_path, "yes: word\n"))
