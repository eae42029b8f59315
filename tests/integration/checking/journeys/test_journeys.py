"""The shop's own journeys and ledgers, on the shop's own services, behind a small edge."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from drkit.adapters.ledger import LedgerTool
from drkit.adapters.pytest_check import ProofTool
from drkit.model.outcome import Outcome, State
from drkit.model.step import LedgerWork, ProofWork, Route
from tests.fakes.names import Names
from tests.integration.checking.conftest import NAME, Answer, Authority, Door, Handler
from tests.integration.checking.shop_plan import Yard, make
from tests.integration.shop.conftest import Shop

ROOT = Path(__file__).parents[4]
_SERVICES = ("storefront", "orders", "payment", "shipping", "support")
_PATHS = {
    "/api/orders": "orders",
    "/api/shipments": "shipping",
    "/api/tickets": "support",
    "/api/recovery": "orders",
}


@pytest.fixture
def shop(open_shop: Callable[..., Shop]) -> Shop:
    """Closed to customers, as a site is before cutover."""
    opened = open_shop(*_SERVICES)
    opened.epoch.state = "closed"
    return opened


@pytest.fixture
def yard(
    tmp_path: Path, authority: Authority, door: Door, names: Names, shop: Shop
) -> Iterator[Yard]:
    """A yard with the repository's own checks, and the shop behind the door."""
    names.records[NAME] = ("127.0.0.1", 60)
    with _edge(shop) as handler:
        door.handler = handler
        root = tmp_path / "plan"
        shutil.copytree(ROOT / "checks", root / "checks")
        yield make(root, authority, port=door.port, resolver=f"127.0.0.1:{names.port}")


@contextmanager
def _edge(shop: Shop) -> Iterator[Handler]:
    """As nginx does: by path to a service, and no proof but for holders of the certificate."""
    with httpx.Client() as behind:

        def handle(
            method: str, path: str, body: dict[str, Any], seen: dict[str, str]
        ) -> Answer | httpx.Response:
            if path == "/ledger":
                return 200, {"entries": shop.world.ledger("card-a")}
            found = (service for start, service in _PATHS.items() if path.startswith(start))
            service = next(found, "storefront")
            wanted = ["Cookie", "Idempotency-Key"]
            wanted += ["X-Drkit-Proof"] if seen["certificate"] == "True" else []
            passed = {name: seen[name] for name in wanted if name in seen}
            behind.cookies.clear()
            url = f"http://127.0.0.1:{shop.services.port(service)}{path}"
            return behind.request(method, url, headers=passed, json=body or None)

        yield handle


def _prove(yard: Yard, name: str) -> Outcome:
    work = ProofWork(process=name, path=f"checks/journeys/{name}.py", route=Route.OVERRIDE)
    return ProofTool(work).do(yard.context, lambda _: None)


@pytest.mark.parametrize("name", ["buy", "orders", "pay", "ship", "support"])
def test_a_journey_passes_on_a_closed_site_and_leaves_nothing_paid(
    yard: Yard, shop: Shop, name: str
) -> None:
    outcome = _prove(yard, name)
    assert outcome.done, outcome.failures
    assert shop.rows("SELECT count(*) FROM orders WHERE proof IS DISTINCT FROM 'r1'") == [(0,)]
    states = {state for (state,) in shop.rows("SELECT state FROM orders")}
    assert states - {"cancelled"} == {"refunded"}
    captures = shop.world.ledger("card-a", "capture")
    assert {entry["proof"] for entry in captures} == {"r1"}
    assert len(shop.world.ledger("card-a", "refund")) == len(captures)


def test_a_journey_names_the_step_at_which_a_dead_service_was_needed(
    yard: Yard, shop: Shop
) -> None:
    for name, service, step in (
        ("buy", "storefront", "browse"),
        ("orders", "orders", "pay"),
        ("pay", "payment", "pay"),
        ("ship", "shipping", "ship"),
        ("support", "support", "open a ticket"),
    ):
        shop.services.kill(service)
        outcome = _prove(yard, name)
        assert outcome.state is State.FAILED, name
        assert f"step '{step}'" in outcome.failures[0].message
        shop.services.start(service)


def test_no_journey_passes_on_a_fenced_site(yard: Yard, shop: Shop) -> None:
    shop.epoch.state = "fenced"
    [failure] = _prove(yard, "pay").failures[:1]
    assert "step 'sign up'" in failure.message
    assert '"closed"' in failure.message


def test_what_a_broken_journey_bought_goes_back(yard: Yard, shop: Shop) -> None:
    shop.services.kill("support")
    assert _prove(yard, "support").state is State.FAILED
    assert shop.rows("SELECT state FROM orders") == [("refunded",)]


def test_a_capture_whose_order_was_lost_is_missing_in_the_ledger(yard: Yard, shop: Shop) -> None:
    shop.epoch.state = "open"
    numbers = []
    for _ in range(3):
        buyer = shop.buyer()
        numbers.append(buyer.buy())
    assert _prove(yard, "buy").done
    lost = numbers[1]
    for table in ("mails", "payments", "order_lines"):
        shop.rows(f"DELETE FROM {table} WHERE order_number = %s", lost)  # noqa: S608
    shop.rows("DELETE FROM orders WHERE number = %s", lost)
    work = LedgerWork(provider="card-a", path="checks/ledgers/card_a.py")
    outcome = LedgerTool(work).do(yard.context, lambda _: None)
    assert outcome.facts["promises"] == 3, "a proof's capture is no promise"
    missing = outcome.facts["missing"]
    assert isinstance(missing, list)
    assert [promise["id"] for promise in missing] == [str(lost)]
