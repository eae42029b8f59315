"""Decides how instances and key pairs are made, as rows of the table.

An instance is a record in the API here: the sandbox's own reconciler makes it a host. Refuses
images, instance types, key pairs and profiles that do not exist, in AWS's words.
"""

import base64

from drkit.sandbox.provider.errors import ApiError
from drkit.sandbox.provider.mapping import to_parameters
from drkit.sandbox.provider.resource_type import (
    Do,
    Hooks,
    Look,
    Naming,
    Resource,
    ResourceType,
    States,
    Update,
)
from drkit.sandbox.provider.tagging import ec2
from drkit.sandbox.provider.wire import Properties

INSTANCE_TYPES = ("t3.small", "t3.medium", "m5.large", "m6i.large")

KEY_PAIR = ResourceType(
    pulumi_type="aws:ec2/keyPair:KeyPair",
    service="ec2",
    create="import_key_pair",
    id="KeyName",
    read=Look(
        "describe_key_pairs",
        {"KeyNames": ["{id}"]},
        "KeyPairs[0]",
        {"fingerprint": "KeyFingerprint"},
    ),
    delete=Do("delete_key_pair", {"KeyName": "{id}"}),
    renames={"publicKey": "PublicKeyMaterial"},
    outputs={"arn": "arn:aws:ec2:{region}:{account}:key-pair/{id}"},
    tagging=ec2("key-pair", "{keyPairId}"),
    naming=Naming(property="keyName", prefix="keyNamePrefix"),
)


def _placed(resource: Resource, parameters: Properties) -> Properties:
    """The parameters of RunInstances that are not called as the properties are."""
    given = resource.properties
    _refuse_unknown(resource)
    placement = {"AvailabilityZone": given.get("availabilityZone"), "Tenancy": given.get("tenancy")}
    placement = {key: value for key, value in placement.items() if value}
    if placement:
        parameters["Placement"] = placement
    if given.get("monitoring") is not None:
        parameters["Monitoring"] = {"Enabled": given["monitoring"]}
    if given.get("iamInstanceProfile"):
        parameters["IamInstanceProfile"] = {"Name": given["iamInstanceProfile"]}
    if given.get("userDataBase64"):
        parameters["UserData"] = base64.b64decode(given["userDataBase64"])
    if given.get("rootBlockDevice"):
        parameters["BlockDeviceMappings"] = [_root_device(given["rootBlockDevice"])]
    if given.get("associatePublicIpAddress") is not None:
        parameters["NetworkInterfaces"] = [_interface(parameters, given)]
    return parameters


def _interface(parameters: Properties, given: Properties) -> Properties:
    """A public address can only be asked for on an interface, which takes subnet and groups."""
    interface = {
        "DeviceIndex": 0,
        "AssociatePublicIpAddress": given["associatePublicIpAddress"],
        "SubnetId": parameters.pop("SubnetId", None),
        "Groups": parameters.pop("SecurityGroupIds", None),
        "PrivateIpAddress": parameters.pop("PrivateIpAddress", None),
    }
    return {key: value for key, value in interface.items() if value is not None}


def _root_device(block: Properties) -> Properties:
    volume = {
        "VolumeSize": block.get("volumeSize", 8),
        "VolumeType": block.get("volumeType", "gp3"),
        "Encrypted": block.get("encrypted", False),
        "DeleteOnTermination": block.get("deleteOnTermination", True),
    }
    return {"DeviceName": "/dev/sda1", "Ebs": volume}


def _refuse_unknown(resource: Resource) -> None:
    """moto runs any image, type, key pair and profile; AWS does not."""
    given = resource.properties
    _refuse_type(given["instanceType"])
    resource.call("describe_images", ImageIds=[given["ami"]])
    if given.get("keyName"):
        resource.call("describe_key_pairs", KeyNames=[given["keyName"]])
    if given.get("iamInstanceProfile"):
        resource.region.of("iam").call(
            "get_instance_profile", {"InstanceProfileName": given["iamInstanceProfile"]}
        )


def _refuse_type(name: str) -> None:
    if name not in INSTANCE_TYPES:
        raise ApiError(
            f"InvalidParameterValue: Invalid value '{name}' for InstanceType. "
            f"The sandbox has: {', '.join(INSTANCE_TYPES)}",
            code="InvalidParameterValue",
        )


# What AWS changes on a stopped instance only: property, and the API's attribute.
_WHEN_STOPPED = {"instanceType": "InstanceType", "userData": "UserData"}


