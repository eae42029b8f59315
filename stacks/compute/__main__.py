"""The hosts of one generation of a site, their ssh keys, and the edge's public address.

In: ``shop``, ``site``, ``generation``, ``tags``, ``image`` (name of an image of this account),
``instances`` (types, the first that the region offers is taken), ``sshPublicKey`` (the operator's),
``hostKeySeed`` (secret), ``network`` (outputs of the stack ``network``), ``reservedAddress`` (id of
an elastic IP that the public name leads to; else the edge gets a new one), ``aws:region``.
Out: ``hosts`` (name → groups, address, public, host_key, type).

A host is made once per generation: a new image, type or key is a new generation's, and never
replaces a host that may hold restored data. Ssh host keys are derived from one random seed per
generation, so a repeated ``up`` gives the same keys and ssh can insist on them.
"""

import json
from functools import partial

import pulumi
from pulumi_aws import ec2
from pulumi_aws.provider import Provider

from .host_keys import HostKeySeed, host_key

HOSTS = {
    "edge-1": "edge",
    "db-1": "db",
    "cache-1": "cache",
    "app-1": "app",
    "app-2": "app",
    "back-1": "back",
}
PLACES = {"edge": "public", "app": "private", "back": "private", "db": "data", "cache": "data"}
FIRST_BOOT_ONLY = ["ami", "instanceType", "keyName", "userData"]

config = pulumi.Config()
prefix = f"{config.require('shop')}-{config.require('site')}.g{config.require('generation')}"
region = pulumi.Config("aws").require("region")
network = config.require_object("network")
aws = Provider(
    "aws",
    region=region,
    default_tags={"tags": config.require_object("tags")},
    # the published plugin would ask for most of an hour where there is no room for an instance
    max_retries=5,
)
made_by = pulumi.ResourceOptions(provider=aws)
look_up = pulumi.InvokeOptions(provider=aws)


def offered(wanted: list[str]) -> str:
    """The first of the wanted instance types that this region has; one alone is not asked for."""
    if len(wanted) == 1:
        return wanted[0]
    found = ec2.get_instance_type_offerings(
        location_type="region",
        filters=[ec2.GetInstanceTypeOfferingsFilterArgs(name="instance-type", values=wanted)],
        opts=look_up,
    )
    if here := [kind for kind in wanted if kind in found.instance_types]:
        return here[0]
    raise pulumi.RunError(f"{region} offers none of the instance types {', '.join(wanted)}")


def user_data(name: str, seed: str) -> str:
    """What cloud-init does at first boot: the host's name and key, and who may log in."""
    private, public = host_key(f"{prefix}/{name}", seed)
    document = {
        "hostname": name,
        "locale": False,
        "disable_root": True,
        "ssh_pwauth": False,
        "ssh_deletekeys": True,
        "ssh_genkeytypes": [],
        "ssh_keys": {"ed25519_private": private, "ed25519_public": public},
        "users": [
            {
                "name": "admin",
                "shell": "/bin/bash",
                "lock_passwd": True,
                "sudo": "ALL=(ALL) NOPASSWD:ALL",
                "ssh_authorized_keys": [config.require("sshPublicKey")],
            }
        ],
    }
    return "#cloud-config\n" + json.dumps(document, indent=1)


seed = HostKeySeed("host-keys", config.require_secret("hostKeySeed")).seed
image = ec2.get_ami(
    most_recent=True,
    owners=["self"],
    filters=[ec2.GetAmiFilterArgs(name="name", values=[config.require("image")])],
    opts=look_up,
)
login = ec2.KeyPair(
    "admin", key_name=f"{prefix}-admin", public_key=config.require("sshPublicKey"), opts=made_by
)
instance_type = offered(config.require_object("instances"))
hosts = {
    name: ec2.Instance(
        name,
        ami=image.id,
        instance_type=instance_type,
        subnet_id=network["subnets"][PLACES[group]],
        vpc_security_group_ids=[network["groups"][group]],
        key_name=login.key_name,
        user_data=seed.apply(partial(user_data, name)),
        metadata_options=ec2.InstanceMetadataOptionsArgs(http_tokens="required"),
        root_block_device=ec2.InstanceRootBlockDeviceArgs(encrypted=True),
        tags={"Name": f"{prefix}-{name}", "group": group},
        opts=pulumi.ResourceOptions(provider=aws, ignore_changes=FIRST_BOOT_ONLY),
    )
    for name, group in HOSTS.items()
}


def public_address(host: ec2.Instance) -> pulumi.Output[str]:
    """The reserved address, taken from the generation that had it; or one of this generation."""
    if reserved := config.get("reservedAddress"):
        link = ec2.EipAssociation(
            "edge",
            allocation_id=reserved,
            instance_id=host.id,
            allow_reassociation=True,
            opts=made_by,
        )
        return link.public_ip
    name = {"Name": f"{prefix}-edge"}
    return ec2.Eip("edge", domain="vpc", instance=host.id, tags=name, opts=made_by).public_ip


edge = public_address(hosts["edge-1"])


def described(name: str) -> dict[str, pulumi.Input[object]]:
    """What drkit needs to know of a host to write the inventory and to pin its key."""
    public = seed.apply(lambda value: host_key(f"{prefix}/{name}", value)[1])
    return {
        "groups": [HOSTS[name]],
        "address": hosts[name].private_ip,
        "public": edge if name == "edge-1" else None,
        "host_key": pulumi.Output.unsecret(public),
        "type": hosts[name].instance_type,
    }


pulumi.export("hosts", {name: described(name) for name in HOSTS})
