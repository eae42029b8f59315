"""Rights that the last proof used and that are there no more: looked up by what the cloud recorded,
simulated for who would call now, and never taken for good where they were not looked at.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.core.exceptions import JsonRESTError

from drkit.adapters.cloud import client
from drkit.adapters.recorded_calls import Recorded, _read, recorded_calls
from drkit.adapters.rights import denied, identity_now
from drkit.errors import ConfigurationError
from drkit.model.calls import Call, Denial, mark_of
from drkit.model.plan import Plan
from drkit.model.readiness import About, Looked, Severity
from drkit.model.step import RunKind
from drkit.planning.graph import build_graph
from drkit.ports import World
from drkit.readying.looks import LOOKS
from drkit.readying.sources import Sources
from drkit.reporting.proofs import Proof
from drkit.reporting.readiness.site import Site
from drkit.sandbox.corrections import answer_lookups
from drkit.sandbox.trail import Lookup, Trail
from tests.contract.cloud.opened import Write
from tests.contract.cloud.rights import EVERYTHING, OPERATOR, called, deny, grant
from tests.contract.cloud.standby import STANDBY, proven

RUN = "20261127-020000-validate-eu-central-1"
LONG = timedelta(minutes=2)
BUCKET = "arn:aws:s3:::corner-backup"


def proof(**parts: Any) -> Proof:
    now = datetime.now(UTC)
    given: dict[str, Any] = {
        "run": RUN,
        "began": now - timedelta(minutes=5),
        "at": now,
        "ended": now,
        "steps": ("network", "compute"),
        "plan": {},
        "digests": {},
    }
    return Proof(**(given | parts))


def read(world: World, plan: Plan) -> Recorded:
    with pytest.MonkeyPatch.context() as patched:
        patched.delenv("AWS_SDK_UA_APP_ID", raising=False)  # who looks is no step of the run
        return recorded_calls(world, plan, STANDBY, proof(), within=LONG)


def call(action: str, resource: str = "*", step: str = "compute", **parts: Any) -> Call:
    return Call(**({"region": STANDBY} | parts), action=action, resource=resource, step=step)


@pytest.fixture
def marked(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Have clients that are made from now on belong to a step of the run."""

    def mark(step: str) -> None:
        monkeypatch.setenv("AWS_SDK_UA_APP_ID", mark_of(RUN, step))

    return mark


def make_all_sorts(world: World) -> None:
    ec2 = client(world, "ec2", STANDBY)
    ec2.create_vpc(CidrBlock="10.68.0.0/16")
    ec2.describe_vpcs()
    s3 = client(world, "s3", "eu-north-1")
    s3.get_bucket_location(Bucket="corner-backup")
    s3.put_public_access_block(
        Bucket="corner-backup", PublicAccessBlockConfiguration={"BlockPublicAcls": True}
    )
    s3.put_bucket_encryption(
        Bucket="corner-backup",
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
        },
    )
    s3.put_object(Bucket="corner-backup", Key="a/b", Body=b"")
    s3.list_objects_v2(Bucket="corner-backup")
    client(world, "sts", STANDBY).get_caller_identity()


def test_what_a_step_called_is_told_by_the_right_that_it_takes_and_nobody_elses(
    enforced: World, trail: Trail, plan: Plan, zone: str, marked: Callable[[str], None]
) -> None:
    client(enforced, "ec2", STANDBY).describe_subnets()
    marked("compute")
    make_all_sorts(enforced)
    marked("network")
    client(enforced, "iam", STANDBY).list_users()
    route53 = client(enforced, "route53", STANDBY)
    route53.list_resource_record_sets(HostedZoneId=zone)
    marked("a step of another run")
    client(enforced, "ec2", STANDBY).describe_images()
    found = read(enforced, plan)
    outside, everywhere = {"region": "eu-north-1"}, {"region": "us-east-1", "step": "network"}
    assert found.whole
    assert found.calls == {
        call("ec2:CreateVpc"),
        call("ec2:DescribeVpcs"),
        call("s3:GetBucketLocation", BUCKET, **outside),
        call("s3:PutBucketPublicAccessBlock", BUCKET, **outside),
        call("s3:PutEncryptionConfiguration", BUCKET, **outside),
        call("iam:ListUsers", **everywhere),
        call(
            "route53:ListResourceRecordSets",
            f"arn:aws:route53:::hostedzone/{zone.rpartition('/')[2]}",
            **everywhere,
        ),
    }


