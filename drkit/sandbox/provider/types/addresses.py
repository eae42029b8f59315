"""Decides how elastic addresses are made and put onto instances, as rows of the table."""

from drkit.sandbox.provider.resource_type import Do, Hooks, Look, Resource, ResourceType
from drkit.sandbox.provider.tagging import ec2
from drkit.sandbox.provider.wire import Properties


def _associated(resource: Resource) -> None:
    target = {
        "InstanceId": resource.properties.get("instance"),
        "NetworkInterfaceId": resource.properties.get("networkInterface"),
        "PrivateIpAddress": resource.properties.get("associateWithPrivateIp"),
    }
    given = {key: value for key, value in target.items() if value}
    if given:
        resource.call("associate_address", AllocationId=resource.id, **given)


def _disassociated(resource: Resource) -> None:
    answer = resource.call("describe_addresses", AllocationIds=[resource.id])
    for address in answer["Addresses"]:
        if address.get("AssociationId"):
            resource.call("disassociate_address", AssociationId=address["AssociationId"])


_ASSOCIATION = ("instance", "networkInterface", "associateWithPrivateIp")


def _associated_elsewhere(resource: Resource, _old: Properties, changed: frozenset[str]) -> None:
    if changed & set(_ASSOCIATION):
        _disassociated(resource)
        _associated(resource)


def _public_name(_resource: Resource, answer: Properties) -> Properties:
    dashed = answer["PublicIp"].replace(".", "-")
    return {
        "publicDns": f"ec2-{dashed}.compute.amazonaws.com",
        "instance": answer.get("InstanceId") or "",
        "networkInterface": answer.get("NetworkInterfaceId") or "",
    }


EIP = ResourceType(
    pulumi_type="aws:ec2/eip:Eip",
    service="ec2",
    create="allocate_address",
    id="AllocationId",
    read=Look(
        "describe_addresses",
        {"AllocationIds": ["{id}"]},
        "Addresses[0]",
        {"privateIp": "PrivateIpAddress"},
    ),
    delete=Do("release_address", {"AllocationId": "{id}"}),
    defaults={"domain": "vpc"},
    computed=("address", "instance", "networkInterface"),
    fixed={"Domain": "vpc"},
    outputs={"arn": "arn:aws:ec2:{region}:{account}:elastic-ip/{id}"},
    tagging=ec2("elastic-ip"),
    hooks=Hooks(
        takes=_ASSOCIATION,
        changes=_ASSOCIATION,
        created=_associated,
        changed=_associated_elsewhere,
        read=_public_name,
        deleting=_disassociated,
    ),
)

EIP_ASSOCIATION = ResourceType(
    pulumi_type="aws:ec2/eipAssociation:EipAssociation",
    service="ec2",
    create="associate_address",
    id="AssociationId",
    read=Look(
        "describe_addresses",
        {"Filters": [{"Name": "association-id", "Values": ["{id}"]}]},
        "Addresses[0]",
    ),
    delete=Do("disassociate_address", {"AssociationId": "{id}"}),
    in_place=("allowReassociation",),
    computed=("instanceId", "networkInterfaceId", "privateIpAddress", "publicIp", "allocationId"),
    delete_before_replace=True,
)

ROWS = (EIP, EIP_ASSOCIATION)
