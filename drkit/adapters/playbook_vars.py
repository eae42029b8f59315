"""The variables that every playbook gets: ``drkit``, ``secrets`` and ``identities``.

The one place that says what a playbook may know; docs/reference/playbook-variables.md tells it to
people who write playbooks.
"""

from __future__ import annotations

from collections.abc import Mapping

from drkit.adapters.codec import format_time
from drkit.adapters.muzzle import READING, is_drill, muzzle_variables, sink_urls
from drkit.errors import StepError
from drkit.model.plan import Store
from drkit.model.step import PlaybookWork, StoreWork
from drkit.ports import Context, Secret

_SHARE_OF_RPO = 10
_LONGEST = 60
"""Seconds. The log is switched every tenth of the tightest RPO, and at least every minute."""


def archive_timeout(rpos: list[float]) -> int:
    """Seconds between forced switches of the write-ahead log, from the RPOs in seconds."""
    return max(1, min(_LONGEST, int(min(rpos, default=600.0) / _SHARE_OF_RPO)))


def playbook_vars(context: Context, work: PlaybookWork | StoreWork) -> dict[str, object]:
    """JSON values, secrets revealed: for a private file only."""
    plan, target = context.plan, context.target
    outside = context.world.endpoints[plan.outside.region]
    own = context.world.endpoints[target.region]
    identities = context.identities.get(target.region, {})
    rpos = [process.rpo.total_seconds() for process in plan.processes.values()]
    drkit: dict[str, object] = {
        "shop": plan.shop,
        "run": context.run,
        "kind": str(context.kind),
        "site": target.region,
        "region": target.region,
        "generation": target.generation,
        "epoch": context.epoch,
        "archive_timeout": archive_timeout(rpos),
        "outside": {
            "region": plan.outside.region,
            "endpoint_name": outside.name,
            "state_bucket": plan.outside.state,
            "backup_bucket": plan.outside.backups,
        },
        "own": {"endpoint_name": own.name, "region": target.region, "bucket": _own_bucket(context)},
        "dns_name": plan.dns.name,
        "providers": _providers(context),
        "proof_ca": (context.folder / "proof_ca.crt").read_text(),
    }
    if isinstance(work, StoreWork):
        drkit["store"] = _store(context, plan.stores[work.store], work)
    else:
        drkit["stores"] = {
            s.name: {"stanza": s.stanza or s.name, "skip_numbers": s.skip_numbers}
            for s in plan.stores.values()
        }
    if is_drill(context):
        drkit["muzzle"] = muzzle_variables(context)
        identities = {purpose: identities[purpose] for purpose in READING & identities.keys()}
    settings = work.settings if isinstance(work, PlaybookWork) else {}
    return {
        **settings,
        "drkit": drkit,
        "secrets": _revealed(context.vault),
        "identities": {purpose: _revealed(parts) for purpose, parts in identities.items()},
    }


def _store(context: Context, store: Store, work: StoreWork) -> dict[str, object]:
    return {
        "name": store.name,
        "hosts": store.hosts,
        "mode": str(work.mode),
        "to": format_time(context.recover_to) if context.recover_to else None,
        "timeline": "latest",
        "stanza": store.stanza or store.name,
        "skip_numbers": store.skip_numbers,
    }


def _providers(context: Context) -> Mapping[str, str]:
    if is_drill(context):
        return sink_urls(context)
    return {provider.name: provider.endpoint for provider in context.plan.providers.values()}


def _own_bucket(context: Context) -> str:
    for facts in context.facts.values():
        if isinstance(bucket := facts.get("bucket"), str):
            return bucket
    raise StepError(
        "no stack of this run has made the site's own bucket (output `bucket`)",
        remedy="let a stack output `bucket` and `backup_identity`",
    )


def _revealed(secrets: Mapping[str, Secret]) -> dict[str, str]:
    return {name: secret.reveal() for name, secret in secrets.items()}
