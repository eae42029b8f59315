"""One look at each thing that a rebuild needs: what adapters tell, handed to what judges it.

A look raises a :class:`DrkitError` or TimeoutError where it could not be taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from drkit.compose import or_problem
from drkit.errors import ConfigurationError, Problem
from drkit.model.plan import Tier
from drkit.model.quantities import format_moment
from drkit.model.readiness import About, Looked
from drkit.model.record import Target
from drkit.model.step import RunKind
from drkit.planning.quotas import QUOTAS, shortfalls
from drkit.reporting.readiness.certificates import judge_certificates
from drkit.reporting.readiness.people import judge_people
from drkit.reporting.readiness.permissions import Permissions, judge_permissions
from drkit.reporting.readiness.points import judge_points
from drkit.reporting.readiness.proof import judge_proof
from drkit.reporting.readiness.providers import judge_providers
from drkit.reporting.readiness.site import Site, refused, unknown
from drkit.reporting.readiness.standby import Standing, judge_standby
from drkit.reporting.readiness.times import judge_times

if TYPE_CHECKING:
    from drkit.adapters.preflight import Intent
    from drkit.readying.sources import Sources

Look = Callable[[Site, "Sources"], Looked]


def _who_serves(site: Site, sources: Sources) -> Looked:
    from drkit.adapters.preflight import standby_problems
    from drkit.adapters.worlds import check_account

    problems: list[Problem] = []
    world = or_problem(lambda: sources.of(sources.world), "sites", problems)
    if world is not None:
        problems += check_account(world, site.plan)
        if or_problem(lambda: sources.of(sources.epoch), "outside.state", problems):
            problems += standby_problems(_intent(site, sources))
    findings = refused(site, About.SERVING, problems)
    good = "" if findings else f"{sources.of(sources.epoch).serving_name} serves"
    return Looked(findings=findings, good=good)


def _intent(site: Site, sources: Sources) -> Intent:
    """A rebuild that nobody has begun."""
    from drkit.adapters.preflight import Intent

    return Intent(
        plan=site.plan,
        kind=RunKind.REBUILD,
        region=site.region,
        world=sources.of(sources.world),
        epoch=sources.of(sources.epoch),
        left=None,
    )


def _plan(site: Site, sources: Sources) -> Looked:
    """What `drkit plan --region R` refuses: problems of the plan, and what lies in the region that
    serves, or, where that is not known, in any other site's.
    """
    from drkit.adapters.plan_texts import plan_texts
    from drkit.adapters.plan_yaml import files_of
    from drkit.planning.problems import run_problems
    from drkit.planning.touched import lost_problems, possibly_lost, touched

    plan, region = site.plan, site.region
    serving = sources.serving
    elsewhere = serving is not None and serving.region != region
    lost = (serving.region,) if serving and elsewhere else possibly_lost(plan, region)
    problems = (
        *run_problems(plan, exists=files_of(plan), region=region, mode=None),
        *lost_problems(touched(plan, region, plan_texts(plan)), lost),
    )
    return Looked(findings=refused(site, About.PLAN, problems), good="" if problems else "the plan")


def _outside(site: Site, sources: Sources) -> Looked:
    """A bucket that does not answer has no place: so its other readers are heard first."""
    from drkit.adapters.preflight import lasting_problems

    sources.of(sources.newest)
    findings = refused(site, About.OUTSIDE, lasting_problems(_intent(site, sources)))
    return Looked(findings=findings, good="" if findings else "state and backups outside")


def _points(site: Site, sources: Sources) -> Looked:
    return judge_points(site, sources.of(sources.newest))


def _proof(site: Site, sources: Sources) -> Looked:
    from drkit.adapters.digests import digest_of

    steps = site.graph.steps.values() if site.graph else ()
    digests = {step.id: digest_of(site.plan.root, step) for step in steps}
    return judge_proof(site, sources.of(sources.earlier).proven(site.region), digests)


def _standby(site: Site, sources: Sources) -> Looked:
    from drkit.adapters.digests import standby_digests
    from drkit.adapters.generations import known_generations

    plan, region = site.plan, site.region
    target = target_of(site, sources) if plan.sites[region].tier is Tier.WARM else None
    if target is None or site.graph is None:
        return Looked()  # it is cold; or nothing is rebuilt here, which is said already
    world, epoch = sources.of(sources.world), sources.of(sources.epoch)
    standing = None
    if known_generations(world, plan, region, epoch).standing == target.generation:
        records = sources.of(sources.earlier).builder_of(target)
        standing = Standing(target=target, records=records)
    return judge_standby(site, standing, standby_digests(plan))


def _time(site: Site, sources: Sources) -> Looked:
    return judge_times(site, sources.of(sources.times))


def _quotas(site: Site, sources: Sources) -> Looked:
    from drkit.adapters.quotas import comparison

    target = target_of(site, sources)
    if target is None:
        return Looked()  # nothing is rebuilt here, which is said already
    world, epoch = sources.of(sources.world), sources.of(sources.epoch)
    compared = comparison(world, site.plan, target, epoch)
    if compared is None:
        serving = epoch.serving_name
        why = Problem(
            place="quotas",
            message=f"no state outside says what {serving} has, so what a site will ask for",
            remedy=f"compare the quotas of {site.region} by hand: docs/how-to/short-of-capacity.md",
        )
        return Looked(findings=(unknown(site, About.QUOTAS, why),))
    findings = refused(site, About.QUOTAS, shortfalls(compared))
    names = ", ".join(quota.what for quota in QUOTAS)
    return Looked(findings=findings, good="" if findings else f"quotas ({names})")


def _permissions(site: Site, sources: Sources) -> Looked:
    from drkit.adapters.cutover_calls import cutover_calls
    from drkit.adapters.recorded_calls import RECORDED_AFTER, recorded_calls
    from drkit.adapters.rights import denied, identity_now

    last = sources.of(sources.earlier).proven(site.region).last
    if last is None:
        return Looked()  # that nothing proves the site is said already
    world, plan = sources.of(sources.world), site.plan
    found = recorded_calls(world, plan, site.region, last, within=sources.left * 0.8)
    left = "" if found.whole else "there are more of them than are told in the time that there is"
    if not world.stands_apart and site.now - last.ended < RECORDED_AFTER:
        left = f"the run is over since {format_moment(last.ended)}, and AWS records late"
    steps = site.graph.steps.values() if site.graph else ()
    known = cutover_calls(world, plan, steps)
    identity = identity_now(world, plan)
    return judge_permissions(
        site,
        Permissions(
            run=last.run,
            identity=identity,
            recorded=found.calls,
            known=known,
            denied=denied(world, plan, identity, found.calls | known),
            left=left,
        ),
    )


def target_of(site: Site, sources: Sources) -> Target | None:
    """What a rebuild would build; None where none would be: the site serves, or nobody does."""
    from drkit.adapters.generations import choose_generation

    world, epoch = sources.of(sources.world), sources.of(sources.epoch)
    if epoch.serving is None or epoch.serving.region == site.region:
        return None
    number = choose_generation(world, site.plan, site.region, epoch)
    return Target(shop=site.plan.shop, region=site.region, generation=number)


def _people(site: Site, sources: Sources) -> Looked:
    from drkit.adapters.answers import broken_codes
    from drkit.adapters.break_glass import seal_name
    from drkit.adapters.outside_store import OutsideStore
    from drkit.adapters.runs_folder import RunsFolder

    seals = {seal_name(seal) for seal in site.plan.break_glass}
    if not seals:
        return judge_people(site, 0)
    # what a reap used is in no journal, and what a run elsewhere used is not in those that are here
    outside = broken_codes(OutsideStore(sources.of(sources.world), site.plan))
    used = {*RunsFolder(site.plan.root).used_codes(), *outside}
    return judge_people(site, len(seals - used))


def _secrets(site: Site, sources: Sources) -> Looked:
    from drkit.adapters.vault import missing_entries
    from drkit.adapters.vault_certificates import certificates_in

    try:
        vault = sources.of(sources.vault)
        missing = refused(site, About.SECRETS, missing_entries(vault))
        looked = judge_certificates(site, certificates_in(vault))
    except ConfigurationError as error:
        wrong = Problem(place="secrets", message=str(error), remedy=error.remedy)
        return Looked(findings=refused(site, About.SECRETS, [wrong]))
    return Looked(findings=(*missing, *looked.findings), good="" if missing else looked.good)


def _providers(site: Site, sources: Sources) -> Looked:
    return judge_providers(site, sources.of(sources.silent))


def _tools(site: Site, sources: Sources) -> Looked:
    missing = sources.of(sources.hindrances)
    findings = refused(site, About.TOOLS, missing)
    return Looked(findings=findings, good="" if findings else "the tools of this machine")


LOOKS: Mapping[About, Look] = {
    About.SERVING: _who_serves,
    About.PLAN: _plan,
    About.OUTSIDE: _outside,
    About.POINTS: _points,
    About.PROOF: _proof,
    About.STANDBY: _standby,
    About.TIME: _time,
    About.QUOTAS: _quotas,
    About.PERMISSIONS: _permissions,
    About.PEOPLE: _people,
    About.SECRETS: _secrets,
    About.PROVIDERS: _providers,
    About.TOOLS: _tools,
}
