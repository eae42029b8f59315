"""What the shop ships beside its code: catalogue, images and schema fit together."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import shop
from shop.admin import _SUMS

HOME = Path(shop.__file__).parent
PRODUCTS = json.loads((HOME / "catalogue.json").read_text())


def test_every_product_has_its_image_and_every_image_its_product() -> None:
    images = {file.name for file in (HOME / "images").iterdir()}
    assert {product["image"] for product in PRODUCTS} == images
    for name in images:
        root = ElementTree.parse(HOME / "images" / name).getroot()  # noqa: S314 (our own)
        assert root.tag.endswith("svg")


def test_products_have_names_of_their_own_and_honest_prices() -> None:
    assert len({product["id"] for product in PRODUCTS}) == len(PRODUCTS) >= 10
    assert all(product["price_cents"] > 0 and product["stock"] > 0 for product in PRODUCTS)


def test_every_table_is_counted_for_the_manifest() -> None:
    tables = re.findall(r"^CREATE TABLE (\w+)", (HOME / "schema.sql").read_text(), re.MULTILINE)
    assert set(_SUMS) == set(tables)
