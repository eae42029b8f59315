"""Order numbers over three sites: what a lost one has given out is never given out again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.integration.playbooks.lab import Host, Lab, eventually
from tests.integration.playbooks.player import Played
from tests.integration.playbooks.plays import Site

DISTANCE = 1000
"""As the lab's plan has it."""
NEXT = "SELECT nextval('order_numbers')"


@pytest.fixture(scope="module")
def first(production: Site, copy: Site) -> Iterator[Site]:
    """The serving site, at order 200900 when it was backed up: further than any restore before. It
    and the copy are lost here.
    """
    sell(production, to=200_900)
    backup = replace(production, settings={"backup_type": "diff"}).play("backup")
    assert backup.ok, backup.said
    yield production
    db(production).find_again()
    db(copy).find_again()


def db(site: Site) -> Host:
    return site.groups["db"][0]


def sell(site: Site, *, to: int) -> None:
    """Give out numbers up to this one."""
    db(site).sql(f"SELECT setval('order_numbers', {to})")


def restore(site: Site, to: str | None = None) -> Played:
    played = site.with_store("orders-db", "restore", to=to).play("postgres")
    assert played.ok, played.said
    return played


def outside(lab: Lab) -> dict[str, object]:
    body = lab.s3.get_object(Bucket="state", Key="numbers/orders-db.json")["Body"].read()
    told: dict[str, object] = json.loads(body)
    return told


def test_a_backup_tells_outside_how_far_the_numbers_are(lab: Lab, first: Site) -> None:
    told = outside(lab)
    assert told["served"] == told["highest"] == 200_900 + DISTANCE


def test_a_rebuild_to_before_the_first_loss_repeats_no_number_of_the_second_site(
    lab: Lab, first: Site, copy: Site, third: Site
) -> None:
    then = datetime.now(UTC).isoformat()
    eventually(lambda: datetime.now(UTC).isoformat() > then, within=5)
    db(first).sql("CREATE TABLE later AS SELECT 1 AS n")
    segment = db(first).sql("SELECT pg_walfile_name(pg_current_wal_lsn())")
    db(first).sql("SELECT pg_switch_wal()")
    archived = "SELECT last_archived_wal FROM pg_stat_archiver"
    eventually(lambda: db(first).sql(archived) >= segment, within=60)
    sell(first, to=200_950)
    db(first).lose()

    restore(copy)
    begins = int(db(copy).sql(NEXT))
    assert begins > 200_950
    sell(copy, to=begins + 600)  # and none of these is archived before it is lost
    db(copy).lose()

    restore(third, to=then)
    again = restore(third, to=then)
    assert again.changed == (), "and the second time nothing jumps"
    assert int(db(third).sql(NEXT)) > begins + 600

    # a try that died between the mark outside and the sequence here
    before = outside(lab)
    db(third).sql("DELETE FROM number_jumps; SELECT setval('order_numbers', 200900)")
    mended = restore(third, to=then)
    assert [one.partition(": ")[2] for one in mended.changed] == ["Jump to them"]
    assert outside(lab) == before
    assert int(db(third).sql(NEXT)) > begins + 600
