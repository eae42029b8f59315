"""What a recovery needs of the shop: health that does not lie, numbers that do not come back,
counts for a manifest, and an answer to which promises are still known."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest

from tests.integration.shop.conftest import Shop

Open = Callable[..., Shop]
ALL = ("storefront", "orders", "payment", "shipping", "support")


def test_every_service_is_well_also_while_closed(open_shop: Open) -> None:
    shop = open_shop(*ALL)
    for state in ("open", "closed", "fenced"):
        shop.epoch.state = state
        for name in ALL:
            answer = shop.stranger().get(f"/health/{name}")
            assert answer.status_code == 200, answer.text
            assert answer.json() == {"service": name, "site": "eu-west-3.g1", "state": state}


def test_health_sees_a_missing_image(open_shop: Open) -> None:
    shop = open_shop("storefront")
    (shop.images / "mug-sand.svg").unlink()
    (shop.images / "lamp-paper.svg").write_bytes(b"")
    answer = shop.stranger().get("/health/storefront")
    assert answer.status_code == 503
    assert answer.json()["failing"] == {"files": "missing: lamp-paper.svg, mug-sand.svg (2 of 12)"}


@pytest.mark.parametrize("service", ALL)
def test_health_sees_a_database_without_its_tables(open_shop: Open, service: str) -> None:
    shop = open_shop(service)
    shop.rows("ALTER TABLE products RENAME TO elsewhere")
    answer = shop.stranger().get(f"/health/{service}")
    assert answer.status_code == 503
    assert answer.json()["failing"]["database"] == "UndefinedTable"


def test_init_changes_a_new_database_once_and_gives_no_stock_back(open_shop: Open) -> None:
    shop = open_shop("storefront")
    shop.rows("UPDATE products SET stock = 3")
    assert shop.admin("init") == {"changed": False, "schema": False, "products": 0}
    shop.rows("DELETE FROM products WHERE id = 'mug-sand'")
    assert shop.admin("init") == {"changed": True, "schema": False, "products": 1}
    assert shop.rows("SELECT count(*) FROM products WHERE stock = 3") == [(11,)]


def test_numbers_never_come_back_after_a_restore(open_shop: Open) -> None:
    shop = open_shop("storefront", "orders", "payment")
    ada = shop.buyer()
    first = ada.buy()
    jump = shop.admin("skip-numbers", "100000", "--run", "run-1")
    assert jump == {"changed": True, "next": first + 100000}
    assert shop.admin("skip-numbers", "100000", "--run", "run-1") == {**jump, "changed": False}
    assert ada.buy() == jump["next"]


def test_a_second_restore_jumps_past_numbers_that_no_row_shows(open_shop: Open) -> None:
    shop = open_shop("storefront", "orders", "payment")
    ada = shop.buyer()
    ada.buy()
    first = shop.admin("skip-numbers", "100000", "--run", "run-1")["next"]
    lost = ada.buy()
    assert lost == first
    for table in ("mails", "payments", "order_lines"):
        shop.rows(f"DELETE FROM {table} WHERE order_number = %s", lost)  # noqa: S608
    shop.rows("DELETE FROM orders WHERE number = %s", lost)

    assert shop.admin("skip-numbers", "100000", "--run", "run-2")["next"] > lost + 99_000
    assert ada.buy() > lost


def test_a_jump_is_told_from_outside_what_no_restored_row_shows(open_shop: Open) -> None:
    shop = open_shop("storefront", "orders", "payment")
    ada = shop.buyer()
    known = ada.buy()
    assert shop.admin("highest-number") == {"highest": known}
    outside = str(known + 300_000)
    jump = shop.admin("skip-numbers", "100000", "--run", "run-1", "--at-least", outside)
    assert jump == {"changed": True, "next": known + 300_000}
    again = shop.admin("skip-numbers", "100000", "--run", "run-1", "--at-least", outside)
    assert again == {**jump, "changed": False}
    higher = shop.admin("skip-numbers", "100000", "--run", "run-1", "--at-least", "900000")
    assert higher == {"changed": True, "next": 900_000}
    assert ada.buy() == 900_000


def test_a_jump_of_nothing_still_passes_the_last_number(open_shop: Open) -> None:
    shop = open_shop("storefront", "orders", "payment")
    ada = shop.buyer()
    last = ada.buy()
    shop.admin("skip-numbers", "0", "--run", "run-1")
    assert ada.buy() > last


def test_a_run_without_a_name_does_not_pass_for_another(open_shop: Open) -> None:
    shop = open_shop("storefront")
    assert shop.services.run("shop.admin", "skip-numbers", "5", "--run", "").returncode == 2
    jumps = [shop.admin("skip-numbers", "5")["next"] for _ in range(2)]
    assert jumps[1] >= jumps[0] + 5, "unnamed, each jump is one"


def test_counts_tell_rows_and_sums(open_shop: Open) -> None:
    shop = open_shop("storefront", "orders", "payment")
    number = shop.buyer().buy(mug_sand=2, lamp_paper=1)
    counted = shop.admin("counts")["tables"]
    assert counted["customers"]["rows"] == 1
    assert counted["orders"]["sums"]["total_cents"] == 2 * 1490 + 6900
    assert counted["orders"]["highest"] == number
    assert counted["orders"]["states"] == {"paid": 1}
    assert counted["order_lines"] == {
        "rows": 2,
        "sums": {"quantity": 3, "price_cents * quantity": 9880},
    }


def test_nothing_runs_by_hand_on_a_fenced_host(open_shop: Open) -> None:
    shop = open_shop("storefront")
    shop.epoch.state = "fenced"
    for words in (("init",), ("skip-numbers", "5")):
        done = shop.services.run("shop.admin", *words)
        assert done.returncode == 1
        assert "fenced" in done.stderr
    shop.epoch.state = "closed"
    assert shop.admin("skip-numbers", "5")["changed"], "a restored site is closed when it jumps"


def test_a_proof_learns_which_promises_are_known(open_shop: Open) -> None:
    shop = open_shop(*ALL)
    ada = shop.buyer()
    number, other = ada.buy(), ada.buy()
    ada.post("/api/shipments", {"order": number})
    ticket = ada.post("/api/tickets", {"order": number, "text": "x"}).json()["id"]
    proof = shop.stranger(proof="run-7")
    shop.epoch.state = "closed"

    def known(kind: str, *ids: object) -> object:
        answer = proof.post("/api/recovery/known", {"kind": kind, "ids": list(ids)})
        return answer.json().get("known", answer.status_code)

    assert known("orders", number, 999_999, other) == [number, other]
    assert known("orders", str(number), "rubbish", -1, None) == [str(number)]
    assert known("shipments", number, other) == [number]
    assert known("tickets", ticket, str(uuid.uuid4()), "rubbish") == [ticket]
    assert known("tickets") == []
    assert known("else", 1) == 400
    assert shop.stranger().post("/api/recovery/known", {}).status_code == 403
