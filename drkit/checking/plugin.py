"""The pytest plugin of drkit: without ``--drkit-context FILE`` it does nothing at all.

pytest loads it wherever drkit is installed, in suites that have never heard of recovery; so it
imports nothing heavy and defines no fixture before it is asked to.
"""

from __future__ import annotations

from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("drkit").addoption(
        "--drkit-context",
        metavar="FILE",
        help="the site to check, as written by drkit; gives the fixtures site, hosts, customer",
    )


def pytest_configure(config: pytest.Config) -> None:
    file = config.getoption("--drkit-context")
    if file is None:
        return
    from drkit.checking import fixtures
    from drkit.checking.hosts import connect
    from drkit.checking.site import read

    config.addinivalue_line(
        "markers", "each(group, ...): run the test once on each host of these groups"
    )
    try:
        site = read(Path(file))
    except (OSError, ValueError, ExceptionGroup) as error:
        raise pytest.UsageError(f"--drkit-context {file}: {error!r}") from error
    _explain_assertions(config)
    config.stash[fixtures.SITE] = site
    config.stash[fixtures.HOSTS] = connect(site)
    config.pluginmanager.register(fixtures, "drkit.checking.fixtures")


def _explain_assertions(config: pytest.Config) -> None:
    """Also in what checks import from each other: pytest itself explains those of tests only."""
    for argument in config.args:
        path = Path(argument)
        if path.is_relative_to(config.rootpath):
            pytest.register_assert_rewrite(path.relative_to(config.rootpath).parts[0])


def pytest_unconfigure(config: pytest.Config) -> None:
    if config.getoption("--drkit-context", default=None) is None:
        return
    from drkit.checking import fixtures

    hosts = config.stash.get(fixtures.HOSTS, None)
    if hosts is not None:
        hosts.close()
