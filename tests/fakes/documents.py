"""A small plan as a document, for tests that need a plan that can be sent to a try and written to
a file: one stack, one service, one process.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from drkit.adapters.plan_yaml import structure_plan
from drkit.model.plan import Plan

DOCUMENT: Mapping[str, Any] = {
    "version": 1,
    "shop": "corner",
    "currency": "EUR",
    "outside": {"region": "eu-north-1", "state": "s3://corner-dr", "backups": "s3://corner-backup"},
    "secrets": {"vault": "secrets.yml", "password": {"command": "cat password"}},
    "dns": {"name": "corner.example", "ttl": "10s"},
    "people": {"ana": {"roles": ["lead", "dba"]}, "bo": {"roles": ["sre"]}},
    "sites": {
        region: {
            "cloud": "sandbox",
            "account": "000000000000",
            "ssh": {"jump": "edge"},
            "images": {"host": "shop-12"},
        }
        for region in ("eu-west-3", "eu-central-1")
    },
    "providers": {"card-a": {"endpoint": "https://card-a.example"}},
    "processes": {
        "sales": {
            "rto": "2h",
            "rpo": "1h",
            "impact": "50000/day",
            "needs": ["storefront"],
            "proof": "checks/buy.py",
        }
    },
    "stacks": {"compute": {"provides": ["edge", "app"]}},
    "stores": {},
    "services": {"storefront": {"needs": ["compute"], "hosts": "app"}},
    "steps": {
        "consent": {"gate": "lead", "after": ["proof.sales"]},
        "cutover": {"cutover": "dns", "after": ["consent"]},
    },
}


def document(**parts: Any) -> dict[str, Any]:
    """A copy of :data:`DOCUMENT` with ``parts`` in place of its sections."""
    return {**copy.deepcopy(dict(DOCUMENT)), **parts}


def plan_at(root: Path, **parts: Any) -> Plan:
    """The plan of :func:`document`, in the folder ``root``; its files are not made."""
    return structure_plan(document(**parts), root=root)


def write_plan(root: Path, **parts: Any) -> Path:
    """``drkit.yaml`` in ``root``."""
    path = root / "drkit.yaml"
    path.write_text(yaml.safe_dump(document(**parts), sort_keys=False))
    return path
