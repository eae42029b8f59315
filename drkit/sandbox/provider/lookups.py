"""Decides the answers of look-ups (`getAmi`, `getVpc`, …), by Pulumi token.

Refuses, as AWS's provider does, a question that nothing answers or that more than one thing does,
and each argument that it would have to ignore.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch

from drkit.sandbox.provider import schema
from drkit.sandbox.provider.api import Region
from drkit.sandbox.provider.errors import ApiError
from drkit.sandbox.provider.mapping import from_answer
from drkit.sandbox.provider.policy_document import policy_document
from drkit.sandbox.provider.types.compute import INSTANCE_TYPES
from drkit.sandbox.provider.wire import Properties

Answer = Callable[[Region, Properties], Properties]


@dataclass(frozen=True, slots=True)
class Lookup:
    """A look-up: the arguments that it obeys, and how it is answered."""

    takes: frozenset[str]
    answer: Answer


def _filters(given: Properties, names: Mapping[str, str]) -> list[Properties]:
    """EC2's filters of the arguments: its own `filters`, tags, and those that are filters too."""
    filters = [
        {"Name": each["name"], "Values": list(each["values"])}
        for each in given.get("filters") or ()
    ]
    filters += [
        {"Name": f"tag:{key}", "Values": [value]}
        for key, value in (given.get("tags") or {}).items()
    ]
    for name, api in names.items():
        if given.get(name) not in (None, ""):
            value = given[name]
            text = str(value).lower() if isinstance(value, bool) else str(value)
            filters.append({"Name": api, "Values": [text]})
    return filters


def _only(found: list[Properties], what: str, given: Properties) -> Properties:
    if len(found) == 1:
        return found[0]
    problem = "no" if not found else f"{len(found)}"
    raise ApiError(f"{problem} {what} for {given}: exactly one is wanted", code="NotOne")


def _tags(item: Properties) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in item.get("Tags") or ()}


def _ami(region: Region, given: Properties) -> Properties:
    parameters: Properties = {"Filters": _filters(given, {})}
    if given.get("owners"):
        parameters["Owners"] = given["owners"]
    found = region.call("describe_images", parameters)["Images"]
    if given.get("nameRegex"):
        found = [each for each in found if re.search(given["nameRegex"], each.get("Name", ""))]
    if not found:
        raise ApiError(
            "Your query returned no results. Please change your search criteria and try again. "
            f"({given})",
            code="NotOne",
        )
    if len(found) > 1 and given.get("mostRecent") is not True:
        raise ApiError(
            "Your query returned more than one result. Please try a more specific search "
            f"criteria, or set mostRecent to true. ({given})",
            code="NotOne",
        )
    image = max(found, key=lambda each: each.get("CreationDate", ""))
    fields = schema.of_resource("aws:ec2/ami:Ami").outputs
    return {
        **from_answer(image, fields, {}),
        "arn": f"arn:aws:ec2:{region.name}::image/{image['ImageId']}",
        "creationDate": image.get("CreationDate"),
        "id": image["ImageId"],
        "imageId": image["ImageId"],
        "public": image.get("Public", False),
        "state": image.get("State"),
        "tags": _tags(image),
    }


def _vpc(region: Region, given: Properties) -> Properties:
    names = {
        "cidrBlock": "cidr",
        "default": "isDefault",
        "dhcpOptionsId": "dhcp-options-id",
        "id": "vpc-id",
        "state": "state",
    }
    found = region.call("describe_vpcs", {"Filters": _filters(given, names)})["Vpcs"]
    vpc = _only(found, "VPC", given)
    fields = schema.of_resource("aws:ec2/vpc:Vpc").outputs
    return {
        **from_answer(vpc, fields, {}),
        "arn": f"arn:aws:ec2:{region.name}:{region.account}:vpc/{vpc['VpcId']}",
        "default": vpc.get("IsDefault", False),
        "id": vpc["VpcId"],
        "state": vpc.get("State"),
        "tags": _tags(vpc),
    }


