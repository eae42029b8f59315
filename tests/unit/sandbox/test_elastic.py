"""One pool for elastic IPs and for the addresses of instances: no address is given twice."""

from __future__ import annotations

from dataclasses import dataclass, field

from drkit.sandbox import addresses
from drkit.sandbox.elastic import REST, ElasticPool

ALL = {str(address) for address in addresses.ELASTIC.hosts()}


@dataclass
class World:
    """What is in use, and what time it is."""

    used: set[str] = field(default_factory=set)
    now: float = 0.0

    def pool(self) -> ElasticPool:
        return ElasticPool(lambda: frozenset(self.used), clock=lambda: self.now)


def test_one_after_the_other_takes_all_addresses_and_none_twice() -> None:
    world = World()
    pool = world.pool()
    given = [pool.take() for _ in ALL]
    assert set(given) == ALL
    world.used = ALL
    assert pool.take() is None


def test_an_address_that_was_handed_out_and_is_not_noted_yet_is_taken() -> None:
    """Two calls at once: the second asks before moto has noted what the first was given."""
    last = "198.18.0.9"
    world = World(used=ALL - {last})
    pool = world.pool()
    assert pool.take() == last
    assert pool.take() is None
    assert not pool.claim(last)
    world.now = REST.total_seconds() + 1
    assert pool.take() == last, "the call that it was for came to nothing"


def test_an_address_that_was_given_back_rests() -> None:
    pool = World().pool()
    first = pool.take()
    assert pool.take() != first


def test_only_a_free_address_of_the_range_can_be_wished_for() -> None:
    world = World(used={"198.18.0.3"})
    pool = world.pool()
    assert pool.claim("198.18.0.4")
    for wish in ("198.18.0.3", "198.18.0.4", "198.18.0.0", "203.0.113.1", "nonsense"):
        assert not pool.claim(wish), wish
