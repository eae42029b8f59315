"""Rights judged: what blocks, what is only noted, and what nobody can say."""

from __future__ import annotations

from typing import Any

from drkit.model.calls import Call, Denial
from drkit.model.readiness import About, Finding, Looked, Severity
from drkit.model.step import RunKind
from drkit.planning.graph import build_graph
from drkit.reporting.readiness.permissions import Permissions, judge_permissions
from drkit.reporting.readiness.site import Site
from tests.fakes import plans
from tests.fakes.clock import START

ANA = "arn:aws:iam::000000000000:user/ana"
REGION = "eu-central-1"


def call(step: str, action: str, resource: str = "*") -> Call:
    return Call(step=step, action=action, resource=resource, region=REGION)


MADE = frozenset(
    {
        call("network", "ec2:CreateVpc"),
        call("network", "ec2:DescribeVpcs"),
        call("compute", "ec2:DescribeVpcs"),
        call("proof.sales", "s3:GetBucketPolicy", "arn:aws:s3:::b"),
        call("remove.network", "ec2:DeleteVpc"),
    }
)


KNOWN = frozenset({call("proof.payment", "s3:PutObject", "arn:aws:s3:::b/epoch.json")})


def denial(action: str, resource: str = "*", **parts: Any) -> Denial:
    return Denial(**({"explicit": False} | parts), action=action, resource=resource, region=REGION)


def judged(*denied: Denial, calls: frozenset[Call] = MADE, left: str = "") -> Looked:
    plan = plans.plan(steps={})
    site = Site(plan=plan, region=REGION, graph=build_graph(plan, RunKind.REBUILD), now=START)
    found = Permissions(
        run="run-1", identity=ANA, recorded=calls, known=KNOWN, denied=denied, left=left
    )
    return judge_permissions(site, found)


def only(looked: Looked) -> Finding:
    [finding] = looked.findings
    assert not looked.good
    assert finding.about is About.PERMISSIONS
    return finding


def test_rights_that_are_all_there_are_good_and_counted_once_each() -> None:
    assert judged() == Looked(good="5 rights that run-1 used or a cutover takes")


def test_a_right_that_a_step_of_a_rebuild_takes_blocks_who_waits_for_it() -> None:
    finding = only(judged(denial("s3:GetBucketPolicy", "arn:aws:s3:::b", explicit=True)))
    assert (finding.severity, finding.place) == (Severity.BLOCKS, ANA)
    assert finding.message == (
        "may not call s3:GetBucketPolicy on arn:aws:s3:::b in eu-central-1 (a policy denies it):"
        " needed by proof.sales"
    )
    assert finding.processes == ("sales",)


def test_rights_of_the_same_steps_are_one_finding_and_those_of_others_another() -> None:
    one = only(judged(denial("ec2:DescribeVpcs")))
    assert "needed by compute, network" in one.message
    assert one.processes == ("sales", "payment")
    looked = judged(denial("ec2:DescribeVpcs"), denial("ec2:CreateVpc"))
    assert len(looked.findings) == 2
    both = frozenset({*MADE, call("network", "ec2:CreateSubnet")})
    finding = only(judged(denial("ec2:CreateSubnet"), denial("ec2:CreateVpc"), calls=both))
    assert "ec2:CreateSubnet in eu-central-1, ec2:CreateVpc in eu-central-1" in finding.message
    assert "(no policy allows it)" in finding.message
    assert "--action-names ec2:CreateSubnet ec2:CreateVpc`" in finding.remedy


def test_a_right_by_which_only_a_copy_is_taken_away_is_noted() -> None:
    finding = only(judged(denial("ec2:DeleteVpc")))
    assert (finding.severity, finding.processes) == (Severity.NOTE, ())


def test_what_a_condition_decides_that_only_a_call_tells_is_not_known() -> None:
    finding = only(judged(denial("ec2:CreateVpc", untold=("aws:RequestTag/shop",))))
    assert finding.severity is Severity.UNKNOWN
    assert "it depends on aws:RequestTag/shop, which only a real call tells" in finding.message


def test_calls_that_were_not_all_looked_up_are_not_known_beside_what_is() -> None:
    denied, rest = judged(denial("ec2:CreateVpc"), left="there was no time").findings
    assert denied.severity is Severity.BLOCKS
    assert (rest.severity, rest.place) == (Severity.UNKNOWN, "run-1")
    assert "there was no time" in rest.message


def test_of_a_run_of_which_nothing_is_recorded_the_rights_are_not_known() -> None:
    denied, finding = judged(
        denial("s3:PutObject", "arn:aws:s3:::b/epoch.json"), calls=frozenset()
    ).findings
    assert denied.severity is Severity.BLOCKS, "what is known without a record is judged"
    assert finding.severity is Severity.UNKNOWN
    assert finding.remedy == "prove the site again: `drkit validate --region eu-central-1`"