def test_what_was_refused_then_is_no_right_that_the_proof_used(
    enforced: World, trail: Trail, plan: Plan, marked: Callable[[str], None]
) -> None:
    marked("compute")
    grant(enforced, EVERYTHING, deny("ec2:DescribeVpcs"))
    ec2 = client(enforced, "ec2", STANDBY)
    ec2.describe_subnets()
    with pytest.raises(ClientError, match="not authorized"):
        ec2.describe_vpcs()
    assert read(enforced, plan).calls == {call("ec2:DescribeSubnets")}


def test_all_pages_are_read_and_nothing_of_other_times(
    world: World, trail: Trail, plan: Plan
) -> None:
    now = datetime.now(UTC)
    for number in range(120):
        trail.take(called(RUN, "compute", f"ec2:DescribeThing{number}", now))
    for when in (now - timedelta(hours=1), now + timedelta(hours=1)):
        trail.take(called(RUN, "compute", "ec2:CreateVpc", when))
    assert len(read(world, plan).calls) == 120


def test_what_changes_something_is_read_first_and_what_time_did_not_do_for_is_said(
    world: World, trail: Trail
) -> None:
    now, steps = datetime.now(UTC), {mark_of(RUN, "compute"): "compute"}
    for name in ("CreateVpc", "DescribeVpcs"):
        trail.take(called(RUN, "compute", f"ec2:{name}", now))
    found = _read(client(world, "cloudtrail", STANDBY), proof(), steps, time.monotonic())
    assert found == Recorded(calls=frozenset({call("ec2:CreateVpc")}), whole=False)


class Throttling(Trail):
    """Answers as CloudTrail does who is asked too often, but for what changes something."""

    def answer(self, lookup: Lookup) -> dict[str, Any]:
        if lookup.reads:
            raise JsonRESTError("ThrottlingException", "Rate exceeded")
        return super().answer(lookup)


def test_what_cloudtrail_will_not_tell_so_fast_is_not_whole(
    world: World, trail: Trail, plan: Plan
) -> None:
    asked_too_often = Throttling("123456789012")
    answer_lookups(asked_too_often)
    asked_too_often.take(called(RUN, "compute", "ec2:CreateVpc", datetime.now(UTC)))
    assert read(world, plan) == Recorded(calls=frozenset({call("ec2:CreateVpc")}), whole=False)


@pytest.mark.parametrize(
    ("statements", "allowed"),
    [
        ([EVERYTHING], True),
        ([EVERYTHING, deny("ec2:*")], False),
        ([EVERYTHING, deny("ec2:CreateVpc")], True),
        ([{**EVERYTHING, "Action": ["ec2:Describe*", "sts:*"]}], True),
        ([{**EVERYTHING, "Action": "s3:*"}], False),
    ],
)
def test_what_is_simulated_is_what_then_happens(
    enforced: World, trail: Trail, plan: Plan, statements: list[dict[str, Any]], allowed: bool
) -> None:
    asking = {**EVERYTHING, "Action": "iam:SimulatePrincipalPolicy"}
    grant(enforced, *statements, asking)
    found = denied(enforced, plan, OPERATOR, [call("ec2:DescribeVpcs")])
    assert (found == ()) == allowed
    ec2 = client(enforced, "ec2", STANDBY)
    if allowed:
        ec2.describe_vpcs()
    else:
        with pytest.raises(ClientError, match="not authorized"):
            ec2.describe_vpcs()


def test_a_right_is_simulated_on_the_bucket_that_it_was_used_on(
    enforced: World, trail: Trail, plan: Plan
) -> None:
    here = {**EVERYTHING, "Action": "s3:*", "Resource": [BUCKET, f"{BUCKET}/*"]}
    grant(enforced, here, {**EVERYTHING, "Action": "iam:*"})
    other = "arn:aws:s3:::corner-dr"
    calls = [call("s3:GetBucketPolicy", BUCKET), call("s3:GetBucketPolicy", other)]
    assert denied(enforced, plan, OPERATOR, calls) == (
        Denial(action="s3:GetBucketPolicy", resource=other, region=STANDBY, explicit=False),
    )


