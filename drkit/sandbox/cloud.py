"""moto as the sandbox's cloud: what is there from the first moment, and who may do what.

The operator and the image are put in while nobody can call yet; then IAM is enforced for every
call. There is no default network and no image but the sandbox's.

moto reads its settings when it is imported: ENVIRONMENT must be set in the process before.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from ipaddress import IPv4Network
from typing import Any
from wsgiref.types import WSGIApplication

from drkit.sandbox import addresses, corrections, rights
from drkit.sandbox.folder import Key
from drkit.sandbox.quotas import Quotas
from drkit.sandbox.trail import Trail

ENVIRONMENT = {
    "MOTO_ACCOUNT_ID": addresses.ACCOUNT,
    "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",
    "MOTO_ENABLE_AMI_VALIDATION": "true",
    "MOTO_ENABLE_KEYPAIR_VALIDATION": "true",
    "MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION": "true",
    "S3_IGNORE_SUBDOMAIN_BUCKETNAME": "true",
}
ADMINISTRATOR = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}


def application() -> WSGIApplication:
    """moto, one instance for all regions, because IAM and Route 53 are global."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    return DomainDispatcherApplication(create_backend_app)


def furnish(quotas: Quotas) -> Key:
    """Put in what a new account has, enforce IAM from here on, and return the operator's key."""
    from moto import settings
    from moto.ec2.models import ec2_backends
    from moto.iam.models import iam_backends

    corrections.apply(quotas, Trail(addresses.ACCOUNT))
    iam = iam_backends[addresses.ACCOUNT]["aws"]
    iam.create_user("us-east-1", "operator")
    iam.put_user_policy("operator", "administrator", json.dumps(ADMINISTRATOR))
    access = iam.create_access_key("operator")
    for door in addresses.REGIONS:
        ec2 = ec2_backends[addresses.ACCOUNT][door.region]
        _remove_default_network(ec2)
        _register_image(ec2)
    settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
    return Key(key=access.access_key_id, secret=access.secret_access_key)


def secret(key: str) -> str | None:
    """The secret of an active access key; None: there is no such key."""
    from moto.iam.models import iam_backends

    for user in list(iam_backends[addresses.ACCOUNT]["aws"].users.values()):
        for access in list(user.access_keys):
            if access.access_key_id == key and access.status == "Active":
                return str(access.secret_access_key)
    return None


def may_read(key: str, object_name: str) -> bool:
    """Whether the owner of an active access key may read an object (bucket/key)."""
    user = rights.owner(key)
    if user is None:
        return False
    said = rights.decision(rights.policies(user), "s3:GetObject", f"arn:aws:s3:::{object_name}")
    return said is rights.Decision.ALLOWED


def open_to_all(object_name: str) -> bool:
    """Whether an object (bucket/key) is there, and everybody may read it."""
    from moto.iam.access_control import PermissionResult
    from moto.s3.models import s3_backends

    name, _, key = object_name.partition("/")
    s3 = s3_backends[addresses.ACCOUNT]["aws"]
    bucket = s3.buckets.get(name)
    if bucket is None or not key or s3.get_object(name, key) is None:
        return False
    block = bucket.public_access_block
    if block is not None and block.restrict_public_buckets:
        return False
    said = bucket.get_permission("s3:GetObject", f"arn:aws:s3:::{object_name}")
    return bool(said == PermissionResult.PERMITTED)


def networks() -> dict[str, IPv4Network]:
    """The networks of all regions: id → range."""
    from moto.ec2.models import ec2_backends

    return {
        vpc.id: IPv4Network(vpc.cidr_block)
        for door in addresses.REGIONS
        for vpc in list(ec2_backends[addresses.ACCOUNT][door.region].vpcs.values())
    }


def bucket_region(name: str) -> str | None:
    """The region in which a bucket was made; None: there is no such bucket."""
    from moto.s3.models import s3_backends

    bucket = s3_backends[addresses.ACCOUNT]["aws"].buckets.get(name)
    return None if bucket is None else str(bucket.region_name)


def _remove_default_network(ec2: Any) -> None:
    for vpc in list(ec2.vpcs.values()):
        for subnet in [s for by_zone in ec2.subnets.values() for s in by_zone.values()]:
            if subnet.vpc_id == vpc.id:
                ec2.delete_subnet(subnet.id)
        for gateway in list(ec2.internet_gateways.values()):
            if gateway.vpc is not None and gateway.vpc.id == vpc.id:
                ec2.detach_internet_gateway(gateway.id, vpc.id)
                ec2.delete_internet_gateway(gateway.id)
        ec2.delete_vpc(vpc.id)


def _register_image(ec2: Any) -> None:
    image = ec2.register_image(addresses.IMAGE, "drkit sandbox host: Debian 12")
    image.architecture = "x86_64"
    image.virtualization_type = "hvm"
    image.root_device_type = "ebs"
    image.root_device_name = "/dev/xvda"
    image.hypervisor = "xen"
    image.image_location = f"{addresses.ACCOUNT}/{addresses.IMAGE}"


def warm(ports: Mapping[str, int], operator: Key) -> None:
    """Make the first calls, which load tables for seconds, before anyone waits for them."""
    import boto3

    session = boto3.Session(operator.key, operator.secret)
    for door in addresses.REGIONS:
        url = f"http://127.0.0.1:{ports[door.region]}"
        ec2 = session.client("ec2", region_name=door.region, endpoint_url=url)
        ec2.describe_instance_type_offerings()
        ec2.describe_instances()
        quotas = session.client("service-quotas", region_name=door.region, endpoint_url=url)
        quotas.get_service_quota(ServiceCode="ec2", QuotaCode="L-1216C47A")
        session.client("s3", region_name=door.region, endpoint_url=url).list_buckets()
    url = f"http://127.0.0.1:{ports[addresses.GLOBAL.region]}"
    session.client("iam", region_name="us-east-1", endpoint_url=url).list_users()
    session.client("route53", region_name="us-east-1", endpoint_url=url).list_hosted_zones()
