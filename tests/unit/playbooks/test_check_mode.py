"""Tasks that act in check mode are found, wherever a playbook has them; those that read are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from drkit.adapters.check_mode import acting_tasks
from drkit.recovery import collections_path
from tests.house.files import ROOT

ACTS = "- name: Act\n  ansible.builtin.command: {argv: [x]}\n  check_mode: false\n"
READS = ACTS.replace("Act", "Read") + "  changed_when: false\n"


def write(root: Path, **files: str) -> None:
    for name, text in files.items():
        path = root / "playbooks" / name.replace("__", "/")
        path = path.with_name(f"{path.name}.yml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def indented(text: str, by: str) -> str:
    return "".join(f"{by}{line}\n" for line in text.splitlines())


def play(tasks: str) -> str:
    return "- hosts: all\n  tasks:\n" + indented(tasks, "    ")


def test_a_task_that_acts_is_named_with_its_file_and_one_that_reads_is_not(tmp_path: Path) -> None:
    write(tmp_path, shop=play(ACTS + READS))
    assert acting_tasks(tmp_path, "shop") == ("playbooks/shop.yml: Act",)


@pytest.mark.parametrize(
    "way",
    [
        "- hosts: all\n  roles: [web]\n",
        "- hosts: all\n  roles:\n    - role: web\n",
        play("- ansible.builtin.include_role:\n    name: web\n"),
        play('- ansible.builtin.include_role:\n    name: "{{ kind }}"\n'),
        "- hosts: all\n  roles: [front]\n",
    ],
    ids=["roles", "role", "included", "by a variable", "by another role"],
)
def test_the_roles_of_the_playbook_are_read(tmp_path: Path, way: str) -> None:
    by_web = "- ansible.builtin.import_role:\n    name: web\n"
    write(tmp_path, shop=way, roles__web__tasks__more=ACTS, roles__front__tasks__main=by_web)
    assert acting_tasks(tmp_path, "shop") == ("playbooks/roles/web/tasks/more.yml: Act",)


def test_roles_that_it_does_not_have_are_not_its_own(tmp_path: Path) -> None:
    write(tmp_path, shop="- hosts: all\n  roles: [web]\n", roles__other__tasks__main=ACTS)
    (tmp_path / "playbooks" / "roles" / "web").mkdir()
    assert acting_tasks(tmp_path, "shop") == ()


def test_what_it_imports_and_blocks_and_plays_are_read_as_well(tmp_path: Path) -> None:
    block = "- name: Block\n  check_mode: '{{ x }}'\n  block:\n" + indented(READS, "    ")
    write(
        tmp_path,
        shop="- ansible.builtin.import_playbook: other.yml\n",
        other=play(block + "- ansible.builtin.include_tasks: parts/some.yml\n"),
        parts__some=ACTS,
    )
    assert set(acting_tasks(tmp_path, "shop")) == {
        "playbooks/other.yml: Block",
        "playbooks/parts/some.yml: Act",
    }


def test_what_only_ansible_can_read_is_passed_over(tmp_path: Path) -> None:
    sealed = "  vars: {x: !vault '$ANSIBLE_VAULT', y: !unsafe '{{ z }}'}\n"
    write(tmp_path, shop=play(ACTS + sealed), broken="- [\n")
    assert len(acting_tasks(tmp_path, "shop")) == 1
    assert acting_tasks(tmp_path, "broken") == ()


def test_nothing_of_the_shop_or_of_the_collection_acts_in_check_mode() -> None:
    names = [path.stem for path in (ROOT / "playbooks").glob("*.yml")]
    assert len(names) > 10
    assert {name: acting_tasks(ROOT, name) for name in names} == dict.fromkeys(names, ())
    collection = [f for f in collections_path().rglob("*.yml") if "check_mode" in f.read_text()]
    assert collection == []
