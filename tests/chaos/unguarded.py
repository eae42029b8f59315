"""Guards taken away within a drkit of these tests: what they guard must then be seen to break."""

from __future__ import annotations

from typing import Any

from drkit.adapters.lease import Lease
from drkit.adapters.outside_store import OutsideStore


def take_away(guard: str) -> None:
    match guard:
        case "segment":
            _write_over_segments()
        case "lease":
            _never_see_a_lease_lost()
        case _:
            pass


def _write_over_segments() -> None:
    """Whoever writes a segment writes it, whether it is there or not."""
    put = OutsideStore.put

    def anyway(
        store: OutsideStore, key: str, body: bytes, *, replacing: str = "", **more: Any
    ) -> str | None:
        found = store.read(key) if key.startswith("journals/") else None
        return put(store, key, body, replacing=found.tag if found else replacing, **more)

    OutsideStore.put = anyway  # type: ignore[method-assign,assignment]


def _never_see_a_lease_lost() -> None:
    """A sign of life that is refused is taken for one that was given."""
    renew = Lease.renew

    def given(lease: Lease, **changes: Any) -> bool:
        mine = lease.holder
        if not renew(lease, **changes):
            lease.holder = mine
        return True

    Lease.renew = given  # type: ignore[method-assign,assignment]
