"""Whether a region is a site of the plan: asked by every command that only looks or arranges."""

from __future__ import annotations

import difflib

from drkit.errors import UsageError
from drkit.model.plan import Plan


def must_be_site(plan: Plan, region: str) -> None:
    """Raises UsageError for what is none, with the nearest name and all that there are."""
    if region not in plan.sites:
        near = difflib.get_close_matches(region, plan.sites, n=1)
        sites = f"sites: {', '.join(plan.sites)}"
        raise UsageError(
            f"{region} is no site of this plan",
            remedy=f"did you mean `{near[0]}`? {sites}" if near else sites,
        )
