"""The epoch: the object outside that is the truth about who serves.

``{"number", "site", "generation", "run", "at", "before": [...]}``. Raised by conditional PUT, so
that of two runs only one wins. Reading it can say "nobody yet" (number 0); not being able to read
it is an error, never "nobody".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from drkit.adapters.cloud import client, error_code, said_by_cloud
from drkit.adapters.cutover_rights import refuse_blocked
from drkit.adapters.journal_copies import records_outside
from drkit.adapters.outside_store import OutsideStore
from drkit.errors import ConfigurationError, EffectUnknown, JournalDamaged, StepError
from drkit.model.outcome import Outcome, State
from drkit.model.plan import Plan
from drkit.model.record import RunTakenOver, Target
from drkit.model.step import EpochWork
from drkit.ports import Context, Progress, World
from drkit.reporting.moving import was_given_back

KEY = "epoch.json"
BRING_BACK = (
    "bring back its last version (the bucket keeps them); `drkit prepare` makes the first of a shop"
    " that was never opened"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    number: int
    serving: Target | None
    run: str
    opened: tuple[str, ...]
    """Names of all targets that were ever opened, the serving one included."""
    tag: str
    """The object's ETag, for the conditional PUT that replaces it; empty where there is none."""
    document: Mapping[str, Any]

    @property
    def serving_name(self) -> str | None:
        """``eu-west-3.g1``; None while nobody serves."""
        return self.serving.name if self.serving else None


def read_epoch(world: World, plan: Plan) -> Epoch:
    """The epoch as it stands. Raises ConfigurationError when it cannot be read."""
    s3 = client(world, "s3", plan.outside.region)
    try:
        answer = s3.get_object(Bucket=plan.outside.state, Key=KEY)
        body = answer["Body"].read()
    except said_by_cloud() as error:
        if error_code(error) == "NoSuchKey":
            return Epoch(number=0, serving=None, run="", opened=(), tag="", document={})
        raise ConfigurationError(
            f"the epoch cannot be read from s3://{plan.outside.state}: {error}",
            remedy="run `drkit prepare` once; or check the outside location and the credentials",
        ) from error
    try:
        return _epoch(plan, json.loads(body), tag=answer["ETag"])
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise ConfigurationError(
            f"s3://{plan.outside.state}/{KEY} is no epoch: {error!r}",
            remedy="bring back an older version of the object: the bucket keeps them",
        ) from error


def _epoch(plan: Plan, document: Mapping[str, Any], *, tag: str) -> Epoch:
    past = [*document.get("before", []), document]
    return Epoch(
        number=document["number"],
        serving=_target(plan.shop, document),
        run=document["run"] or "",
        opened=tuple(f"{e['site']}.g{e['generation']}" for e in past if e["site"]),
        tag=tag,
        document=document,
    )


def unknown(plan: Plan) -> str:
    """What is said where there is no epoch, and "nobody yet" may not be taken for true."""
    return f"there is no {KEY} in s3://{plan.outside.state}: who serves is not known"


def write_first_epoch(world: World, plan: Plan) -> bool:
    """Epoch 0, nobody serves. Returns False if an epoch is there already. Raises ConfigurationError
    where one was, and is gone: somebody may serve.
    """
    if _is_lost(world, plan):
        raise ConfigurationError(unknown(plan), remedy=BRING_BACK)
    document = {"number": 0, "site": None, "generation": None, "run": None, "at": _now()}
    return _put(world, plan, document, tag="")


