"""Pulumi's SDK of AWS, loaded whole: a package loads when something of it is asked for."""

from __future__ import annotations

import importlib
import warnings


def load_whole(*names: str) -> None:
    """Load these packages of pulumi_aws (7.51), whatever the SDK has against itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        for name in names:
            hasattr(importlib.import_module(f"pulumi_aws.{name}"), "__all__")
