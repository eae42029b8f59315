"""Decides how DNS zones and records are made, as rows of the table."""

import secrets
from dataclasses import replace

from drkit.sandbox.provider.errors import GoneError
from drkit.sandbox.provider.resource_type import (
    Do,
    Hooks,
    Look,
    Resource,
    ResourceType,
    Update,
)
from drkit.sandbox.provider.tagging import ZONE as ZONE_TAGS
from drkit.sandbox.provider.wire import Properties


def _zone_parameters(resource: Resource, parameters: Properties) -> Properties:
    comment = resource.properties.get("comment") or ""
    unique = secrets.token_hex(8)  # a caller reference may never come again
    return {**parameters, "CallerReference": unique, "HostedZoneConfig": {"Comment": comment}}


def _zone_outputs(resource: Resource, answer: Properties) -> Properties:
    zone = answer["HostedZone"]
    servers = sorted((answer.get("DelegationSet") or {}).get("NameServers", []))
    return {
        "arn": f"arn:aws:route53:::hostedzone/{resource.id}",
        "comment": (zone.get("Config") or {}).get("Comment", ""),
        "name": zone["Name"].removesuffix("."),
        "nameServers": servers,
        "primaryNameServer": servers[0] if servers else "",
        "zoneId": resource.id,
    }


def _without_records(resource: Resource) -> None:
    """With forceDestroy the zone's records go first; else Route 53 refuses to delete it."""
    if resource.state.get("forceDestroy") is not True:
        return
    apex = f"{resource.state['name']}."
    found = resource.call("list_resource_record_sets", HostedZoneId=resource.id)
    for record in found["ResourceRecordSets"]:
        if record["Name"] != apex or record["Type"] not in ("NS", "SOA"):
            _write(resource, resource.id, "DELETE", record)


ZONE = ResourceType(
    pulumi_type="aws:route53/zone:Zone",
    service="route53",
    create="create_hosted_zone",
    id="HostedZone.Id",
    strip="/hostedzone/",
    read=Look("get_hosted_zone", {"Id": "{id}"}, "@"),
    delete=Do("delete_hosted_zone", {"Id": "{id}"}),
    updates=(Update("update_hosted_zone_comment", {"Id": "{id}"}, ("comment",)),),
    in_place=("forceDestroy",),
    required=("name",),
    defaults={"comment": "Managed by Pulumi", "forceDestroy": False},
    tagging=ZONE_TAGS,
    hooks=Hooks(prepare=_zone_parameters, read=_zone_outputs, deleting=_without_records),
)


def _write(resource: Resource, zone: str, action: str, record: Properties) -> None:
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
    resource.call("change_resource_record_sets", HostedZoneId=zone, ChangeBatch=batch)


def _full_name(resource: Resource) -> str:
    """The record's name with the zone's at its end and a dot, as Route 53 keeps it."""
    known = resource.values
    answer = resource.call("get_hosted_zone", Id=known["zoneId"])
    zone = answer["HostedZone"]["Name"]
    name = known["name"].removesuffix(".").lower()
    bare = zone.removesuffix(".")
    inside = name == bare or name.endswith(f".{bare}")
    return f"{name}." if inside else f"{name}.{zone}" if name else zone


def _record_parameters(resource: Resource, _parameters: Properties) -> Properties:
    given = resource.properties
    record: Properties = {"Name": _full_name(resource), "Type": given["type"]}
    if given.get("aliases"):
        alias = given["aliases"][0]
        record["AliasTarget"] = {
            "DNSName": alias["name"],
            "EvaluateTargetHealth": alias["evaluateTargetHealth"],
            "HostedZoneId": alias["zoneId"],
        }
    else:
        record["TTL"] = given.get("ttl")
        record["ResourceRecords"] = [{"Value": value} for value in given.get("records") or ()]
    record |= _routed(given)
    overwrite = bool(resource.id) or given.get("allowOverwrite") is True
    action = "UPSERT" if overwrite else "CREATE"
    written = {"Action": action, "ResourceRecordSet": record}
    batch = {"Changes": [*_superseded(resource), written]}
    return {"HostedZoneId": given["zoneId"], "ChangeBatch": batch}


def _superseded(resource: Resource) -> list[Properties]:
    """The record under its old set identifier: a new one makes another record of it."""
    before = resource.state.get("setIdentifier") or None
    if not resource.id or before == (resource.properties.get("setIdentifier") or None):
        return []
    old = _live_record(replace(resource, properties=resource.state))
    return [{"Action": "DELETE", "ResourceRecordSet": old}]


def _routed(given: Properties) -> Properties:
    """What makes a record one of several of its name and type."""
    found: Properties = {}
    if given.get("setIdentifier"):
        found["SetIdentifier"] = given["setIdentifier"]
    if given.get("healthCheckId"):
        found["HealthCheckId"] = given["healthCheckId"]
    for policy in given.get("failoverRoutingPolicies") or ():
        found["Failover"] = policy["type"]
    return found


def _live_record(resource: Resource) -> Properties:
    known, name = resource.values, _full_name(resource)
    wanted = (name, known["type"], known.get("setIdentifier") or None)
    answer = resource.call(
        "list_resource_record_sets",
        HostedZoneId=known["zoneId"],
        StartRecordName=name,
        StartRecordType=known["type"],
    )
    for record in answer["ResourceRecordSets"]:
        if (record["Name"].lower(), record["Type"], record.get("SetIdentifier")) == wanted:
            found: Properties = record
            return found
    raise GoneError(f"record {resource.id} does not exist", code="NotFound")


def _record_outputs(resource: Resource, _answer: Properties) -> Properties:
    record = _live_record(resource)
    outputs: Properties = {
        "fqdn": record["Name"].removesuffix("."),
        "name": resource.values["name"],
        "setIdentifier": record.get("SetIdentifier", ""),
        "healthCheckId": record.get("HealthCheckId", ""),
        "failoverRoutingPolicies": [{"type": record["Failover"]}] if "Failover" in record else [],
    }
    if record.get("AliasTarget") is None:
        outputs["ttl"] = record.get("TTL")
        outputs["records"] = [each["Value"] for each in record.get("ResourceRecords", [])]
    return outputs


def _drop_record(resource: Resource) -> None:
    _write(resource, resource.values["zoneId"], "DELETE", _live_record(resource))


RECORD = ResourceType(
    pulumi_type="aws:route53/record:Record",
    service="route53",
    create="change_resource_record_sets",
    id="{zoneId}_{name}_{type}",
    read=Look("get_hosted_zone", {"Id": "{zoneId}"}, "@"),
    delete=None,
    upsert=True,
    sets=("records",),
    hooks=Hooks(
        takes=(
            "ttl",
            "records",
            "aliases",
            "allowOverwrite",
            "setIdentifier",
            "healthCheckId",
            "failoverRoutingPolicies",
        ),
        prepare=_record_parameters,
        read=_record_outputs,
        deleting=_drop_record,
    ),
)

ROWS = (ZONE, RECORD)