def test_it_is_simulated_for_who_has_the_credentials_now(
    enforced: World, trail: Trail, plan: Plan
) -> None:
    assert identity_now(enforced, plan) == OPERATOR
    with pytest.raises(ConfigurationError, match="is not answered: NoSuchEntity"):
        denied(enforced, plan, f"{OPERATOR}-gone", [call("ec2:CreateVpc")])


def test_who_is_no_user_and_no_role_is_not_guessed_at(
    world: World, trail: Trail, plan: Plan
) -> None:
    """moto says of a key that is nobody's that it is a user of STS, of which IAM knows nothing."""
    with pytest.raises(ConfigurationError, match="simulates no calls of arn:aws:sts"):
        identity_now(world, plan)


# the look of `drkit ready`


@pytest.fixture
def look(shop: Write, enforced: World, trail: Trail) -> Callable[[], Looked]:
    """At a site whose proof of an hour ago made a network, by the credentials of the night."""
    plan = shop()
    run = proven(plan, ago=timedelta(hours=1))
    at = datetime.now(UTC) - timedelta(hours=1)
    trail.take(called(run, "compute", "ec2:CreateVpc", at))
    trail.take(called(run, "compute", "ec2:DescribeVpcs", at))

    def looked() -> Looked:
        site = Site(
            plan=plan,
            region=STANDBY,
            graph=build_graph(plan, RunKind.REBUILD),
            now=datetime.now(UTC),
        )
        sources = Sources(plan)
        sources._end += LONG.total_seconds()
        return LOOKS[About.PERMISSIONS](site, sources)

    return looked


def test_nothing_is_found_where_nothing_was_taken_away(look: Callable[[], Looked]) -> None:
    looked = look()
    assert looked.findings == ()
    assert looked.good.endswith(" used or a cutover takes")


def test_a_right_that_was_taken_away_blocks_and_is_named_with_who_and_what_it_was_for(
    look: Callable[[], Looked], enforced: World
) -> None:
    grant(enforced, EVERYTHING, deny("ec2:CreateVpc"))
    looked = look()
    [finding] = looked.findings
    assert (finding.severity, finding.about) == (Severity.BLOCKS, About.PERMISSIONS)
    assert finding.place == OPERATOR
    assert "may not call ec2:CreateVpc in eu-central-1 (a policy denies it)" in finding.message
    assert "needed by compute" in finding.message
    assert finding.processes == ("sales",)
    assert f"--policy-source-arn {OPERATOR} --action-names ec2:CreateVpc" in finding.remedy
    assert not looked.good


@pytest.mark.parametrize(
    ("right", "step"),
    [
        ("s3:PutBucketPolicy", "cutover.revoke"),
        ("route53:ChangeResourceRecordSets", "cutover.dns"),
        ("s3:PutObject", "cutover.epoch"),
    ],
)
def test_a_right_that_only_a_cutover_takes_blocks_without_a_record(
    look: Callable[[], Looked], enforced: World, right: str, step: str
) -> None:
    grant(enforced, EVERYTHING, deny(right))
    [finding] = look().findings
    assert finding.severity is Severity.BLOCKS
    assert f"may not call {right} on arn:aws:" in finding.message
    assert f"needed by {step}" in finding.message


@pytest.mark.parametrize("right", ["cloudtrail:LookupEvents", "iam:SimulatePrincipalPolicy"])
def test_a_look_that_is_denied_is_an_error_that_names_it(
    look: Callable[[], Looked], enforced: World, right: str
) -> None:
    grant(enforced, EVERYTHING, deny(right))
    with pytest.raises(ConfigurationError, match=f"{right} is not answered") as caught:
        look()
    assert "from-sandbox-to-aws.md" in caught.value.remedy


def test_a_proof_of_which_nothing_is_recorded_is_not_known(
    look: Callable[[], Looked], trail: Trail
) -> None:
    trail._events.clear()
    [finding] = look().findings
    assert finding.severity is Severity.UNKNOWN
    assert "no record of what it called" in finding.message
    assert "drkit validate --region eu-central-1" in finding.remedy
