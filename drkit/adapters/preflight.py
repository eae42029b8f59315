"""What must be true of the world before the first step: looked at, never changed.

Each finding is a problem with place and remedy; nothing here raises for a "no".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from drkit.adapters.cloud import client, said_by_cloud
from drkit.adapters.codec import format_time
from drkit.adapters.epoch import Epoch
from drkit.adapters.public_answer import public_answer
from drkit.adapters.recovery_points import recovery_points
from drkit.errors import Problem
from drkit.model.plan import Plan, RestoreTool, Store
from drkit.model.record import OLD_SITE_HEALTHY, RunBegan
from drkit.model.step import RunKind, RunMode
from drkit.ports import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What is about to be done, and what is known of the world."""

    plan: Plan
    kind: RunKind
    region: str
    world: World
    epoch: Epoch
    left: RunBegan | None
    """An earlier run of this kind and site that is not over; else, of what gives way to it, a
    rebuild."""
    recover_to: datetime | None = None
    carried_on: RunBegan | None = None
    """The same, where it is to be carried on with."""
    done: frozenset[str] = frozenset()
    """Steps of it that are done."""
    mode: RunMode = RunMode.UNPLANNED


def world_problems(intent: Intent) -> Iterator[Problem]:
    """Everything outside the plan that speaks against the run, or against carrying on with it."""
    if intent.carried_on is None:
        yield from _serving(intent)
    yield from lasting_problems(intent)
    for store in intent.plan.stores.values():
        if store.name not in intent.done and intent.kind is not RunKind.STANDBY:
            yield from _recovery_point(intent, store)


def lasting_problems(intent: Intent) -> Iterator[Problem]:
    """Of these, what no incident and no backup changes."""
    yield from _outside(intent)
    yield from _strategy(intent.plan)


def standby_problems(intent: Intent) -> Iterator[Problem]:
    """Why this site is none to rebuild, as long as the epoch stands as it does."""
    serving = intent.epoch.serving
    if serving is None:
        yield Problem(
            place="epoch",
            message="no site of this shop was ever opened: there is nothing to rebuild",
            remedy=f"bring it up first: `drkit deploy --region {intent.region}`",
        )
    elif serving.region == intent.region:
        yield Problem(
            place="--region",
            message=f"{intent.region} is the site that serves ({serving.name})",
            remedy="name another site of the plan",
        )


def serves(intent: Intent) -> bool:
    """Whether the old site takes orders: what a rebuild has restored grows old with each."""
    return intent.kind is RunKind.REBUILD and _answers(intent)


def _serving(intent: Intent) -> Iterator[Problem]:
    serving, kind = intent.epoch.serving, intent.kind
    if kind in {RunKind.VALIDATE, RunKind.STANDBY}:
        yield from standby_problems(intent)
        yield from _rebuilding(intent)
        return
    if serving is not None and intent.left and intent.left.run == intent.epoch.run:
        yield Problem(
            place="plan",
            message=(
                f"the run {intent.epoch.run} has raised the epoch for {serving.name} and is not"
                " over; this plan, or `--to`, is not the one that it began with"
            ),
            remedy="put the plan back as it was, and carry on with that run; or with the changed"
            " plan: --accept-plan-change --reason WHY",
        )
        return
    if kind is RunKind.DEPLOY and serving is not None:
        yield Problem(
            place="epoch",
            message=f"{serving.name} serves this shop (epoch {intent.epoch.number})",
            remedy="a shop that exists is rebuilt: `drkit rebuild --region …`",
        )
    if kind is RunKind.REBUILD:
        against = tuple(standby_problems(intent))
        yield from against
        if not against:
            planned = intent.mode is RunMode.PLANNED
            yield from _not_serving(intent) if planned else _healthy(intent)


def _rebuilding(intent: Intent) -> Iterator[Problem]:
    """A rehearsal gives way: it would share hosts' processors and quotas with a real rebuild. A
    standby would be built under its feet.
    """
    if intent.left is not None and intent.left.kind is RunKind.REBUILD:
        yield Problem(
            place="--region",
            message=f"the rebuild {intent.left.run} of {intent.region} is not over",
            remedy=f"carry on with it (`drkit resume {intent.left.run}`), and do this after that",
        )