def _change_instance(resource: Resource, old: Properties, changed: frozenset[str]) -> None:
    if "iamInstanceProfile" in changed:
        _change_profile(resource)
    options = resource.properties.get("metadataOptions")
    if "metadataOptions" in changed and options:
        shape = resource.region.input_shape("modify_instance_metadata_options")
        given = to_parameters(options, shape, {})
        resource.call("modify_instance_metadata_options", InstanceId=resource.id, **given)
    names = {
        name
        for name in _WHEN_STOPPED.keys() & changed
        if old.get(name) != resource.properties.get(name)
    }
    if not names:
        return
    if "instanceType" in names:
        _refuse_type(resource.properties["instanceType"])
    resource.call("stop_instances", InstanceIds=[resource.id])
    for name in sorted(names):
        value = resource.properties.get(name) or ""
        wrapped = {"Value": value.encode() if name == "userData" else value}
        resource.call(
            "modify_instance_attribute", InstanceId=resource.id, **{_WHEN_STOPPED[name]: wrapped}
        )
    resource.call("start_instances", InstanceIds=[resource.id])


def _change_profile(resource: Resource) -> None:
    filters = [{"Name": "instance-id", "Values": [resource.id]}]
    answer = resource.call("describe_iam_instance_profile_associations", Filters=filters)
    for each in answer["IamInstanceProfileAssociations"]:
        resource.call("disassociate_iam_instance_profile", AssociationId=each["AssociationId"])
    name = resource.properties.get("iamInstanceProfile")
    if name:
        resource.call(
            "associate_iam_instance_profile",
            InstanceId=resource.id,
            IamInstanceProfile={"Name": name},
        )


def _read_instance(resource: Resource, answer: Properties) -> Properties:
    profile = (answer.get("IamInstanceProfile") or {}).get("Arn", "")
    outputs = {
        "iamInstanceProfile": profile.rpartition("/")[2],
        "publicIp": answer.get("PublicIpAddress", ""),
        "publicDns": answer.get("PublicDnsName", "") if answer.get("PublicIpAddress") else "",
    }
    if "rootBlockDevice" in resource.properties:
        outputs["rootBlockDevice"] = resource.properties["rootBlockDevice"]
    return outputs


INSTANCE = ResourceType(
    pulumi_type="aws:ec2/instance:Instance",
    service="ec2",
    create="run_instances",
    id="Instances[0].InstanceId",
    read=Look(
        "describe_instances",
        {"InstanceIds": ["{id}"]},
        "Reservations[0].Instances[0]",
        {
            "availabilityZone": "Placement.AvailabilityZone",
            "instanceState": "State.Name",
            "monitoring": "Monitoring.State == 'enabled'",
            "primaryNetworkInterfaceId": "NetworkInterfaces[0].NetworkInterfaceId",
            "privateDns": "PrivateDnsName",
            "tenancy": "Placement.Tenancy",
            "vpcSecurityGroupIds": "SecurityGroups[].GroupId",
        },
    ),
    delete=Do("terminate_instances", {"InstanceIds": ["{id}"]}),
    updates=(
        Update(
            "modify_instance_attribute",
            {"InstanceId": "{id}"},
            ("sourceDestCheck", "disableApiTermination", "instanceInitiatedShutdownBehavior"),
            each=True,
        ),
        Update(
            "modify_instance_attribute",
            {"InstanceId": "{id}", "Groups": "{vpcSecurityGroupIds}"},
            ("vpcSecurityGroupIds",),
        ),
    ),
    in_place=("userDataReplaceOnChange", "forceDestroy"),
    required=("ami", "instanceType"),
    defaults={"sourceDestCheck": True, "disableApiTermination": False, "monitoring": False},
    computed=(
        *("availabilityZone", "privateIp", "subnetId", "tenancy", "vpcSecurityGroupIds"),
        *("associatePublicIpAddress", "iamInstanceProfile", "keyName", "rootBlockDevice"),
        *("instanceInitiatedShutdownBehavior", "metadataOptions", "ebsOptimized"),
    ),
    sets=("vpcSecurityGroupIds",),
    replace_if={"userData": "userDataReplaceOnChange"},
    renames={
        "ami": "ImageId",
        "privateIp": "PrivateIpAddress",
        "vpcSecurityGroupIds": "SecurityGroupIds",
    },
    fixed={"MinCount": 1, "MaxCount": 1},
    outputs={"arn": "arn:aws:ec2:{region}:{account}:instance/{id}"},
    tagging=ec2("instance"),
    # A stopped instance is one: only terminated means gone.
    states=States(
        at="State.Name",
        ready=("running", "stopping", "stopped"),
        gone=("shutting-down", "terminated"),
    ),
    hooks=Hooks(
        takes=(
            *("userDataBase64", "availabilityZone", "tenancy", "monitoring"),
            *("iamInstanceProfile", "rootBlockDevice", "associatePublicIpAddress"),
        ),
        changes=("instanceType", "userData", "iamInstanceProfile", "metadataOptions"),
        prepare=_placed,
        changed=_change_instance,
        read=_read_instance,
    ),
)


ROWS = (KEY_PAIR, INSTANCE)
