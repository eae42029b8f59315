"""Decides how VPCs, subnets, gateways and endpoints are made, as rows of the table."""

from drkit.sandbox.provider.resource_type import (
    Do,
    Hooks,
    Look,
    Resource,
    ResourceType,
    States,
    Update,
)
from drkit.sandbox.provider.tagging import ec2
from drkit.sandbox.provider.wire import Properties

_ARN = "arn:aws:ec2:{region}:{account}"


def _of_vpc(*filters: tuple[str, str]) -> Properties:
    pairs = [("vpc-id", "{id}"), *filters]
    return {"Filters": [{"Name": name, "Values": [value]} for name, value in pairs]}


def _attribute(name: str) -> Look:
    member = name[0].upper() + name[1:]
    return Look(
        "describe_vpc_attribute",
        {"VpcId": "{id}", "Attribute": name},
        "@",
        {name: f"{member}.Value"},
    )


VPC = ResourceType(
    pulumi_type="aws:ec2/vpc:Vpc",
    service="ec2",
    create="create_vpc",
    id="Vpc.VpcId",
    read=Look("describe_vpcs", {"VpcIds": ["{id}"]}, "Vpcs[0]"),
    also=(
        _attribute("enableDnsSupport"),
        _attribute("enableDnsHostnames"),
        Look(
            "describe_route_tables",
            _of_vpc(("association.main", "true")),
            "RouteTables[0]",
            {"mainRouteTableId": "RouteTableId", "defaultRouteTableId": "RouteTableId"},
        ),
        Look(
            "describe_security_groups",
            _of_vpc(("group-name", "default")),
            "SecurityGroups[0]",
            {"defaultSecurityGroupId": "GroupId"},
        ),
        Look(
            "describe_network_acls",
            _of_vpc(("default", "true")),
            "NetworkAcls[0]",
            {"defaultNetworkAclId": "NetworkAclId"},
        ),
    ),
    delete=Do("delete_vpc", {"VpcId": "{id}"}),
    updates=(
        Update(
            "modify_vpc_attribute",
            {"VpcId": "{id}"},
            ("enableDnsSupport", "enableDnsHostnames"),
            each=True,
        ),
    ),
    required=("cidrBlock",),
    defaults={"enableDnsSupport": True, "enableDnsHostnames": False, "instanceTenancy": "default"},
    outputs={"arn": f"{_ARN}:vpc/{{id}}"},
    tagging=ec2("vpc"),
)

SUBNET = ResourceType(
    pulumi_type="aws:ec2/subnet:Subnet",
    service="ec2",
    create="create_subnet",
    id="Subnet.SubnetId",
    read=Look("describe_subnets", {"SubnetIds": ["{id}"]}, "Subnets[0]"),
    delete=Do("delete_subnet", {"SubnetId": "{id}"}),
    updates=(
        Update(
            "modify_subnet_attribute",
            {"SubnetId": "{id}"},
            ("mapPublicIpOnLaunch", "assignIpv6AddressOnCreation"),
            each=True,
        ),
    ),
    required=("cidrBlock",),
    defaults={"mapPublicIpOnLaunch": False, "assignIpv6AddressOnCreation": False},
    computed=("availabilityZone", "availabilityZoneId"),
    outputs={"arn": f"{_ARN}:subnet/{{id}}"},
    tagging=ec2("subnet"),
)


def _attach(resource: Resource) -> None:
    vpc = resource.properties.get("vpcId")
    if vpc:
        resource.call("attach_internet_gateway", InternetGatewayId=resource.id, VpcId=vpc)


def _detach(resource: Resource) -> None:
    answer = resource.call("describe_internet_gateways", InternetGatewayIds=[resource.id])
    for attachment in answer["InternetGateways"][0].get("Attachments", []):
        resource.call(
            "detach_internet_gateway", InternetGatewayId=resource.id, VpcId=attachment["VpcId"]
        )


def _attach_elsewhere(resource: Resource, _old: Properties, changed: frozenset[str]) -> None:
    if "vpcId" in changed:
        _detach(resource)
        _attach(resource)