def _subnet(region: Region, given: Properties) -> Properties:
    names = {
        "availabilityZone": "availability-zone",
        "availabilityZoneId": "availability-zone-id",
        "cidrBlock": "cidr-block",
        "defaultForAz": "default-for-az",
        "id": "subnet-id",
        "state": "state",
        "vpcId": "vpc-id",
    }
    found = region.call("describe_subnets", {"Filters": _filters(given, names)})["Subnets"]
    subnet = _only(found, "subnet", given)
    fields = schema.of_resource("aws:ec2/subnet:Subnet").outputs
    return {
        **from_answer(subnet, fields, {}),
        "arn": f"arn:aws:ec2:{region.name}:{region.account}:subnet/{subnet['SubnetId']}",
        "availableIpAddressCount": subnet.get("AvailableIpAddressCount"),
        "defaultForAz": subnet.get("DefaultForAz", False),
        "id": subnet["SubnetId"],
        "state": subnet.get("State"),
        "tags": _tags(subnet),
    }


def _zones(region: Region, given: Properties) -> Properties:
    filters = _filters(given, {"state": "state"})
    found = region.call("describe_availability_zones", {"Filters": filters})["AvailabilityZones"]
    names, ids = given.get("excludeNames") or (), given.get("excludeZoneIds") or ()
    zones = sorted(
        (zone["ZoneName"], zone["ZoneId"])
        for zone in found
        if zone["ZoneName"] not in names and zone["ZoneId"] not in ids
    )
    return {
        "groupNames": [region.name],
        "id": region.name,
        "names": [name for name, _ in zones],
        "zoneIds": [zone for _, zone in zones],
    }


def _offerings(region: Region, given: Properties) -> Properties:
    """moto offers every type that AWS has; the sandbox only those that its hosts are made for."""
    wanted = {"instance-type": INSTANCE_TYPES, "location": (region.name,)}
    for each in given.get("filters") or ():
        known = wanted.get(each["name"])
        if known is None:
            raise ApiError(f"the sandbox has no filter {each['name']!r} here", code="InvalidFilter")
        kept = tuple(one for one in known if any(fnmatch(one, like) for like in each["values"]))
        wanted[each["name"]] = kept
    types = list(wanted["instance-type"]) if wanted["location"] else []
    return {
        "id": region.name,
        "instanceTypes": types,
        "locationTypes": [given.get("locationType") or "region"] * len(types),
        "locations": [region.name] * len(types),
    }


def _caller(region: Region, _given: Properties) -> Properties:
    found = region.of("sts").call("get_caller_identity", {})
    account = found["Account"]
    return {"accountId": account, "arn": found["Arn"], "id": account, "userId": found["UserId"]}


def _region(region: Region, given: Properties) -> Properties:
    name = given.get("name") or region.name
    return {
        "description": f"{name} of the sandbox",
        "endpoint": f"ec2.{name}.amazonaws.com",
        "id": name,
        "name": name,
        "region": name,
    }


def _policy(_region: Region, given: Properties) -> Properties:
    return policy_document(given)


def _lookup(answer: Answer, *takes: str) -> Lookup:
    return Lookup(frozenset({"region", *takes}), answer)


LOOKUPS: Mapping[str, Lookup] = {
    "aws:ec2/getAmi:getAmi": _lookup(_ami, "filters", "mostRecent", "nameRegex", "owners", "tags"),
    "aws:ec2/getVpc:getVpc": _lookup(
        *(_vpc, "cidrBlock", "default", "dhcpOptionsId", "filters", "id", "state", "tags")
    ),
    "aws:ec2/getSubnet:getSubnet": _lookup(
        *(_subnet, "availabilityZone", "availabilityZoneId", "cidrBlock", "defaultForAz"),
        *("filters", "id", "state", "tags", "vpcId"),
    ),
    "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings": _lookup(
        _offerings, "filters", "locationType"
    ),
    "aws:index/getAvailabilityZones:getAvailabilityZones": _lookup(
        _zones, "excludeNames", "excludeZoneIds", "filters", "state"
    ),
    "aws:index/getCallerIdentity:getCallerIdentity": _lookup(_caller, "id"),
    "aws:index/getRegion:getRegion": _lookup(_region, "id", "name"),
    "aws:iam/getPolicyDocument:getPolicyDocument": _lookup(
        *(_policy, "overrideJson", "overridePolicyDocuments", "policyId", "sourceJson"),
        *("sourcePolicyDocuments", "statements", "version"),
    ),
}
