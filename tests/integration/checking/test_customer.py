"""A journey from the customer's side, against a real HTTPS server."""

from __future__ import annotations

from pathlib import Path

import pytest

from drkit.adapters.pytest_check import ProofTool
from drkit.errors import StepError
from drkit.model.outcome import Outcome, State
from drkit.model.step import ProofWork, Route
from tests.fakes.names import Names
from tests.integration.checking.conftest import NAME, Authority, Door
from tests.integration.checking.shop_plan import Yard, make

_JOURNEY = "def test_it(customer):\n    customer.get('/api/products', step='search')\n"


def _prove(yard: Yard, text: str = _JOURNEY, *, route: Route = Route.OVERRIDE) -> Outcome:
    path = yard.write("checks/journeys/search.py", text)
    work = ProofWork(process="sales", path=path, route=route)
    return ProofTool(work).do(yard.context, lambda _: None)


@pytest.fixture
def yard(tmp_path: Path, authority: Authority, door: Door, names: Names) -> Yard:
    return make(tmp_path, authority, port=door.port, resolver=f"127.0.0.1:{names.port}")


def test_before_cutover_the_public_name_leads_to_the_new_site(
    yard: Yard, door: Door, names: Names
) -> None:
    names.records[NAME] = ("127.0.0.99", 60)
    assert _prove(yard).done
    [seen] = door.seen
    assert seen["Host"] == f"{NAME}:{door.port}"
    assert seen["X-Drkit-Proof"] == "r1"
    assert seen["certificate"] == "True"
    assert names.asked == []


def test_after_cutover_only_the_dns_says_where_to_go(yard: Yard, door: Door, names: Names) -> None:
    names.records[NAME] = ("127.0.0.1", 60)
    assert _prove(yard, route=Route.DNS).done
    assert set(names.asked) == {NAME}
    assert [seen.get("X-Drkit-Proof") for seen in door.seen] == [None, "r1"]


def test_a_live_proof_fails_at_a_site_that_lets_in_nobody_but_the_run(
    yard: Yard, door: Door, names: Names
) -> None:
    names.records[NAME] = ("127.0.0.1", 60)

    def edge(method: str, path: str, body: object, headers: dict[str, str]) -> tuple[int, object]:
        return (200 if headers["certificate"] == "True" else 503), {}

    door.handler = edge
    outcome = _prove(yard, route=Route.DNS)
    assert outcome.state is State.FAILED
    assert "answered 503: the site is closed to customers" in outcome.failures[0].message
    assert _prove(yard).done, "before cutover a closed site is as it should be"


def test_a_live_proof_fails_while_the_dns_still_names_the_old_site(
    yard: Yard, names: Names
) -> None:
    names.records[NAME] = ("127.0.0.99", 60)
    outcome = _prove(yard, route=Route.DNS)
    assert outcome.state is State.FAILED
    message = outcome.failures[0].message
    assert "step 'arrive as anybody'" in message
    assert "127.0.0.99" in message


def test_an_unexpected_answer_names_the_step_its_status_and_its_body(
    yard: Yard, door: Door
) -> None:
    door.handler = lambda *_: (503, {"error": "closed"})
    [failure] = _prove(yard).failures
    assert failure.message == (
        "drkit.checking.customer.JourneyBroken: step 'search': GET /api/products answered 503, "
        'not 200: {"error": "closed"}'
    )


def test_an_answer_that_is_no_json_names_the_step(yard: Yard, door: Door) -> None:
    door.handler = lambda *_: (200, "<html>")
    text = "def test_it(customer):\n    customer.get('/', step='search').json\n"
    [failure] = _prove(yard, text).failures
    assert "step 'search': the answer is no JSON: '<html>'" in failure.message


def test_a_site_without_an_entrance_says_so(yard: Yard) -> None:
    hosts = yard.context.folder / "hosts.json"
    hosts.write_text(hosts.read_text().replace('"127.0.0.1"', "null"))
    [failure] = _prove(yard).failures
    assert "no host of group 'edge' of eu-central-1.g2 has a public address" in failure.message


def test_a_journey_that_is_not_there_is_an_error(yard: Yard) -> None:
    work = ProofWork(process="sales", path="checks/journeys/gone.py", route=Route.DNS)
    with pytest.raises(StepError, match="no file"):
        ProofTool(work).do(yard.context, lambda _: None)
