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


@pytest.mark.parametrize(
    "roles",
    [
        {"web__meta__main": "dependencies: [danger]\n", "danger__tasks__main": ACTS},
        {"web__meta__main": "dependencies:\n  - role: danger\n", "danger__handlers__main": ACTS},
        {
            "web__meta__main": 'dependencies: ["{{ of }}"]\n',
            "danger__tasks__main": ACTS,
        },
        {
            "web__tasks__main": "- ansible.builtin.include_tasks: ../common/a.yml\n",
            "web__common__a": ACTS,
        },
    ],
    ids=["dependency", "its handlers", "by a variable", "beside its tasks"],
)
def test_what_a_role_needs_is_read(tmp_path: Path, roles: dict[str, str]) -> None:
    files = {f"roles__{name}": text for name, text in roles.items()}
    write(tmp_path, shop="- hosts: all\n  roles: [web]\n", **files)
    [found] = acting_tasks(tmp_path, "shop")
    assert found.endswith(".yml: Act")


@pytest.mark.parametrize(
    "way",
    ["- hosts: all\n  roles: [grp/web]\n", play("- import_role: {name: grp/web}\n")],
)
def test_roles_in_folders_of_roles_are_read(tmp_path: Path, way: str) -> None:
    write(tmp_path, shop=way, roles__grp__web__tasks__deep__more=ACTS)
    assert acting_tasks(tmp_path, "shop") == ("playbooks/roles/grp/web/tasks/deep/more.yml: Act",)


def test_a_role_that_is_a_link_is_read(tmp_path: Path) -> None:
    write(tmp_path, shop="- hosts: all\n  roles: [web]\n")
    write(tmp_path / "elsewhere", tasks__main=ACTS)
    (tmp_path / "playbooks" / "roles").mkdir()
    (tmp_path / "playbooks" / "roles" / "web").symlink_to(tmp_path / "elsewhere" / "playbooks")
    assert acting_tasks(tmp_path, "shop") == ("playbooks/roles/web/tasks/main.yml: Act",)


@pytest.mark.parametrize(
    "way",
    [
        '- ansible.builtin.include_tasks: "tasks/{{ what }}.yml"\n',
        "- include_tasks: 'tasks/{% if x %}deb{% else %}rpm{% endif %}.yml'\n",
        '- include_tasks: "v1.of.{{ what }}.yml"\n',
        '- include_tasks: {file: "{{ item }}"}\n  loop: "{{ files }}"\n',
        '- include_tasks:\n  args: {file: "{{ what }}"}\n',
    ],
)
def test_where_a_name_is_made_of_variables_all_files_are_read_but_other_playbooks(
    tmp_path: Path, way: str
) -> None:
    write(tmp_path, shop=play(way), tasks__deb=ACTS, other=play(ACTS))
    assert acting_tasks(tmp_path, "shop") == ("playbooks/tasks/deb.yml: Act",)


@pytest.mark.parametrize(
    "way",
    [
        '- import_playbook: "{{ what }}.yml"\n',
        play('- include_tasks: "{{ playbook_dir }}/../{{ what }}.yml"\n'),
        play("- include_tasks: ../../elsewhere.yml\n"),
        play("- include_tasks: /srv/elsewhere.yml\n"),
        play("- action: include_tasks elsewhere.yml\n"),
        "- hosts: all\n  roles: [of-the-machine]\n",
        "- hosts: all\n  roles: [../../web]\n",
    ],
)
def test_what_leads_elsewhere_may_act(tmp_path: Path, way: str) -> None:
    write(tmp_path, shop=way, roles__web__tasks__main=READS)
    [found] = acting_tasks(tmp_path, "shop")
    assert found.startswith("playbooks/shop.yml: includes ")
    assert found.endswith(", which cannot be followed")


def test_roles_of_collections_are_not_read(tmp_path: Path) -> None:
    of_collections = play('- import_role: {name: "drkit.recovery.{{ kind }}"}\n')
    write(tmp_path, shop=of_collections, roles__web__tasks__main=ACTS)
    assert acting_tasks(tmp_path, "shop") == ()


def test_a_role_without_tasks_is_one(tmp_path: Path) -> None:
    write(tmp_path, shop="- hosts: all\n  roles: [web]\n", roles__web__vars__main="x: 1\n")
    assert acting_tasks(tmp_path, "shop") == ()


def test_roles_that_it_does_not_have_are_not_its_own(tmp_path: Path) -> None:
    write(
        tmp_path,
        shop="- hosts: all\n  roles: [web]\n",
        roles__web__tasks__main=READS,
        roles__other__tasks__main=ACTS,
    )
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
    collection = [f for f in collections_path().rglob("*.yml") if "check_mode:" in f.read_text()]
    assert collection == []
