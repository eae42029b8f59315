"""What a suite's end means, with real pytest runs in this process."""

from __future__ import annotations

from pathlib import Path

import pytest

from drkit.adapters.pytest_check import CheckTool
from drkit.errors import StepError
from drkit.model.outcome import Outcome, State
from drkit.model.step import CheckWork
from tests.integration.checking.conftest import Authority
from tests.integration.checking.shop_plan import Yard, make


@pytest.fixture
def yard(tmp_path: Path, authority: Authority) -> Yard:
    return make(tmp_path, authority, secrets={"db_password": "planted-and-secret"})


def _check(yard: Yard, text: str, *, name: str = "checks/test_it.py") -> Outcome:
    work = CheckWork(paths=(yard.write(name, text),))
    return CheckTool(work).do(yard.context, lambda _: None)


def test_all_passed_is_done_and_each_test_is_told(yard: Yard) -> None:
    outcome = _check(yard, "def test_a(): pass\ndef test_b(): pass\n")
    assert outcome.state is State.DONE
    assert (outcome.facts["passed"], outcome.facts["failed"]) == (2, 0)
    tests = outcome.facts["tests"]
    assert isinstance(tests, list)
    assert [test["id"].partition("::")[2] for test in tests] == ["test_a", "test_b"]


def test_a_failed_check_is_a_result_that_says_what_the_assertion_said(yard: Yard) -> None:
    outcome = _check(
        yard, "def test_a():\n    x = 'inactive'\n    assert x == 'active', 'no unit'\n"
    )
    assert outcome.state is State.FAILED
    [failure] = outcome.failures
    assert failure.task == "test_a"
    assert "no unit" in failure.message
    assert "'inactive' == 'active'" in failure.message


@pytest.mark.parametrize(
    "text",
    [
        "import pytest\ndef test_a(): pytest.skip('not today')\n",
        "import pytest\n@pytest.mark.skip\ndef test_a(): pass\n",
        "import pytest\n@pytest.mark.xfail\ndef test_a(): assert False\n",
        "import pytest\n@pytest.mark.xfail(strict=False)\ndef test_a(): pass\n",
        "import pytest\npytest.skip('none of it', allow_module_level=True)\ndef test_a(): pass\n",
        "import pytest\ndef test_a(): pytest.exit('enough', 0)\n",
        "import pytest\n@pytest.fixture\ndef broken(): assert False\ndef test_a(broken): pass\n",
        "import pytest\n@pytest.fixture\ndef late():\n    yield\n    assert False\n"
        "def test_a(late): pass\n",
    ],
)
def test_what_did_not_run_and_pass_is_not_proven(yard: Yard, text: str) -> None:
    outcome = _check(yard, text)
    assert outcome.state is State.FAILED
    assert len(outcome.failures) == 1
    assert outcome.facts["passed"] == 0


def test_one_pass_does_not_hide_a_skip(yard: Yard) -> None:
    outcome = _check(yard, "import pytest\ndef test_a(): pass\ndef test_b(): pytest.skip('x')\n")
    assert outcome.state is State.FAILED
    assert (outcome.facts["passed"], outcome.facts["failed"]) == (1, 1)


