"""A whole shop on loopback: its real processes, a real PostgreSQL and Redis, the real partners."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from drkit.sandbox.world import apps
from tests.integration.shop.buyer import Buyer
from tests.integration.shop.servers import Epoch, Postgres, Redis, Services, World, copy_images


@dataclass(frozen=True)
class Shop:
    services: Services
    world: World
    epoch: Epoch
    database: str
    images: Path

    def buyer(self, *, proof: str | None = None) -> Buyer:
        """Somebody new, who has just signed up."""
        buyer = Buyer({name: self.services.port(name) for name in self.services.processes}, proof)
        buyer.sign_up()
        return buyer

    def stranger(self, *, proof: str | None = None) -> Buyer:
        return Buyer({name: self.services.port(name) for name in self.services.processes}, proof)

    def rows(self, query: str, *values: object) -> list[Any]:
        connection = psycopg2.connect(self.database)
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(query, values)
                return list(cursor.fetchall()) if cursor.description else []
        finally:
            connection.close()

    def admin(self, *words: str) -> Any:
        """What the verb of shop.admin answers. Raises AssertionError where it fails."""
        done = self.services.run("shop.admin", *words)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    server = Postgres()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    server = Redis(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest.fixture
def open_shop(
    postgres: Postgres, redis_server: Redis, tmp_path: Path
) -> Iterator[Callable[..., Shop]]:
    """Opens a shop with a database of its own: services by name, and the partners' latency."""
    with shops(postgres, redis_server, tmp_path) as opening:
        yield opening


@contextmanager
def shops(postgres: Postgres, redis_server: Redis, folder: Path) -> Iterator[Callable[..., Shop]]:
    """As :func:`open_shop`, in ``folder``; all end with it."""
    opened: list[Shop] = []

    def opening(*services: str, latency: timedelta = timedelta()) -> Shop:
        epoch = Epoch(folder / "epoch.sock")
        world = World(apps(folder / "world", latency=latency))
        database = postgres.database(folder.name)
        images = copy_images(folder)
        environment = {
            "SHOP_DATABASE_URL": database,
            "SHOP_REDIS_URL": f"redis://127.0.0.1:{redis_server.port}/0",
            "SHOP_CARD_URL": world.url("card-a"),
            "SHOP_CARRIER_URL": world.url("carrier"),
            "SHOP_MAIL_URL": world.url("mailbox"),
            "SHOP_SECRET_KEY": "for tests",
            "SHOP_IMAGES": str(images),
            "SHOP_SITE": "eu-west-3.g1",
            "SHOP_EPOCH_SOCKET": str(epoch.path),
        }
        shop = Shop(Services(environment, folder), world, epoch, database, images)
        opened.append(shop)
        shop.admin("init")
        shop.services.start(*services)
        return shop

    yield opening
    for shop in opened:
        shop.services.stop()
        shop.world.stop()
        shop.epoch.stop()