class EpochTool:
    """Raises the epoch to the number that the run opens with."""

    def __init__(self, _work: EpochWork) -> None: ...

    def look(self, context: Context) -> Outcome | None:
        found = read_epoch(context.world, context.plan)
        return _raised(found, changed=0) if _ours(found, context) else None

    def do(self, context: Context, progress: Progress) -> Outcome:
        found = read_epoch(context.world, context.plan)
        if _ours(found, context):
            return _raised(found, changed=0)
        refuse_blocked(context)
        _refuse_ended(context)
        if not found.document:
            raise StepError(unknown(context.plan), remedy=BRING_BACK)
        if found.number >= context.epoch:
            raise StepError(
                f"the epoch is {found.number} already, set by the run {found.run}",
                remedy="another site was opened since this run began: start a new run",
            )
        past = {key: found.document[key] for key in ("number", "site", "generation", "run", "at")}
        document = {
            "number": context.epoch,
            "site": context.target.region,
            "generation": context.target.generation,
            "run": context.run,
            "at": _now(),
            "before": [*found.document.get("before", []), past],
        }
        if not _put(context.world, context.plan, document, tag=found.tag):
            # a put whose answer was lost is repeated by the client, and meets its own object
            found = read_epoch(context.world, context.plan)
            if not _ours(found, context):
                raise StepError(
                    f"the run {found.run} raised the epoch to {found.number} at the same moment",
                    remedy="another site was opened: look at it, then start a new run",
                )
        progress(f"epoch {context.epoch}: {context.target.name} serves")
        return Outcome(state=State.DONE, changed=1, facts={"epoch": context.epoch})


def refuse_overtaken(context: Context) -> None:
    """Raise StepError when another run has raised the epoch past this one's: its cutover may not
    take identities and DNS from the site that serves now. EffectUnknown where it cannot be read.
    """
    try:
        found = read_epoch(context.world, context.plan)
    except ConfigurationError as error:
        raise EffectUnknown(str(error), remedy=error.remedy) from error
    if found.number > context.epoch:
        raise StepError(
            f"the epoch is {found.number} by now, set by the run {found.run}: another site serves",
            remedy="nothing was changed; leave this run, or start a new one",
        )


def _refuse_ended(context: Context) -> None:
    """Raise StepError where the run's journal outside says what nobody here has written: the old
    site is being given back, or another place has the run. Whoever says so wrote it there first.

    EffectUnknown where it cannot be read.
    """
    store = OutsideStore(context.world, context.plan)
    try:
        records = records_outside(store, context.target.region, context.run)
    except (ConfigurationError, JournalDamaged) as error:
        raise EffectUnknown(
            f"whether {context.run} was ended from elsewhere cannot be read: {error}",
            remedy=error.remedy,
        ) from error
    if was_given_back(records):
        raise StepError(
            f"the old site was given back to its customers while {context.run} went on",
            remedy="nothing was changed; begin another run",
        )
    taken = [record.body for record in records if isinstance(record.body, RunTakenOver)]
    if len(taken) > len(context.lost):
        raise StepError(
            f"{taken[-1].operator} took {context.run} over: {taken[-1].reason}",
            remedy="nothing was changed; see `drkit status`, or take it back by a takeover",
        )


def _ours(found: Epoch, context: Context) -> bool:
    return found.run == context.run and found.number == context.epoch


def _raised(found: Epoch, *, changed: int) -> Outcome:
    return Outcome(state=State.DONE, changed=changed, facts={"epoch": found.number})


def _is_lost(world: World, plan: Plan) -> bool:
    """Whether the bucket keeps former versions of an object that is no more."""
    s3 = client(world, "s3", plan.outside.region)
    try:
        found = s3.list_object_versions(Bucket=plan.outside.state, Prefix=KEY)
    except said_by_cloud() as error:
        raise EffectUnknown(
            f"whether there was an epoch cannot be asked: {error}",
            remedy="check the outside location, then run the same command again",
        ) from error
    versions = [each for each in found.get("Versions", ()) if each["Key"] == KEY]
    return bool(versions) and not any(each["IsLatest"] for each in versions)


def _put(world: World, plan: Plan, document: Mapping[str, Any], *, tag: str) -> bool:
    condition = {"IfMatch": tag} if tag else {"IfNoneMatch": "*"}
    try:
        client(world, "s3", plan.outside.region).put_object(
            Bucket=plan.outside.state,
            Key=KEY,
            Body=json.dumps(document, indent=1).encode(),
            ContentType="application/json",
            **condition,
        )
    except said_by_cloud() as error:
        if error_code(error) in {"PreconditionFailed", "412", "ConditionalRequestConflict"}:
            return False
        raise EffectUnknown(
            f"the epoch could not be written: {error}",
            remedy="check the outside location, then run the same command again",
        ) from error
    return True


def _target(shop: str, document: Mapping[str, Any]) -> Target | None:
    if not document["site"]:
        return None
    return Target(shop=shop, region=document["site"], generation=document["generation"])


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
