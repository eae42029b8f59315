"""A service that is not told all it needs does not start, and shows no secret."""

from __future__ import annotations

import pytest

from shop.settings import read

WHOLE = {
    "SHOP_DATABASE_URL": "postgresql://shop:hidden-1@db/shop",
    "SHOP_REDIS_URL": "redis://:hidden-2@cache/0",
    "SHOP_CARD_URL": "https://card-a.example/",
    "SHOP_CARD_KEY": "hidden-3",
    "SHOP_CARRIER_URL": "https://carrier.example",
    "SHOP_MAIL_URL": "https://mailbox.example",
    "SHOP_SECRET_KEY": "hidden-4",
    "SHOP_IMAGES": "/srv/shop/images",
    "SHOP_SITE": "eu-west-3.g1",
}


def test_all_that_is_missing_is_named_at_once() -> None:
    with pytest.raises(SystemExit, match=r"SHOP_DATABASE_URL, .*SHOP_SITE"):
        read({name: value for name, value in WHOLE.items() if name == "SHOP_CARD_URL"})


def test_an_empty_value_is_a_missing_one() -> None:
    with pytest.raises(SystemExit, match=r"SHOP_SECRET_KEY$"):
        read({**WHOLE, "SHOP_SECRET_KEY": ""})


def test_what_may_be_left_out_has_the_addresses_of_a_host() -> None:
    settings = read(WHOLE)
    assert settings.payment == "http://127.0.0.1:8003"
    assert str(settings.epoch_socket) == "/run/drkit/epoch.sock"
    assert settings.card == "https://card-a.example"


def test_no_secret_is_shown() -> None:
    assert "hidden" not in repr(read(WHOLE))