INTERNET_GATEWAY = ResourceType(
    pulumi_type="aws:ec2/internetGateway:InternetGateway",
    service="ec2",
    create="create_internet_gateway",
    id="InternetGateway.InternetGatewayId",
    read=Look(
        "describe_internet_gateways",
        {"InternetGatewayIds": ["{id}"]},
        "InternetGateways[0]",
        {"vpcId": "Attachments[0].VpcId || ''"},
    ),
    delete=Do("delete_internet_gateway", {"InternetGatewayId": "{id}"}),
    outputs={"arn": f"{_ARN}:internet-gateway/{{id}}"},
    tagging=ec2("internet-gateway"),
    hooks=Hooks(
        takes=("vpcId",),
        changes=("vpcId",),
        created=_attach,
        changed=_attach_elsewhere,
        deleting=_detach,
    ),
)

NAT_GATEWAY = ResourceType(
    pulumi_type="aws:ec2/natGateway:NatGateway",
    service="ec2",
    create="create_nat_gateway",
    id="NatGateway.NatGatewayId",
    read=Look(
        "describe_nat_gateways",
        {"NatGatewayIds": ["{id}"]},
        "NatGateways[0]",
        {
            "allocationId": "NatGatewayAddresses[0].AllocationId",
            "associationId": "NatGatewayAddresses[0].AssociationId",
            "networkInterfaceId": "NatGatewayAddresses[0].NetworkInterfaceId",
            "privateIp": "NatGatewayAddresses[0].PrivateIp",
            "publicIp": "NatGatewayAddresses[0].PublicIp",
        },
    ),
    delete=Do("delete_nat_gateway", {"NatGatewayId": "{id}"}),
    required=("subnetId",),
    defaults={"connectivityType": "public"},
    computed=("privateIp",),
    renames={"privateIp": "PrivateIpAddress"},
    tagging=ec2("natgateway"),
    states=States(
        at="State", ready=("available",), gone=("deleting", "deleted"), failed=("failed",)
    ),
)


# Property, and the ending of the parameters that add to it and remove from it.
_ENDPOINT_LISTS = {
    "routeTableIds": "RouteTableIds",
    "subnetIds": "SubnetIds",
    "securityGroupIds": "SecurityGroupIds",
}


def _change_endpoint(resource: Resource, old: Properties, changed: frozenset[str]) -> None:
    parameters: Properties = {}
    for name, ending in _ENDPOINT_LISTS.items():
        live, wanted = set(old.get(name) or ()), set(resource.properties.get(name) or ())
        if wanted - live:
            parameters[f"Add{ending}"] = sorted(wanted - live)
        if live - wanted:
            parameters[f"Remove{ending}"] = sorted(live - wanted)
    if "policy" in changed and resource.properties.get("policy"):
        parameters["PolicyDocument"] = resource.properties["policy"]
    if parameters:
        resource.call("modify_vpc_endpoint", VpcEndpointId=resource.id, **parameters)


VPC_ENDPOINT = ResourceType(
    pulumi_type="aws:ec2/vpcEndpoint:VpcEndpoint",
    service="ec2",
    create="create_vpc_endpoint",
    id="VpcEndpoint.VpcEndpointId",
    read=Look(
        "describe_vpc_endpoints",
        {"VpcEndpointIds": ["{id}"]},
        "VpcEndpoints[0]",
        {"securityGroupIds": "Groups[].GroupId"},
    ),
    delete=Do("delete_vpc_endpoints", {"VpcEndpointIds": ["{id}"]}),
    required=("serviceName",),
    defaults={"vpcEndpointType": "Gateway"},
    computed=("policy", "routeTableIds", "subnetIds", "securityGroupIds", "privateDnsEnabled"),
    sets=tuple(_ENDPOINT_LISTS),
    renames={"policy": "PolicyDocument"},
    outputs={"arn": f"{_ARN}:vpc-endpoint/{{id}}"},
    tagging=ec2("vpc-endpoint"),
    states=States(at="State", ready=("available",), gone=("deleting", "deleted")),
    hooks=Hooks(changes=("policy", *_ENDPOINT_LISTS), changed=_change_endpoint),
)

ROWS = (VPC, SUBNET, INTERNET_GATEWAY, NAT_GATEWAY, VPC_ENDPOINT)
