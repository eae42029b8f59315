"""What a service is told by its environment (/etc/shop/shop.env on a host), read once at start.

It refuses to start half-configured: every name that is missing is listed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

EPOCH_SOCKET = "/run/drkit/epoch.sock"
PAYMENT = "http://127.0.0.1:8003"

_REQUIRED = (
    "SHOP_DATABASE_URL",
    "SHOP_REDIS_URL",
    "SHOP_CARD_URL",
    "SHOP_CARRIER_URL",
    "SHOP_MAIL_URL",
    "SHOP_SECRET_KEY",
    "SHOP_IMAGES",
    "SHOP_SITE",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Addresses are URLs; what holds a secret stays out of ``repr`` and so out of logs."""

    database: str = field(repr=False)
    redis: str = field(repr=False)
    secret_key: str = field(repr=False)
    card_key: str = field(repr=False)
    card: str
    carrier: str
    mail: str
    payment: str
    images: Path
    site: str
    epoch_socket: Path


def read(environment: Mapping[str, str]) -> Settings:
    """The settings in ``environment``. Raises SystemExit naming every variable that is missing."""
    missing = [name for name in _REQUIRED if not environment.get(name)]
    if missing:
        raise SystemExit(f"not in the environment (see /etc/shop/shop.env): {', '.join(missing)}")
    return Settings(
        database=environment["SHOP_DATABASE_URL"],
        redis=environment["SHOP_REDIS_URL"],
        secret_key=environment["SHOP_SECRET_KEY"],
        card_key=environment.get("SHOP_CARD_KEY", ""),
        card=environment["SHOP_CARD_URL"].rstrip("/"),
        carrier=environment["SHOP_CARRIER_URL"].rstrip("/"),
        mail=environment["SHOP_MAIL_URL"].rstrip("/"),
        payment=environment.get("SHOP_PAYMENT_URL", PAYMENT).rstrip("/"),
        images=Path(environment["SHOP_IMAGES"]),
        site=environment["SHOP_SITE"],
        epoch_socket=Path(environment.get("SHOP_EPOCH_SOCKET", EPOCH_SOCKET)),
    )
