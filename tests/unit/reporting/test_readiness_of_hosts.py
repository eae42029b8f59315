"""What hosts told, judged: what a playbook would change, what is installed, who is heard there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drkit.model.readiness import Severity
from drkit.model.record import Target
from drkit.reporting.readiness.hosts import (
    Deviation,
    Heard,
    Installed,
    Uncompared,
    Visit,
    judge_hosts,
)
from drkit.reporting.readiness.providers import judge_providers_there
from drkit.reporting.readiness.versions import (
    Side,
    judge_images,
    judge_versions,
    of_facts,
    of_visit,
)
from tests.fakes import plans
from tests.unit.reporting.test_readiness import only, site

HERE = Target(shop="corner", region="eu-west-3", generation=1)
THERE = Target(shop="corner", region="eu-central-1", generation=2)
GROUPS = {"app-1": ("app",), "app-2": ("app",), "db-1": ("db",)}
EDITED = Deviation(
    host="app-1",
    step="payment",
    playbook="payment",
    task="Install the service payment",
    what=("/etc/shop/shop.env",),
)
STOPPED = replace(EDITED, task="Run it", what=("start shop-payment",), still=True)
CLEAN = Visit(groups=GROUPS, compared=("orders", "payment"))

# what playbooks would change


def test_hosts_that_are_as_playbooks_make_them_are_good_and_counted() -> None:
    looked = judge_hosts(site(), HERE, CLEAN, serves=True)
    assert looked.findings == ()
    assert looked.good == "the hosts of eu-west-3.g1 (3) are as 2 playbooks make them"


@pytest.mark.parametrize(
    ("deviation", "serves", "severity", "words"),
    [
        (EDITED, True, Severity.THREATENS, "what is rebuilt will be without that"),
        (STOPPED, True, Severity.NOTE, "does not run as playbooks/payment.yml has it"),
        (EDITED, False, Severity.NOTE, "a rebuild sets it right"),
        (STOPPED, False, Severity.NOTE, "does not run"),
    ],
)
def test_what_will_be_missing_threatens_and_what_a_rebuild_makes_is_a_note(
    deviation: Deviation, serves: bool, severity: Severity, words: str
) -> None:
    visit = replace(CLEAN, deviations=(deviation,))
    found = only(judge_hosts(site(), HERE, visit, serves=serves))
    assert (found.severity, found.place) == (severity, "eu-west-3.g1 app-1")
    assert words in found.message
    assert deviation.what[0] in found.message
    assert deviation.task in found.message
    assert found.remedy


def test_one_file_of_several_playbooks_is_one_finding_for_all_that_wait_for_them() -> None:
    other = replace(EDITED, step="orders", playbook="orders", task="Install the service orders")
    elsewhere = replace(EDITED, host="app-2")
    more = replace(EDITED, what=("/opt/a", "/opt/b", "/opt/c", "/opt/d"))
    visit = replace(CLEAN, deviations=(EDITED, other, elsewhere, more))
    one, two, three = judge_hosts(site(), HERE, visit, serves=True).findings
    assert one.processes == ("sales", "payment")
    assert "(Install the service payment; Install the service orders)" in one.message
    assert two.place.endswith("app-2")
    assert "/opt/c and 1 more" in three.message
    assert three.details == more.what


def test_tasks_that_do_not_say_what_they_change_are_not_taken_for_one() -> None:
    deviations = tuple(replace(EDITED, what=(), task=task) for task in ("one", "two"))
    found = judge_hosts(site(), HERE, replace(CLEAN, deviations=deviations), serves=True).findings
    assert len(found) == 2


@pytest.mark.parametrize(
    "visit",
    [
        Visit(unknown="none of its 3 hosts was reached"),
        replace(CLEAN, silent={"db-1": "does not answer"}),
        replace(CLEAN, uncompared=(Uncompared(step="payment", why="it would act"),)),
    ],
)
def test_what_could_not_be_compared_is_not_known_and_nothing_is_called_good(visit: Visit) -> None:
    assert only(judge_hosts(site(), HERE, visit, serves=True)).severity is Severity.UNKNOWN


def test_a_host_of_a_standby_that_is_silent_threatens() -> None:
    visit = replace(CLEAN, silent={"db-1": "does not answer"})
    silent = only(judge_hosts(site(), THERE, visit, serves=False))
    assert silent.severity is Severity.THREATENS
    assert "db-1: does not answer" in silent.message


def test_a_visit_in_which_nothing_was_compared_is_not_called_good() -> None:
    assert not judge_hosts(site(), HERE, Visit(groups=GROUPS), serves=True).good


# versions


def installed(**packages: str) -> Installed:
    return Installed(release="Debian 12", kernel="6.1", packages={"nginx": "1.22", **packages})


def side(name: str, *each: Installed) -> Side:
    return Side(name=name, groups={"app": each, "edge": each})


def test_what_runs_on_the_same_is_good() -> None:
    looked = judge_versions(site(), side("here", installed()), side("there", installed()))
    assert looked.good == "the hosts of here have the versions of there"


@pytest.mark.parametrize(
    ("here", "there", "severity", "words"),
    [
        (installed(ssl="3.1"), installed(ssl="3.0"), Severity.NOTE, "ssl 3.1 (3.0 there)"),
        (installed(ssl="3.1"), installed(), Severity.THREATENS, "ssl 3.1 (none there)"),
        (installed(), installed(ssl="3.0"), Severity.NOTE, "ssl none (3.0 there)"),
        (
            installed(),
            replace(installed(), release="Debian 13"),
            Severity.THREATENS,
            "the system Debian 12 (Debian 13 there)",
        ),
        (installed(), replace(installed(), kernel="6.12"), Severity.NOTE, "the kernel 6.1 (6.12"),
    ],
)
def test_what_is_missing_there_threatens_and_another_version_is_a_note(
    here: Installed, there: Installed, severity: Severity, words: str
) -> None:
    found = only(judge_versions(site(), side("here", here), side("there", there)))
    assert found.severity is severity
    assert words in found.message
    assert found.place == "here app, edge", "one line for all groups that differ alike"


def test_the_first_few_are_told_what_threatens_first_and_all_are_kept() -> None:
    here = installed(a="1", b="1", c="1", d="1", z="1")
    there = installed(a="2", b="2", c="2", d="2")
    found = only(judge_versions(site(), side("here", here), side("there", there)))
    assert found.severity is Severity.THREATENS
    assert "5 of what is installed is otherwise" in found.message
    assert "z 1 (none there); a 1 (2 there); b 1 (2 there) and 2 more" in found.message
    assert len(found.details) == 5


def test_hosts_of_a_group_that_differ_among_themselves_are_told_so() -> None:
    here = side("here", installed(ssl="3.1"), installed())
    found = only(judge_versions(site(), here, side("there", installed(ssl="3.1"))))
    assert "ssl none or 3.1 (3.1 there)" in found.message


def test_groups_that_only_one_side_has_are_not_compared() -> None:
    here = Side(name="here", groups={"app": (installed(),)})
    assert not judge_versions(site(), here, Side(name="there", groups={})).good


def test_what_a_run_recorded_is_read_as_what_hosts_tell_now() -> None:
    known = installed()
    facts: dict[str, dict[str, object]] = {
        "compute": {"hosts": {name: {"groups": list(groups)} for name, groups in GROUPS.items()}},
        "base": {
            "installed": {
                "hosts": dict.fromkeys(GROUPS, "k1"),
                "sets": {
                    "k1": {"release": "Debian 12", "kernel": "6.1", "packages": known.packages}
                },
            }
        },
    }
    visit = replace(CLEAN, installed=dict.fromkeys(GROUPS, known))
    assert of_facts(facts) == of_visit(visit) == {"app": (known,), "db": (known,)}
    assert of_facts({"compute": facts["compute"], "base": {}}) == {}


@pytest.mark.parametrize(
    ("step", "recorded"),
    [
        ("base", {"installed": {"hosts": {"app-1": "k1"}, "sets": {"k1": {"release": "x"}}}}),
        ("base", {"installed": {"hosts": {"app-1": ["k1"]}, "sets": {"k1": {}}}}),
        ("base", {"installed": {"hosts": {"app-1": "k1"}, "sets": {"k1": 7}}}),
        (
            "base",
            {
                "installed": {
                    "hosts": {"app-1": "k1"},
                    "sets": {"k1": {"release": "x", "kernel": "6", "packages": {}, "arch": "arm"}},
                }
            },
        ),
        (
            "base",
            {
                "installed": {
                    "hosts": {"app-1": "k1"},
                    "sets": {"k1": {"release": "x", "kernel": "6", "packages": {"ssl": ["3"]}}},
                }
            },
        ),
        ("compute", {"hosts": {"app-1": {"groups": 7}}}),
    ],
)
def test_what_another_drkit_recorded_otherwise_is_not_known(
    step: str, recorded: dict[str, object]
) -> None:
    facts: dict[str, dict[str, object]] = {"compute": {"hosts": {"app-1": {"groups": ["app"]}}}}
    assert of_facts(facts | {step: recorded}) == {}


def test_images_of_other_names_are_a_note() -> None:
    plan = plans.plan()
    assert not list(judge_images(site(), plan, "eu-west-3"))
    newer = replace(plan.sites["eu-central-1"], images={"host": "shop-13"})
    sites = {**plan.sites, "eu-central-1": newer}
    [found] = judge_images(site(), replace(plan, sites=sites), "eu-west-3")
    assert (found.severity, found.place) == (Severity.NOTE, "sites.eu-central-1.images.host")
    assert found.message == "shop-13, and eu-west-3 has shop-12"


# third parties


def heard(**by_host: int) -> Visit:
    """Host (``_`` for ``-``) → the status that card-a answers it with; 0: nothing."""
    told = {
        host.replace("_", "-"): {"card-a": Heard(status=status, said="" if status else "refused")}
        for host, status in by_host.items()
    }
    return Visit(groups=GROUPS, heard=told)


@pytest.mark.parametrize(
    ("there", "here", "wrong"),
    [
        (heard(app_1=200), heard(app_1=200), ""),
        (heard(app_1=404), heard(app_1=200), ""),
        (heard(app_1=401), heard(app_1=401), ""),
        (heard(app_1=200, db_1=0), heard(app_1=200, db_1=0), ""),
        (heard(app_1=0, app_2=200), heard(app_1=200), ""),
        (heard(app_1=0), heard(app_1=200), "no answer (refused) to app, and 200 to those that"),
        (heard(app_1=403), heard(app_1=200), "answers with 403 to app, and 200 to those"),
        (heard(app_1=503), heard(app_1=200), "answers with 503 to app"),
        (heard(app_1=200), Visit(), ""),
        (heard(app_1=0), Visit(), "no answer (refused)"),
        (heard(app_1=0), heard(app_1=0), "no answer (refused)"),
    ],
)
def test_a_standby_is_to_reach_what_the_hosts_that_serve_reach(
    there: Visit, here: Visit, wrong: str
) -> None:
    looked = judge_providers_there(site(), THERE, there, here)
    if not wrong:
        assert looked.good == "card-a answer (asked from eu-central-1.g2)"
        assert looked.findings == ()
        return
    found = only(looked)
    assert found.severity is Severity.THREATENS
    assert wrong in found.message
    assert "asked from eu-central-1.g2" in found.message
