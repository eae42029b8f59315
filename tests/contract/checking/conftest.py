"""The shop's front door of the integration tests, by the names of its fixtures."""

from tests.integration.checking.conftest import authority, door, forgotten, names

__all__ = ["authority", "door", "forgotten", "names"]
