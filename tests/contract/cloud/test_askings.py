"""What people were asked before something is destroyed, and what counts of what they said: nobody's
no is lost, and no yes is taken for another asking's.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from drkit.adapters.answers import Answer, broken_codes, plan_digest, put_answer, sign
from drkit.adapters.break_glass import seal_name
from drkit.adapters.cloud import client
from drkit.adapters.lease import free_for, holder_here, take
from drkit.adapters.outside_store import OutsideStore, Stored
from drkit.adapters.removals import ask_removal, drop_removal, read_removal
from drkit.api import ready
from drkit.errors import AnswerRefused, ConfigurationError, Exit, RunBusy
from drkit.model.readiness import About
from drkit.ports import World
from tests.contract.cloud.opened import Write
from tests.contract.cloud.places import Place
from tests.contract.cloud.test_agreed_reaping import CODE, OLD, PEOPLE, REASON, Owners
from tests.fakes.clock import START


@pytest.fixture
def owners(world: World, shop: Write, tmp_path: Path) -> Owners:
    return Owners(world, shop, tmp_path)


def test_who_has_another_plan_than_whoever_asked_is_told_so_and_leaves_no_answer(
    owners: Owners, destroyed: list[str]
) -> None:
    owners.reaps(*REASON)
    owners.has(*PEOPLE, codes=True)
    for word in ("refuse", "approve"):
        said = owners.says(word, "cy").exception
        assert isinstance(said, AnswerRefused)
        assert "they were asked by another plan" in str(said)
        assert "have the same plan as" in said.remedy
    owners.has(*PEOPLE)
    assert owners.says("refuse", "cy").return_value == 0
    assert owners.reaps(*REASON).return_value == Exit.UNKNOWN
    assert destroyed == []


def test_a_no_stands_though_the_plan_was_changed_since(
    owners: Owners, destroyed: list[str]
) -> None:
    owners.reaps(*REASON)
    owners.says("refuse", "cy", "--comment", "the auditors come")
    owners.has(*PEOPLE, codes=True)
    owners.says("approve", "ana")
    said = owners.reaps(*REASON)
    assert said.return_value == Exit.UNKNOWN
    assert "cy (lead) refused: the auditors come" in said.output
    assert destroyed == []


def test_a_no_that_names_another_plan_is_a_no(owners: Owners, destroyed: list[str]) -> None:
    """Left by a drkit that did not look which plan was asked about."""
    owners.reaps(*REASON)
    owners.says("approve", "ana")
    other = Answer(
        run=owners.asked,
        step="destroy",
        plan=plan_digest({"shop": "another"}),
        person="cy",
        consent=False,
        comment="",
        at=START,
    )
    store = OutsideStore(owners.world, owners.plan)
    put_answer(store, OLD.region, sign(other, owners.keys / "cy"))
    assert owners.reaps(*REASON).return_value == Exit.UNKNOWN
    assert destroyed == []


def test_under_another_plan_they_are_asked_anew(owners: Owners, destroyed: list[str]) -> None:
    owners.reaps(*REASON)
    owners.says("approve", "ana")
    owners.says("approve", "cy")
    before = owners.asked
    owners.has(*PEOPLE, codes=True)
    assert "they were asked by another plan; the next" in owners.lists().output
    assert owners.reaps(*REASON).return_value == Exit.WAITS
    assert owners.asked != before
    owners.says("approve", "ana")
    assert owners.reaps(*REASON).return_value == Exit.WAITS
    assert destroyed == []
    owners.says("approve", "cy")
    owners.reaps(*REASON)
    assert destroyed == [OLD.name]


def two_say_yes_and_zoe_no(owners: Owners) -> None:
    owners.people["zoe"] = ["lead"]
    owners.has(*owners.people)
    owners.reaps(*REASON)
    for word, person in (("approve", "ana"), ("approve", "cy"), ("refuse", "zoe")):
        owners.says(word, person)


def test_two_yes_destroy_nothing_while_a_third_answer_cannot_be_read(
    owners: Owners, destroyed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    two_say_yes_and_zoe_no(owners)
    read = OutsideStore.read

    def all_but_zoes(store: OutsideStore, key: str) -> Stored | None:
        if "/zoe." in key:
            raise ConfigurationError("the bucket is slow", remedy="wait")
        return read(store, key)

    with monkeypatch.context() as patched:
        patched.setattr(OutsideStore, "read", all_but_zoes)
        said = owners.reaps(*REASON).exception
    assert isinstance(said, ConfigurationError)
    assert "one may be a no; nothing was touched: the bucket is slow" in str(said)
    assert owners.reaps(*REASON).return_value == Exit.UNKNOWN
    assert destroyed == []


def test_two_yes_destroy_nothing_where_a_third_answer_was_spoiled(
    owners: Owners, destroyed: list[str]
) -> None:
    two_say_yes_and_zoe_no(owners)
    store = OutsideStore(owners.world, owners.plan)
    asked = read_removal(store, OLD)
    assert asked is not None
    place = f"answers/{OLD.region}/{asked.name}/destroy/"
    [zoes] = [f"{place}{name}" for name in store.names(place) if name.startswith("zoe.")]
    s3 = client(owners.world, "s3", owners.plan.outside.region)
    s3.put_object(Bucket=owners.plan.outside.state, Key=zoes, Body=b"{}")
    said = owners.reaps(*REASON).exception
    assert isinstance(said, ConfigurationError)
    assert f"{zoes} in the bucket outside is no answer" in str(said)
    assert "its earlier versions" in said.remedy
    assert destroyed == []


def test_what_nobody_did_for_a_week_is_asked_anew(owners: Owners, destroyed: list[str]) -> None:
    owners.reaps(*REASON)
    owners.says("approve", "ana")
    owners.says("approve", "cy")
    store = OutsideStore(owners.world, owners.plan)
    for days, ends in ((8, Exit.WAITS), (6, Exit.OK)):
        asked = read_removal(store, OLD)
        assert asked is not None
        drop_removal(store, OLD)
        ask_removal(store, replace(asked, at=datetime.now(UTC) - timedelta(days=days)))
        if ends is Exit.WAITS:
            said = owners.says("approve", "ana").exception
            assert "they were asked more than 7 days ago" in str(said)
        assert owners.reaps(*REASON).return_value == ends
        owners.says("approve", "ana")
        owners.says("approve", "cy")
    assert destroyed == [OLD.name]


def test_each_agreement_is_on_record(owners: Owners, destroyed: list[str]) -> None:
    store = OutsideStore(owners.world, owners.plan)
    for codes in (False, True):
        owners.has(*PEOPLE, codes=codes)
        owners.reaps(*REASON)
        owners.says("approve", "ana")
        owners.says("approve", "cy")
        owners.reaps(*REASON)
        assert f"{owners.asked}.json" in list(store.names(f"reaped/{OLD.region}/"))
    assert len(list(store.names(f"reaped/{OLD.region}/"))) == 2
    assert destroyed == [OLD.name, OLD.name]


def test_people_answer_without_the_vault_and_while_another_place_holds_the_site(
    owners: Owners, destroyed: list[str]
) -> None:
    owners.reaps(*REASON)
    password = owners.root / "password"
    kept = password.read_text()
    password.write_text("wrong")
    elsewhere = Place(owners.world, owners.plan, "elsewhere")
    there = holder_here(elsewhere.plan.root, region=OLD.region, operator="di@elsewhere")
    lease = take(elsewhere.store, there, free_for(elsewhere.store, OLD.region, there.place))
    assert owners.says("approve", "ana").return_value == 0
    assert isinstance(owners.reaps(*REASON).exception, RunBusy)
    lease.renew(released=True)
    assert owners.says("approve", "cy").return_value == 0
    assert "does not open" in str(owners.reaps(*REASON).exception)
    assert owners.stored("reaped") is None, "nothing was begun"
    password.write_text(kept)
    owners.reaps(*REASON)
    assert destroyed == [OLD.name]


def test_a_code_that_a_reap_used_up_stands_in_for_nobody(owners: Owners) -> None:
    store = OutsideStore(owners.world, owners.has("ana", codes=True))
    owners.reaps(*REASON)
    assert broken_codes(store) == frozenset()
    assert About.PEOPLE not in noted(owners)
    owners.says("approve", "ana", "--break-glass", typed=f"{CODE.reveal()}\n")
    assert broken_codes(store) == {seal_name(owners.plan.break_glass[0])}
    assert About.PEOPLE in noted(owners)


def noted(owners: Owners) -> set[About]:
    [site] = ready(owners.plan, region=OLD.region).sites
    return {finding.about for finding in site.findings}