def _healthy(intent: Intent) -> Iterator[Problem]:
    serving = intent.epoch.serving
    if serving is not None and _answers(intent):
        yield Problem(
            place=OLD_SITE_HEALTHY,
            message=f"{intent.plan.dns.name} answers from {serving.name}: customers are served",
            remedy="to move them and lose nothing: --mode planned; to leave it as it is (`--to`,"
            f" half a region is lost): --accept {OLD_SITE_HEALTHY} --reason WHY",
            acceptable=True,
        )


def _not_serving(intent: Intent) -> Iterator[Problem]:
    """A planned move begins with a site that serves: another cannot be asked for what it holds."""
    answer = public_answer(intent.plan, intent.world)
    if not answer.healthy:
        yield Problem(
            place="--mode",
            message=f"a planned move needs the old site, and {intent.plan.dns.name} {answer.said}",
            remedy="if it is lost: leave `--mode planned` out; if an earlier move has closed it:"
            " `drkit resume RUN` carries on, `drkit reopen --reason WHY` gives it back",
        )


def _answers(intent: Intent) -> bool:
    """Whether the public name serves a customer now. Any trouble at all is a no."""
    return public_answer(intent.plan, intent.world).healthy


def _outside(intent: Intent) -> Iterator[Problem]:
    """Law 8: state and backups lie where the plan says, so in no region that can be the lost one.

    A bucket that cannot be asked is told by who needs it.
    """
    wanted = intent.plan.outside.region
    s3 = client(intent.world, "s3", wanted)
    buckets = {"state": intent.plan.outside.state, "backups": intent.plan.outside.backups}
    for key, bucket in buckets.items():
        try:
            told = s3.get_bucket_location(Bucket=bucket)["LocationConstraint"]
        except said_by_cloud():
            continue
        # AWS's oldest region has no name here
        found = told or "us-east-1"
        if found != wanted:
            yield Problem(
                place=f"outside.{key}",
                message=f"s3://{bucket} lies in {found}, not in {wanted}",
                remedy="copy it to a bucket outside, or correct `outside.region`",
            )


def _strategy(plan: Plan) -> Iterator[Problem]:
    from importlib.util import find_spec

    if plan.defaults.strategy.startswith("mitogen") and find_spec("ansible_mitogen") is None:
        yield Problem(
            place="defaults.strategy",
            message=f"{plan.defaults.strategy} needs mitogen, which is not installed",
            remedy="pip install 'drkit[mitogen]', or write `strategy: linear`",
        )


def _recovery_point(intent: Intent, store: Store) -> Iterator[Problem]:
    """What is restored needs a backup of each store; a deployment must not find one."""
    if store.restore is RestoreTool.REBUILD:
        return
    bucket = intent.plan.outside.backups
    try:
        points = recovery_points(intent.world, intent.plan, store)
    except said_by_cloud() as error:
        yield Problem(
            place="outside.backups",
            message=f"s3://{bucket} cannot be read: {error}",
            remedy="run `drkit prepare` once; or check the outside location",
        )
        return
    to = intent.recover_to
    usable = [point for point in points if to is None or point <= to]
    if intent.kind is not RunKind.DEPLOY and not usable:
        early = f"; the first is of {format_time(points[0])}" if points else ""
        before = f" before {format_time(to)}" if to else ""
        yield Problem(
            place=f"stores.{store.name}",
            message=f"there is no usable recovery point{before} in s3://{bucket}{early}",
            remedy="look for the backups in another bucket, or rebuild without this store",
            affects=(store.name,),
        )
    if intent.kind is RunKind.DEPLOY and points and intent.left is None:
        yield Problem(
            place=f"stores.{store.name}",
            message=f"there is a recovery point in s3://{bucket}: a new shop would write over it",
            remedy="rebuild from it, or move it away",
        )
