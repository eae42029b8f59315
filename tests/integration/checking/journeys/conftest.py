"""The journeys are tried on the shop's own services: its fixtures are used here by their names."""

from tests.integration.shop.conftest import open_shop, postgres, redis_server

__all__ = ["open_shop", "postgres", "redis_server"]
