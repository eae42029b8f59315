"""The table of resource types: what the sandbox covers, by Pulumi token.

A type that is not here is refused by name. How to add one: docs/how-to/add-a-resource-type.md.
"""

from collections.abc import Mapping

from drkit.sandbox.provider.resource_type import ResourceType
from drkit.sandbox.provider.types import (
    addresses,
    compute,
    encryption,
    firewall,
    health,
    identity,
    names,
    network,
    routing,
    storage,
)

_MODULES = (
    network,
    routing,
    firewall,
    compute,
    addresses,
    storage,
    identity,
    names,
    health,
    encryption,
)

TYPES: Mapping[str, ResourceType] = {
    row.pulumi_type: row for module in _MODULES for row in module.ROWS
}