def test_neither_environment_nor_configuration_can_take_a_check_out(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", "-k nothing")
    yard.write("pytest.ini", "[pytest]\naddopts = -k nothing\npython_functions = none_*\n")
    assert _check(yard, "def test_a(): assert False\n").state is State.FAILED


def test_a_conftest_that_deselects_leaves_the_check_unproven(yard: Yard) -> None:
    yard.write(
        "checks/conftest.py",
        "def pytest_collection_modifyitems(config, items):\n"
        "    config.hook.pytest_deselected(items=items[1:])\n    del items[1:]\n",
    )
    outcome = _check(yard, "def test_a(): pass\ndef test_b(): pass\n")
    assert outcome.state is State.FAILED
    assert "never reached" in outcome.failures[0].message


def test_a_file_that_is_not_there_is_an_error_with_a_remedy(yard: Yard) -> None:
    with pytest.raises(StepError, match=r"checks/gone\.py are not there") as told:
        CheckTool(CheckWork(paths=("checks/gone.py",))).do(yard.context, lambda _: None)
    assert "write checks/gone.py" in told.value.remedy


@pytest.mark.parametrize("text", ["import no_such_module\n", "def test_a(:\n", "1 / 0\n"])
def test_a_file_that_cannot_be_read_is_an_error_that_names_it(yard: Yard, text: str) -> None:
    with pytest.raises(StepError, match=r"checks/test_it\.py could not be read"):
        _check(yard, text)


def test_a_file_without_tests_is_an_error(yard: Yard) -> None:
    with pytest.raises(StepError, match="no check is in"):
        _check(yard, "def nothing(): pass\n")


def test_a_group_without_hosts_is_an_error_that_names_a_near_one(yard: Yard) -> None:
    text = "import pytest\n@pytest.mark.each('ap')\ndef test_a(host): pass\n"
    with pytest.raises(StepError, match="did you mean 'app'"):
        _check(yard, text)


def test_a_test_for_each_host_fails_by_the_name_of_the_host(yard: Yard) -> None:
    outcome = _check(
        yard,
        "import pytest\nfrom drkit.checking.hosts import name\n"
        "@pytest.mark.each('app', 'edge')\n"
        "def test_a(host): assert name(host) != 'app-2'\n",
    )
    assert (outcome.facts["passed"], outcome.facts["failed"]) == (2, 1)
    [failure] = outcome.failures
    assert (failure.host, failure.task) == ("app-2", "test_a[app-2]")


def test_a_test_for_each_host_and_case_still_fails_by_the_name_of_the_host(yard: Yard) -> None:
    outcome = _check(
        yard,
        "import pytest\n"
        "@pytest.mark.parametrize('case', ['x'])\n@pytest.mark.each('app', 'app')\n"
        "def test_a(host, case): assert False\n",
    )
    assert [failure.host for failure in outcome.failures] == ["app-1", "app-2"]


def test_an_assertion_in_what_checks_share_explains_itself(yard: Yard) -> None:
    yard.write("checks/shared_suite.py", "class Suite:\n    def test_a(self): assert 1 + 1 == 3\n")
    text = "from checks.shared_suite import Suite\nclass TestIt(Suite): pass\n"
    [failure] = _check(yard, text).failures
    assert "assert (1 + 1) == 3" in failure.message


def test_a_test_that_names_no_hosts_is_told_how_to(yard: Yard) -> None:
    outcome = _check(yard, "def test_a(host): pass\n")
    assert "@pytest.mark.each('app')" in outcome.failures[0].message


def test_the_site_is_what_the_run_knows(yard: Yard) -> None:
    outcome = _check(
        yard,
        "def test_a(site, hosts):\n"
        "    assert site.target.name == 'eu-central-1.g2'\n"
        "    assert site.facts['orders-db']['timeline'] == 2\n"
        "    assert site.entrance.name == 'edge-1'\n"
        "    assert list(hosts) == ['app', 'edge'] and len(hosts['app']) == 2\n"
        "    assert set(site.plan['sites']) == {'eu-central-1', 'eu-west-3'}\n",
    )
    assert outcome.done, outcome.failures


def test_checks_import_what_they_share_from_the_folder_of_the_plan(yard: Yard) -> None:
    yard.write("checks/shared_by_checks.py", "ANSWER = 42\n")
    text = "from checks.shared_by_checks import ANSWER\ndef test_a(): assert ANSWER == 42\n"
    assert _check(yard, text).done


def test_a_secret_that_a_check_shows_is_in_neither_outcome_nor_log(yard: Yard) -> None:
    text = (
        "def test_a():\n    held = 'planted-' + 'and-secret'\n    print('read', held)\n"
        "    assert held == 'x'\n"
    )
    outcome = _check(yard, text)
    assert "[secret]" in outcome.failures[0].message
    assert "[secret]" in yard.log
    assert "planted-and-secret" not in yard.log + str(outcome)


def test_everything_pytest_says_is_in_the_log_and_nowhere_else(
    yard: Yard, capfd: pytest.CaptureFixture[str]
) -> None:
    _check(yard, "def test_a(): print('heard')\ndef test_b(): print('seen'); assert False\n")
    assert "test_a PASSED" in yard.log
    assert "seen" in yard.log
    assert capfd.readouterr() == ("", "")


def test_progress_tells_of_each_failure_as_it_happens(yard: Yard) -> None:
    told: list[str] = []
    path = yard.write("checks/test_it.py", "def test_a(): assert 1 == 2, 'wrong sum'\n")
    CheckTool(CheckWork(paths=(path,))).do(yard.context, told.append)
    assert told == ["failed: test_a: AssertionError: wrong sum"]


def test_hosts_that_no_stack_reported_are_an_error(yard: Yard) -> None:
    (yard.context.folder / "hosts.json").unlink()
    with pytest.raises(StepError, match=r"the hosts of eu-central-1\.g2 are not known"):
        _check(yard, "def test_a(): pass\n")


def test_what_the_checks_are_told_is_readable_by_their_owner_only(yard: Yard) -> None:
    _check(yard, "def test_a(): pass\n")
    told = yard.context.log.with_suffix(".context.json")
    assert told.stat().st_mode & 0o777 == 0o600
    assert "planted-and-secret" not in told.read_text()
