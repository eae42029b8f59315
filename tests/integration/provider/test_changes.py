"""What happens to resources that change: in the program, behind its back, or before they exist."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest
from pulumi import automation as auto

from tests.integration.provider.aws import ec2, iam, route53, s3
from tests.integration.provider.cloud import Cloud, Project, changes

ALLOW = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}


def one_host(image: str, **settings: Any) -> Any:
    """A program of one host in a subnet of its own; settings go to the instance."""

    def program() -> None:
        net = ec2.Vpc("net", cidr_block="10.64.0.0/16")
        subnet = ec2.Subnet("a", vpc_id=net.id, cidr_block="10.64.0.0/20")
        given = {"instance_type": "t3.small", "ami": image, "subnet_id": subnet.id}
        host = ec2.Instance("host", **{**given, **settings})
        pulumi.export("id", host.id)
        pulumi.export("type", host.instance_type)

    return program


def test_a_tag_and_an_instance_type_change_in_place(cloud: Cloud, project: Project) -> None:
    image = cloud.register_image()
    first = project.up(one_host(image, tags={"Name": "host", "old": "yes"}))
    second = project.up(one_host(image, tags={"Name": "host-1"}, instance_type="t3.medium"))
    assert changes(second)["update"] == 1
    assert second.outputs["id"].value == first.outputs["id"].value
    answer = cloud.client("ec2").describe_instances(InstanceIds=[first.outputs["id"].value])
    live = answer["Reservations"][0]["Instances"][0]
    assert (live["InstanceType"], live["State"]["Name"]) == ("t3.medium", "running")
    tags = {tag["Key"]: tag["Value"] for tag in live["Tags"]}
    assert tags == {"Name": "host-1"}


def test_another_image_replaces_the_instance(cloud: Cloud, project: Project) -> None:
    first = project.up(one_host(cloud.register_image("old")))
    second = project.up(one_host(cloud.register_image("new")))
    assert changes(second)["replace"] == 1
    old, new = first.outputs["id"].value, second.outputs["id"].value
    assert old != new
    answer = cloud.client("ec2").describe_instances(InstanceIds=[old, new])
    states = [each["Instances"][0]["State"]["Name"] for each in answer["Reservations"]]
    assert sorted(states) == ["running", "terminated"]


def test_an_instance_terminated_behind_its_back_is_drift_and_is_made_again(
    cloud: Cloud, project: Project
) -> None:
    program = one_host(cloud.register_image())
    first = project.up(program)
    cloud.client("ec2").terminate_instances(InstanceIds=[first.outputs["id"].value])
    assert changes(project.refresh(program))["delete"] == 1
    second = project.up(program)
    assert changes(second)["create"] == 1
    assert second.outputs["id"].value != first.outputs["id"].value


def test_an_opened_port_is_drift_and_is_closed_again(cloud: Cloud, project: Project) -> None:
    def program() -> None:
        net = ec2.Vpc("net", cidr_block="10.64.0.0/16")
        rule = ec2.SecurityGroupIngressArgs(
            protocol="tcp", from_port=22, to_port=22, cidr_blocks=["10.0.0.0/8"]
        )
        group = ec2.SecurityGroup("group", vpc_id=net.id, ingress=[rule])
        pulumi.export("id", group.id)

    group = project.up(program).outputs["id"].value
    ec2_client = cloud.client("ec2")
    ec2_client.authorize_security_group_ingress(
        GroupId=group, IpProtocol="tcp", FromPort=5432, ToPort=5432, CidrIp="0.0.0.0/0"
    )
    assert changes(project.refresh(program))["update"] == 1
    assert changes(project.up(program))["update"] == 1
    [live] = ec2_client.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    assert [each["FromPort"] for each in live["IpPermissions"]] == [22]


def test_a_preview_of_an_empty_region_knows_what_it_cannot_know(
    cloud: Cloud, project: Project
) -> None:
    seen: list[str] = []
    before = cloud.client("ec2").describe_vpcs()["Vpcs"]

    def program() -> None:
        net = ec2.Vpc("net", cidr_block="10.64.0.0/16")
        subnet = ec2.Subnet("a", vpc_id=net.id, cidr_block="10.64.0.0/20")
        policy = net.arn.apply(lambda arn: json.dumps({"Statement": [{"Resource": arn}]}))
        iam.Policy("policy", policy=policy)
        subnet.arn.apply(seen.append)

    assert changes(project.preview(program)) == {"create": 4}
    assert not seen
    assert cloud.client("ec2").describe_vpcs()["Vpcs"] == before


def test_a_name_given_twice_is_replaced_old_one_first(cloud: Cloud, project: Project) -> None:
    def user(path: str, name: str) -> Any:
        return lambda: iam.Policy(
            "policy",
            name=name,
            path=path,
            policy=json.dumps({"Version": "2012-10-17", "Statement": [ALLOW]}),
        )

    project.up(user("/", "boutique"))
    assert changes(project.up(user("/drkit/", "boutique")))["replace"] == 1
    found = cloud.client("iam").list_policies(Scope="Local")["Policies"]
    assert [each["Path"] for each in found if each["PolicyName"] == "boutique"] == ["/drkit/"]
    project.destroy()


def test_default_tags_of_the_provider_are_on_everything(cloud: Cloud, project: Project) -> None:
    project.settings = {"aws:defaultTags": {"tags": {"shop": "boutique"}}}

    def program() -> None:
        net = ec2.Vpc("net", cidr_block="10.64.0.0/16", tags={"Name": "net"})
        pulumi.export("id", net.id)
        pulumi.export("tags", net.tags_all)

    result = project.up(program)
    assert result.outputs["tags"].value == {"Name": "net", "shop": "boutique"}
    [live] = cloud.client("ec2").describe_vpcs(VpcIds=[result.outputs["id"].value])["Vpcs"]
    assert {"Key": "shop", "Value": "boutique"} in live["Tags"]
    assert set(changes(project.up(program))) == {"same"}


def test_a_region_of_its_own_goes_to_that_region(cloud: Cloud, project: Project) -> None:
    def program() -> None:
        bucket = s3.Bucket("away", region="eu-north-1")
        pulumi.export("name", bucket.bucket)
        pulumi.export("region", bucket.region)

    result = project.up(program)
    place = cloud.client("s3").get_bucket_location(Bucket=result.outputs["name"].value)
    assert place["LocationConstraint"] == result.outputs["region"].value == "eu-north-1"
    project.destroy()


def two_records(*, name: str, threshold: int) -> Any:
    """A program of a failover record, whose primary has the set identifier ``name`` and a check."""

    def program() -> None:
        zone = route53.Zone("zone", name="twin.example")
        check = route53.HealthCheck(
            "check",
            type="HTTPS",
            fqdn="aws.eu-north-1.sandbox.example",
            port=443,
            resource_path="/a",
            request_interval=10,
            failure_threshold=threshold,
            tags={"Name": "check"},
        )
        for half, value, checked in (("PRIMARY", name, check.id), ("SECONDARY", "b", None)):
            route53.Record(
                half.lower(),
                zone_id=zone.zone_id,
                name="twin.example",
                type="A",
                ttl=10,
                records=["198.18.0.1"],
                set_identifier=value,
                failover_routing_policies=[route53.RecordFailoverRoutingPolicyArgs(type=half)],
                health_check_id=checked,
            )
        pulumi.export("zone", zone.zone_id)

    return program


def test_of_a_failover_record_check_and_set_identifier_change_and_nothing_is_left_behind(
    cloud: Cloud, project: Project
) -> None:
    api = cloud.client("route53")
    zone = project.up(two_records(name="a", threshold=3)).outputs["zone"].value
    assert set(changes(project.up(two_records(name="a", threshold=3)))) == {"same"}
    assert changes(project.up(two_records(name="c", threshold=2)))["update"] == 2
    found = api.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    halves = {r["SetIdentifier"]: r["Failover"] for r in found if r["Type"] == "A"}
    assert halves == {"c": "PRIMARY", "b": "SECONDARY"}
    [check] = api.list_health_checks()["HealthChecks"]
    assert check["HealthCheckConfig"]["FailureThreshold"] == 2
    project.destroy()
    assert api.list_health_checks()["HealthChecks"] == []


def test_a_live_resource_can_be_imported(cloud: Cloud, project: Project) -> None:
    vpc = cloud.client("ec2").create_vpc(CidrBlock="10.80.0.0/16")["Vpc"]["VpcId"]

    def program() -> None:
        ec2.Vpc("net", cidr_block="10.80.0.0/16", opts=pulumi.ResourceOptions(import_=vpc))

    assert changes(project.up(program))["import"] == 1
    assert set(changes(project.up(lambda: program()))) == {"same"}


def test_a_half_made_group_is_kept_and_made_whole_by_the_next_up(
    cloud: Cloud, project: Project
) -> None:
    def program(source: str) -> Any:
        def written() -> None:
            net = ec2.Vpc("net", cidr_block="10.64.0.0/16")
            rule = ec2.SecurityGroupIngressArgs(
                protocol="tcp", from_port=22, to_port=22, security_groups=[source]
            )
            group = ec2.SecurityGroup("group", vpc_id=net.id, ingress=[rule])
            other = ec2.SecurityGroup("other", vpc_id=net.id)
            pulumi.export("group", group.id)
            pulumi.export("other", other.id)

        return written

    with pytest.raises(auto.CommandError, match="sg-0000000000000000f"):
        project.up(program("sg-0000000000000000f"))
    exported = project.stack(lambda: None).export_stack().deployment or {}
    made = {each["urn"].rpartition("::")[2]: each.get("id") for each in exported["resources"]}
    assert made["group"].startswith("sg-")
    second = project.up(program(made["other"]))
    assert second.outputs["group"].value == made["group"]
    [live] = cloud.client("ec2").describe_security_groups(GroupIds=[made["group"]])[
        "SecurityGroups"
    ]
    assert live["IpPermissions"][0]["UserIdGroupPairs"][0]["GroupId"] == made["other"]
