"""``drkit ready --previews``: what Pulumi foresees of the site that would be built, and how the
cloud has the one that serves; asked, and nothing done.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import timedelta

import pytest

from drkit import processes
from drkit.adapters.backup_policy import BackupPolicy
from drkit.adapters.worlds import open_world
from drkit.api import ready
from drkit.model.readiness import About, Finding, Severity, SiteReadiness
from drkit.readying import sources
from tests.contract.cloud.opened import served_by
from tests.contract.pulumi.conftest import REGION
from tests.contract.pulumi.desk import Desk, new_desk
from tests.integration.provider.cloud import Cloud

SERVES = "eu-west-3"
OUTSIDE = "eu-north-1"
OTHERWISE = (
    "stacks.outside: is otherwise than its stack says, which backups and fences rely on;"
    " `drkit prepare` would update aws:s3/bucketVersioning:BucketVersioning backups"
)


@pytest.fixture(scope="module")
def desk(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A shop that eu-west-3 serves; of eu-central-1 there is nothing."""
    with pytest.MonkeyPatch.context() as patch:
        # these tests may run beside others, on a machine that is slow
        patch.setattr(sources, "PATIENCE_FOR_PREVIEWS", timedelta(minutes=9))
        made = new_desk(cloud, tmp_path_factory.mktemp("desk"), patch)
        cloud.register_image(region=SERVES)
        made.bring("outside", "network", "storage", "compute", region=SERVES)
        world = open_world(made.plan)
        served_by(world, made.plan, SERVES)
        # as a cutover does to whom it cannot refuse by IAM: no drift of outside
        BackupPolicy(world, made.plan).fence(["arn:aws:iam::123456789012:user/corner-eu-west-3"])
        yield made


def looked(desk: Desk) -> SiteReadiness:
    [site] = ready(desk.plan, region=REGION, previews=True).sites
    return site


def of(site: SiteReadiness, about: About) -> dict[str, Finding]:
    """By place and, as there may be several of one, the first words of the message."""
    return {
        f"{finding.place}: {finding.message.split(' (')[0].split(': ')[0]}": finding
        for finding in site.findings
        if finding.about is about
    }


def test_nothing_is_found_of_a_clean_site_nothing_is_written_and_nobody_stays(desk: Desk) -> None:
    before = desk.written()
    site = looked(desk)
    assert of(site, About.STACKS) == of(site, About.DRIFT) == {}
    assert f"no drift of {SERVES}.g1; no drift of outside" in site.good
    [previews] = [words for words in site.good if words.startswith("previews of")]
    # compute too, though it needs outputs that are not known before the others are there
    assert previews.startswith(f"previews of {REGION}.g1 (network, storage, compute: ")
    assert desk.written() == before
    assert not [p for p in processes.descendants(os.getpid()) if processes.runs(p, "pulumi")]


def test_all_that_is_wrong_is_named_with_what_it_means_for_a_rebuild(desk: Desk) -> None:
    ids = {host: host_of(desk, host) for host in ("app-1", "app-2")}
    spoil_primary(desk, ids)
    desk.cloud.client("s3", OUTSIDE).put_bucket_versioning(
        Bucket=desk.plan.outside.backups, VersioningConfiguration={"Status": "Suspended"}
    )
    desk.bring("network", region=REGION)
    open_to_the_world(desk, REGION)
    forget_images(desk, REGION)
    site = looked(desk)
    drift, building = of(site, About.DRIFT), of(site, About.STACKS)
    by_hand = "was changed since it was built, and what is rebuilt will be without it"
    assert {place: finding.severity for place, finding in drift.items()} == {
        f"{SERVES}.g1 network: {by_hand}": Severity.THREATENS,
        f"{SERVES}.g1 storage: {by_hand}": Severity.THREATENS,
        f"{SERVES}.g1 compute: stands still": Severity.NOTE,
        f"{SERVES}.g1 compute: is gone": Severity.NOTE,
        OTHERWISE: Severity.THREATENS,
    }
    messages = "\n".join(finding.message for finding in drift.values())
    for told in (
        "aws:ec2/securityGroup:SecurityGroup db (sg-",
        ": ingress",
        "versioningConfiguration.status",
        f"aws:ec2/instance:Instance app-1 ({ids['app-1']})",
        f"aws:ec2/instance:Instance app-2 ({ids['app-2']})",
    ):
        assert told in messages
    still = drift[f"{SERVES}.g1 compute: stands still"]
    assert still.remedy == (
        f"start it: `aws ec2 start-instances --region {SERVES} --instance-ids {ids['app-1']}`"
    )
    standby = building.pop(f"{REGION}.g1 network: was changed since it was built")
    assert standby.severity is Severity.THREATENS
    assert standby.message.endswith(": ingress")
    # by a look-up, before there is anything: the image is not in the region
    [(place, refused)] = building.items()
    assert place.startswith("stacks.compute")
    assert refused.severity is Severity.BLOCKS
    assert "getAmi" in refused.message
    assert refused.processes == tuple(desk.plan.processes)


def spoil_primary(desk: Desk, ids: Mapping[str, str]) -> None:
    """A rule more, a bucket less safe, a host that stands still, and one that is gone."""
    s3, ec2 = desk.cloud.client("s3", SERVES), desk.cloud.client("ec2", SERVES)
    bucket = f"{desk.plan.shop}-{SERVES}-g1"
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    open_to_the_world(desk, SERVES)
    ec2.stop_instances(InstanceIds=[ids["app-1"]])
    ec2.terminate_instances(InstanceIds=[ids["app-2"]])


def forget_images(desk: Desk, region: str) -> None:
    ec2 = desk.cloud.client("ec2", region)
    for image in ec2.describe_images(Owners=["self"])["Images"]:
        ec2.deregister_image(ImageId=image["ImageId"])


def open_to_the_world(desk: Desk, region: str) -> None:
    """A rule more than the program of the network has, for the databases of a site."""
    ec2 = desk.cloud.client("ec2", region)
    named = [{"Name": "group-name", "Values": [f"{desk.plan.shop}-{region}.g1-db"]}]
    [group] = ec2.describe_security_groups(Filters=named)["SecurityGroups"]
    everybody = [{"CidrIp": "0.0.0.0/0"}]
    rule = {"IpProtocol": "tcp", "FromPort": 9999, "ToPort": 9999, "IpRanges": everybody}
    ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[rule])


def host_of(desk: Desk, name: str) -> str:
    """The id of a host of the site that serves."""
    named = [{"Name": "tag:Name", "Values": [f"{desk.plan.shop}-{SERVES}.g1-{name}"]}]
    [found] = desk.cloud.client("ec2", SERVES).describe_instances(Filters=named)["Reservations"]
    return str(found["Instances"][0]["InstanceId"])
