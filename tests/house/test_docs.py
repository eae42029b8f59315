"""Docs that cannot fall behind: what they name exists, and what they tell to type works.

The page of the plan has tests of its own in test_plan_reference.py.
"""

from __future__ import annotations

import dataclasses
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from drkit.adapters.playbook_vars import playbook_vars
from drkit.model.record import KINDS, Target
from drkit.model.step import Mode, PlaybookWork, RunKind, StoreWork
from drkit.ports import Context, Endpoint, Secret, World
from tests.fakes import plans
from tests.house.files import ROOT, tracked
from tests.house.typed import Typed, cheap, parsed, typed

PAGES = [p for p in tracked() if p.suffix == ".md" and (p.parts[0] == "docs" or len(p.parts) == 1)]
COMMANDS = [found for page in PAGES for found in typed(page, (ROOT / page).read_text())]
LINK = re.compile(r"\]\((?!https?://)([^)\s#]*)(#[^)\s]*)?\)")


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text()


def ids(found: Typed) -> str:
    return f"{found.page}: {' '.join(found.words)}"


def anchors(text: str) -> set[str]:
    """As GitHub makes them of headings."""
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    kept = [re.sub(r"[^\w\- ]", "", title.lower()) for title in titles]
    return {"#" + title.replace(" ", "-") for title in kept}


def test_the_page_of_commands_is_what_the_commands_say() -> None:
    """If this fails: make docs."""
    make = runpy.run_path(str(ROOT / "tools" / "make_docs.py"))
    assert page("reference/cli.md") == make["page"]()


@pytest.mark.parametrize("found", COMMANDS, ids=ids)
def test_every_command_in_the_docs_is_one(found: Typed) -> None:
    parsed(found.words, named=found.named)


@pytest.mark.parametrize("words", sorted({f.words for f in COMMANDS if cheap(f.words)}), ids=str)
def test_what_can_be_typed_anywhere_works(words: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "drkit", *words[1:]]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout


def test_the_docs_tell_enough_to_type() -> None:
    """The guard of the two above: they find commands, and cheap ones among them."""
    assert len(COMMANDS) > 40
    assert {"plan", "doctor"} <= {f.words[1] for f in COMMANDS if cheap(f.words)}
    with pytest.raises(Exception, match="No such option"):
        parsed(("drkit", "rebuild", "--regoin", "eu-west-3"))


@pytest.mark.parametrize("name", PAGES, ids=str)
def test_every_link_leads_somewhere(name: Path) -> None:
    lost = []
    for target, anchor in LINK.findall((ROOT / name).read_text()):
        file = (ROOT / name.parent / target).resolve() if target else ROOT / name
        if not file.exists() or (anchor and anchor not in anchors(file.read_text())):
            lost.append(f"{target}{anchor}")
    assert lost == []


def test_the_index_names_every_page() -> None:
    index = page("README.md")
    missing = [p for p in PAGES if p.parts[0] == "docs" and p.name != "README.md"]
    assert [str(p) for p in missing if f"({p.relative_to('docs')})" not in index] == []


@pytest.mark.parametrize("name", PAGES, ids=str)
def test_every_target_of_make_in_the_docs_is_one(name: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    told = re.findall(r"(?:^    |`|\$ )make ([a-z]+)", (ROOT / name).read_text(), re.MULTILINE)
    assert set(told) <= targets


def test_every_test_that_the_design_names_is_there() -> None:
    named = set(re.findall(r"`(test_\w+)`", page("explanation/design.md")))
    tests = [p for p in tracked() if p.parts[0] == "tests" and p.suffix == ".py"]
    there = {n for p in tests for n in re.findall(r"def (test_\w+)", (ROOT / p).read_text())}
    assert len(named) > 30
    assert named - there == set()


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_of_the_journal_tells_every_kind_and_key(kind: str) -> None:
    found = re.search(
        rf"^### {re.escape(kind)}\n(.*?)(?=^### |\Z)",
        page("reference/journal.md"),
        re.MULTILINE | re.DOTALL,
    )
    assert found, f"no section {kind}"
    told = {
        name for row in re.findall(r"^\| (.*?) \|", found[1], re.MULTILINE) for name in row_of(row)
    }
    assert told == {field.name for field in dataclasses.fields(KINDS[kind])}


def row_of(cell: str) -> list[str]:
    return re.findall(r"`([\w.]+)`", cell)


def context(folder: Path) -> Context:
    """Enough of a run to ask what its playbooks are told."""
    (folder / "proof_ca.crt").write_text("PEM")
    regions = ("eu-west-3", "eu-central-1", "eu-north-1")
    return Context(
        run="r",
        kind=RunKind.REBUILD,
        plan=plans.plan(),
        target=Target(shop="boutique", region="eu-central-1", generation=1),
        world=World(
            account="000000000000",
            endpoints={r: Endpoint(region=r, url=None, name=f"s3.{r}.example") for r in regions},
            key=Secret("key"),
            secret=Secret("secret"),
            ca=None,
            resolver=None,
            pulumi_home=None,
        ),
        folder=folder,
        log=folder / "log",
        facts={"storage": {"bucket": "boutique-own"}},
    )


NAMED_BY_THE_PLAN = {
    "drkit.providers",
    "drkit.stores",
    "drkit.muzzle.answers",
    "drkit.muzzle.providers",
    "secrets",
    "identities",
}
HOSTS = {"edge-1": {"groups": ["edge"], "address": "10.0.0.4", "public": "198.18.0.4"}}
SERVING = Target(shop="boutique", region="eu-west-3", generation=1)


def keys(value: object, path: str) -> Iterator[str]:
    if isinstance(value, dict) and path not in NAMED_BY_THE_PLAN:
        for key, inner in value.items():
            yield from keys(inner, f"{path}.{key}".lstrip("."))
    else:
        yield path


def test_the_page_of_variables_tells_every_one_and_no_other(tmp_path: Path) -> None:
    store = StoreWork(store="orders-db", playbook="postgres", hosts="db", mode=Mode.RESTORE)
    playbook, known = PlaybookWork(playbook="x", hosts="all"), context(tmp_path)
    drill = dataclasses.replace(
        known,
        kind=RunKind.VALIDATE,
        facts={**known.facts, "compute": {"hosts": HOSTS}},
        serving=SERVING,
    )
    given = {
        *keys(playbook_vars(known, store), ""),
        *keys(playbook_vars(known, playbook), ""),
        *keys(playbook_vars(drill, playbook), ""),
    }
    text = page("reference/playbook-variables.md")
    rows = re.findall(r"^\| (`drkit\..*?) \|", text, re.MULTILINE)
    told = {name for row in rows for name in row_of(row)} - {"drkit.store"}
    assert told | {"secrets", "identities"} == given
    assert {"## secrets", "## identities"} <= set(text.splitlines())
