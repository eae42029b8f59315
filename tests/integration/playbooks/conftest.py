"""What the tests are played on: brought up by the first that needs it, in whichever file.

The numbers of the files are the order in which little is lost: what ends a site comes last.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.alone import with_others
from tests.integration.playbooks.lab import Lab
from tests.integration.playbooks.plays import PARTS, TOGETHER, Site, database_site, made_of


@pytest.fixture(scope="package", autouse=True)
def gone_at_the_end(lab: Lab) -> Iterator[None]:
    """No host of these tests outlives them."""
    before = lab.names
    yield
    with with_others():
        lab.end(*(name for name in lab.names if name not in before))


@pytest.fixture(scope="module", autouse=True)
def beside_others() -> Iterator[None]:
    """What is played changes this machine; what is brought up for several files does so before."""
    with with_others():
        yield


@pytest.fixture(scope="package")
def shop(lab: Lab) -> Site:
    """The site that serves, with every part of the shop on one host, before it is opened."""
    with with_others():
        lab.forget()
        host = lab.host("shop-a")
        site = Site(lab=lab, groups={part: [host] for part in PARTS})
        for playbooks in TOGETHER:
            played = made_of(site, playbooks).play(*playbooks)
            assert played.ok, f"{playbooks}: {played.said}"
        return site


@pytest.fixture(scope="package")
def production(lab: Lab) -> Site:
    """The site that serves, of which there is only the database, with a full backup outside."""
    with with_others():
        lab.forget()
        site = database_site(lab, "db-a")
        created = site.with_store("orders-db", "create").play("postgres")
        assert created.ok, created.said
        backup = site.play("first-backup")
        assert backup.ok, backup.said
        return site


@pytest.fixture(scope="package")
def copy(lab: Lab, production: Site) -> Site:
    """A site for rebuilds of it, which is opened by the last file only."""
    with with_others():
        return database_site(
            lab, "db-b", name="site-b", bucket="own-b", run="r2", kind="rebuild", epoch=2
        )


@pytest.fixture(scope="package")
def third(lab: Lab, production: Site) -> Site:
    """One more, which is never opened."""
    with with_others():
        return database_site(
            lab, "db-c", name="site-c", bucket="own-c", run="r3", kind="rebuild", epoch=3
        )
