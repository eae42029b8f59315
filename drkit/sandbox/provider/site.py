"""Decides where each region's API is: reads the running sandbox's `sandbox.json`.

Refuses a region that the sandbox does not have, and to start without a running sandbox.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from drkit.sandbox.provider.errors import ProviderError

# Services that AWS runs once for the world; they answer at the endpoint "global".
GLOBAL_SERVICES = frozenset({"iam", "route53"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """Endpoint of each region (and of "global"), the account, and the CA of the endpoints."""

    account: str
    authority: Path | None
    endpoints: Mapping[str, str]

    @property
    def regions(self) -> tuple[str, ...]:
        """The regions in the order of sandbox.json, "global" left out."""
        return tuple(name for name in self.endpoints if name != "global")

    def endpoint(self, service: str, region: str) -> str:
        """The URL of a service for a region; raises ProviderError for an unknown region."""
        if region not in self.regions:
            known = ", ".join(self.regions)
            raise ProviderError(f"the sandbox has no region {region!r}; it has: {known}")
        return self.endpoints["global" if service in GLOBAL_SERVICES else region]


def read_sandbox(environment: Mapping[str, str] = os.environ) -> Sandbox:
    """The sandbox that runs, from `$DRKIT_SANDBOX/sandbox.json` or the user's state folder.

    Raises ProviderError if there is none.
    """
    state = environment.get("XDG_STATE_HOME") or str(Path.home() / ".local/state")
    folder = Path(environment.get("DRKIT_SANDBOX") or Path(state) / "drkit/sandbox")
    try:
        written = json.loads((folder / "sandbox.json").read_text())
    except OSError as error:
        raise ProviderError(
            f"no sandbox runs ({folder / 'sandbox.json'}: {error.strerror}): `drkit sandbox up`"
        ) from error
    authority = written.get("ca")
    return Sandbox(
        account=written["account"],
        authority=Path(authority) if authority else None,
        endpoints={name: region["endpoint"] for name, region in written["regions"].items()},
    )
