"""Look-ups answer with what is there, from inside a real program."""

from __future__ import annotations

import pulumi

from tests.integration.provider.aws import ec2
from tests.integration.provider.aws import root as aws
from tests.integration.provider.cloud import ACCOUNT, Cloud, Project


def test_look_ups_answer_with_what_the_region_has(cloud: Cloud, project: Project) -> None:
    client = cloud.client("ec2", "eu-central-1")
    cloud.register_image("other", "eu-central-1")
    image = cloud.register_image("looked-up", "eu-central-1")
    vpc = client.create_vpc(CidrBlock="10.90.0.0/16")["Vpc"]["VpcId"]
    subnet = client.create_subnet(VpcId=vpc, CidrBlock="10.90.0.0/20")["Subnet"]["SubnetId"]
    project.region = "eu-central-1"

    def program() -> None:
        by_name = ec2.GetAmiFilterArgs(name="name", values=["looked-*"])
        found = ec2.get_ami(owners=["self"], filters=[by_name], most_recent=True)
        wanted = ec2.GetInstanceTypeOfferingsFilterArgs(
            name="instance-type", values=["m7i.large", "m5.large"]
        )
        pulumi.export("image", found.id)
        pulumi.export("name", found.name)
        pulumi.export("vpc", ec2.get_vpc(cidr_block="10.90.0.0/16").id)
        pulumi.export("subnet", ec2.get_subnet(vpc_id=vpc).id)
        pulumi.export("types", ec2.get_instance_type_offerings(filters=[wanted]).instance_types)
        pulumi.export("zones", aws.get_availability_zones(state="available").names)
        pulumi.export("account", aws.get_caller_identity().account_id)
        pulumi.export("region", aws.get_region().region)

    outputs = {name: output.value for name, output in project.up(program).outputs.items()}
    assert outputs == {
        "image": image,
        "name": "looked-up",
        "vpc": vpc,
        "subnet": subnet,
        "types": ["m5.large"],
        "zones": ["eu-central-1a", "eu-central-1b", "eu-central-1c"],
        "account": ACCOUNT,
        "region": "eu-central-1",
    }
