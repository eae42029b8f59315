"""What drkit gives to those who write checks: fixtures, by the plugin, and these few names.

A check states something about a site that was just built; it decides nothing and changes nothing.
The fixtures are described in docs/reference/fixtures.md.
"""

from drkit.checking.promise import Books, Promise

__all__ = ["Books", "Promise"]
