"""drkit: disaster recovery as code for an online shop.

The library's face: see :mod:`drkit.api`. Imported when first asked for, so that ``drkit --help``
answers at once.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drkit.api import Options as Options
    from drkit.api import deploy as deploy
    from drkit.api import load_plan as load_plan
    from drkit.api import ready as ready
    from drkit.api import rebuild as rebuild
    from drkit.api import standby as standby
    from drkit.api import validate as validate
    from drkit.model.plan import Plan as Plan
    from drkit.model.readiness import ReadinessReport as ReadinessReport
    from drkit.model.step import RunMode as RunMode
    from drkit.reporting.report import Report as Report

_HOMES = {
    "Options": "drkit.api",
    "Plan": "drkit.model.plan",
    "ReadinessReport": "drkit.model.readiness",
    "Report": "drkit.reporting.report",
    "RunMode": "drkit.model.step",
    "deploy": "drkit.api",
    "load_plan": "drkit.api",
    "ready": "drkit.api",
    "rebuild": "drkit.api",
    "standby": "drkit.api",
    "validate": "drkit.api",
}
__all__ = [
    "Options",
    "Plan",
    "ReadinessReport",
    "Report",
    "RunMode",
    "deploy",
    "load_plan",
    "ready",
    "rebuild",
    "standby",
    "validate",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'drkit' has no attribute {name!r}")
