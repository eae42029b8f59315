"""The table of resource types agrees with the SDK, with the API, and with AWS's documents."""

from __future__ import annotations

import importlib
import inspect
import re
import warnings
from typing import Any

import botocore.session
import pytest

from drkit.sandbox.provider import schema
from drkit.sandbox.provider.errors import UnknownTypeError
from drkit.sandbox.provider.lookups import LOOKUPS
from drkit.sandbox.provider.resource_type import Do, ResourceType
from drkit.sandbox.provider.template import fill
from drkit.sandbox.provider.types import TYPES

ROWS = pytest.mark.parametrize("row", TYPES.values(), ids=list(TYPES))


def sdk_class(token: str) -> Any:
    """The class of the SDK, imported: what the schema must agree with."""
    package, name = token.split(":")[1].partition("/")[0], token.rpartition(":")[2]
    module = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        # pulumi-aws 7.51: a package of which a part is imported first never loads the rest, for
        # whoever comes later in this process; to be asked for its names loads it whole
        dir(importlib.import_module(f"pulumi_aws.{package}"))
        return getattr(importlib.import_module(f"pulumi_aws.{package}.{module}"), name)


@ROWS
def test_the_schema_read_from_source_is_the_sdks_own(row: ResourceType) -> None:
    read = schema.of_resource(row.pulumi_type)
    cls = sdk_class(row.pulumi_type)
    assert read.inputs
    getters = {
        name: value.fget
        for name, value in inspect.getmembers(cls, lambda each: isinstance(each, property))
        if name not in ("urn", "id", "pulumi_resource_name", "pulumi_resource_type")
    }
    named = {getattr(get, "_pulumi_name", name) for name, get in getters.items()}
    assert {name for name in named if not name.startswith("_")} == set(read.outputs)
    parameters = inspect.signature(cls._internal_init).parameters
    given = set(parameters) - {"__self__", "resource_name", "opts", "__props__"}
    assert len(read.inputs) == len(given)


@ROWS
def test_every_operation_of_a_row_exists_and_takes_what_is_given(row: ResourceType) -> None:
    model = botocore.session.get_session().get_service_model(row.service)
    operations = {
        re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower(): name for name in model.operation_names
    }
    direction = {"type": "ingress"}
    calls = [
        Do(fill(row.create, direction), row.fixed),
        Do(row.read.operation, row.read.parameters),
    ]
    calls += [Do(look.operation, look.parameters) for look in row.also]
    calls += [Do(update.operation, update.parameters) for update in row.updates]
    calls += [row.delete] if row.delete else []
    calls += [row.tagging.add, row.tagging.remove] if row.tagging else []
    for call in calls:
        shape = model.operation_model(operations[call.operation]).input_shape
        assert shape is not None
        assert set(call.parameters) <= set(shape.members), call.operation


@ROWS
def test_every_property_that_a_row_names_is_one_of_the_types(row: ResourceType) -> None:
    inputs = schema.of_resource(row.pulumi_type).inputs
    named = {*row.changeable(), *row.required, *row.defaults, *row.computed, *row.sets}
    named |= {*row.hooks.takes, *row.replace_if, *row.replace_if.values()}
    assert named - {"tags", "tagsAll"} <= set(inputs)


# Compared by hand with the source of terraform-provider-aws, which pulumi-aws is built from.
FORCES_NEW = {
    "Vpc": {"cidrBlock"},
    "Subnet": {"availabilityZone", "cidrBlock", "vpcId"},
    "NatGateway": {"allocationId", "connectivityType", "subnetId"},
    "RouteTable": {"vpcId"},
    "Route": {"destinationCidrBlock", "routeTableId"},
    "SecurityGroup": {"description", "name", "vpcId"},
    "SecurityGroupRule": {"cidrBlocks", "fromPort", "protocol", "securityGroupId", "type"},
    "SecurityGroupIngressRule": {"securityGroupId"},
    "KeyPair": {"keyName", "publicKey"},
    "Instance": {"ami", "availabilityZone", "keyName", "privateIp", "subnetId", "tenancy"},
    "Eip": {"address"},
    "VpcEndpoint": {"serviceName", "vpcEndpointType", "vpcId"},
    "Bucket": {"bucket"},
    "BucketVersioning": {"bucket"},
    "BucketPolicy": {"bucket"},
    "BucketObject": {"bucket", "key"},
    "AccessKey": {"user"},
    "Role": {"name", "path"},
    "Policy": {"description", "name", "path"},
    "UserPolicy": {"name", "user"},
    "InstanceProfile": {"name", "path"},
    "Zone": {"name"},
    "Record": {"name", "zoneId"},
    "Key": {"customerMasterKeySpec", "keyUsage", "multiRegion"},
}
CHANGES_IN_PLACE = {
    "Vpc": {"enableDnsHostnames", "enableDnsSupport", "tags"},
    "Subnet": {"mapPublicIpOnLaunch", "tags"},
    "InternetGateway": {"vpcId", "tags"},
    "RouteTable": {"routes", "tags"},
    "Route": {"gatewayId", "natGatewayId"},
    "SecurityGroup": {"egress", "ingress", "tags"},
    "SecurityGroupIngressRule": {"cidrIpv4", "description", "fromPort", "toPort"},
    "Instance": {"iamInstanceProfile", "instanceType", "sourceDestCheck", "userData", "tags"},
    "VpcEndpoint": {"policy", "routeTableIds", "tags"},
    "Bucket": {"forceDestroy", "tags"},
    "BucketVersioning": {"versioningConfiguration"},
    "BucketPolicy": {"policy"},
    "BucketObject": {"content", "contentType"},
    "User": {"path", "permissionsBoundary", "tags"},
    "AccessKey": {"status"},
    "Role": {"assumeRolePolicy", "description", "maxSessionDuration", "tags"},
    "Policy": {"policy", "tags"},
    "UserPolicy": {"policy"},
    "Zone": {"comment", "tags"},
    "Record": {"records", "ttl"},
    "Key": {"description", "enableKeyRotation", "policy", "tags"},
}


@ROWS
def test_a_change_replaces_where_the_real_provider_replaces(row: ResourceType) -> None:
    forced = FORCES_NEW.get(row.name, set())
    assert row.replaced_by(forced, {}) == forced
    assert not row.replaced_by(CHANGES_IN_PLACE.get(row.name, set()), {})


@pytest.mark.parametrize("token", list(LOOKUPS))
def test_every_argument_of_a_look_up_is_one_of_the_sdks(token: str) -> None:
    inputs = schema.of_function(token).inputs
    assert LOOKUPS[token].takes - {"region"} <= set(inputs)
    assert "id" in schema.of_function(token).outputs


def test_a_type_that_the_sdk_has_not_is_refused_by_name() -> None:
    with pytest.raises(UnknownTypeError, match="aws:ec2/vcp:Vcp"):
        schema.of_resource("aws:ec2/vcp:Vcp")
