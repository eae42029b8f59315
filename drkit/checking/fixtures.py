"""The fixtures of a check, present only where drkit named a site (see :mod:`.plugin`)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from testinfra.host import Host

from drkit.checking.customer import Customer, arrive
from drkit.checking.hosts import Hosts, name
from drkit.checking.reach import Ports
from drkit.checking.site import Site

SITE = pytest.StashKey[Site]()
HOSTS = pytest.StashKey[Hosts]()


@pytest.fixture(scope="session")
def site(pytestconfig: pytest.Config) -> Site:
    """The site that is checked: its target, what was planned, what earlier steps reported."""
    return pytestconfig.stash[SITE]


@pytest.fixture(scope="session")
def hosts(pytestconfig: pytest.Config) -> Hosts:
    """Group → testinfra hosts, by the run's ssh configuration."""
    return pytestconfig.stash[HOSTS]


@pytest.fixture(scope="session")
def ports(hosts: Hosts, site: Site) -> Ports:
    """Tries connections from host to host."""
    return Ports(hosts, site)


@pytest.fixture
def customer(site: Site) -> Iterator[Customer]:
    """A new customer of the public name, marked as a proof."""
    with contextlib.closing(arrive(site)) as one:
        yield one


@pytest.fixture
def host(request: pytest.FixtureRequest) -> Host:
    """One testinfra host; the test says of which groups by ``@pytest.mark.each("app")``."""
    if not hasattr(request, "param"):
        pytest.fail("a test with the fixture host names its groups: @pytest.mark.each('app')")
    chosen: Host = request.param
    return chosen


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    mark = metafunc.definition.get_closest_marker("each")
    if mark is None or "host" not in metafunc.fixturenames:
        return
    try:
        hosts = metafunc.config.stash[HOSTS]
        # a host of two of the groups is one host
        chosen = list(dict.fromkeys(host for group in mark.args for host in hosts[group]))
    except LookupError as error:
        pytest.fail(f"{metafunc.definition.name}: {error.args[0]}", pytrace=False)
    metafunc.parametrize("host", chosen, ids=[name(host) for host in chosen], indirect=True)
