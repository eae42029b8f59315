"""What the plugin refuses, and that it names what it refuses, as AWS does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi import automation as auto

from tests.integration.provider.aws import ec2, rds, s3
from tests.integration.provider.cloud import Cloud, Project, write_sandbox


def network() -> None:
    ec2.Vpc("net", cidr_block="10.64.0.0/16")


def group(rule: Any) -> None:
    ec2.SecurityGroup("group", description="of a test", ingress=[rule])


def host(**given: Any) -> None:
    ec2.Instance("host", **{"ami": "ami-00000000000000000", "instance_type": "t3.small"} | given)


RULE = {"protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_blocks": ["10.0.0.0/8"]}
REFUSED = {
    "a misspelt nested property": (
        lambda: group({**RULE, "cidrBlock": ["10.0.0.0/8"]}),
        "unknown property 'cidrBlock': did you mean 'cidrBlocks'?",
    ),
    "a missing nested property": (
        lambda: group({"protocol": "tcp", "from_port": 22}),
        "missing required property 'toPort'",
    ),
    "a value of the wrong form": (
        lambda: group({**RULE, "from_port": "ssh"}),
        "wants a whole number, not 'ssh'",
    ),
    "a missing property": (
        lambda: ec2.Instance("host", instance_type="t3.small"),
        "missing required property 'ami'",
    ),
    "a property that the sandbox would have to ignore": (
        lambda: s3.Bucket("bucket", request_payer="Requester"),
        "the sandbox does not cover 'requestPayer' of aws:s3/bucket:Bucket",
    ),
    "an unknown type": (
        lambda: rds.Instance("db", instance_class="db.t3.micro"),
        "the sandbox has no resource type aws:rds/instance:Instance",
    ),
    "an unknown look-up": (
        lambda: pulumi.export("z", ec2.get_elastic_ip(id="x").arn),
        "the sandbox has no look-up aws:ec2/getElasticIp:getElasticIp",
    ),
    "a look-up that finds nothing": (
        lambda: pulumi.export("i", ec2.get_ami(owners=["self"], name_regex="^none$").id),
        "Your query returned no results",
    ),
}


@pytest.fixture(scope="module")
def blank(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """One for all previews, which write nothing."""
    return Project(cloud=cloud, folder=tmp_path_factory.mktemp("blank"))


@pytest.mark.parametrize("program", [each[0] for each in REFUSED.values()], ids=list(REFUSED))
def test_a_preview_refuses(program: Callable[[], None], blank: Project) -> None:
    expected = next(text for written, text in REFUSED.values() if written is program)
    with pytest.raises(auto.CommandError) as refused:
        blank.preview(program)
    assert expected in str(refused.value)


def test_an_unknown_image_is_refused_by_its_id(project: Project) -> None:
    with pytest.raises(auto.CommandError, match=r"InvalidAMIID\.NotFound.*ami-00000000000000000"):
        project.up(host)


def test_an_unknown_instance_type_is_refused_by_its_name(cloud: Cloud, project: Project) -> None:
    image = cloud.register_image()
    with pytest.raises(auto.CommandError, match=r"Invalid value 'x1\.huge' for InstanceType"):
        project.up(lambda: host(ami=image, instance_type="x1.huge"))


def test_an_unknown_key_pair_is_refused_by_its_name(cloud: Cloud, project: Project) -> None:
    image = cloud.register_image()
    with pytest.raises(auto.CommandError, match=r"InvalidKeyPair\.NotFound.*nobody"):
        project.up(lambda: host(ami=image, key_name="nobody"))


def test_a_region_that_the_sandbox_has_not_is_refused(project: Project) -> None:
    project.region = "us-west-2"
    with pytest.raises(auto.CommandError, match="the sandbox has no region 'us-west-2'"):
        project.up(network)


def test_without_a_sandbox_the_message_says_how_to_start_one(cloud: Cloud, tmp_path: Path) -> None:
    nowhere = Cloud(server=cloud.server, folder=tmp_path / "none", home=cloud.home)
    project = Project(cloud=nowhere, folder=tmp_path)
    with pytest.raises(auto.CommandError, match="drkit sandbox up"):
        project.up(network)


def bucket() -> None:
    s3.Bucket("kept", bucket="boutique-kept")


@pytest.fixture
def deployed(cloud: Cloud, tmp_path: Path) -> Iterator[Project]:
    """A bucket in a region whose endpoint the test can take away."""
    own = Cloud(server=cloud.server, folder=tmp_path / "sandbox", home=cloud.home)
    write_sandbox(own.folder, cloud.url)
    project = Project(cloud=own, folder=tmp_path)
    project.up(bucket)
    yield project
    write_sandbox(own.folder, cloud.url)
    project.destroy()


def kept(project: Project) -> bool:
    exported = project.stack(lambda: None).export_stack().deployment or {}
    return any(each["type"] == "aws:s3/bucket:Bucket" for each in exported["resources"])


def test_an_endpoint_that_says_503_is_an_outage_and_drops_nothing(
    deployed: Project, failing: str
) -> None:
    write_sandbox(deployed.cloud.folder, deployed.cloud.url, eu_west_3=failing)
    with pytest.raises(auto.CommandError, match="503"):
        deployed.refresh(bucket)
    assert kept(deployed)


def test_an_endpoint_that_drops_every_packet_fails_within_its_bound(
    deployed: Project, silent: str
) -> None:
    write_sandbox(deployed.cloud.folder, deployed.cloud.url, eu_west_3=silent)
    start = time.monotonic()
    with pytest.raises(auto.CommandError, match="no answer"):
        deployed.refresh(bucket)
    assert time.monotonic() - start < 30
    assert kept(deployed)
