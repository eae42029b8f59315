"""Decides how security groups and their rules are made, as rows of the table.

What a group's live rules are is asked before each change, so a try that died half-way is made good.
"""

from typing import Literal, TypeAlias

from drkit.sandbox.provider.errors import ApiError, GoneError
from drkit.sandbox.provider.resource_type import (
    Do,
    Hooks,
    Look,
    Naming,
    Resource,
    ResourceType,
)
from drkit.sandbox.provider.tagging import ec2
from drkit.sandbox.provider.types.rule import Rule, blocks_of, live, ports_of, written
from drkit.sandbox.provider.wire import Properties

Direction: TypeAlias = Literal["ingress", "egress"]
_PERMISSIONS = {"ingress": "IpPermissions", "egress": "IpPermissionsEgress"}


def _describe(resource: Resource, group: str) -> Properties:
    answer = resource.call("describe_security_groups", GroupIds=[group])
    found: Properties = answer["SecurityGroups"][0]
    return found


def _change(resource: Resource, group: str, direction: str, *, add: bool, rules: set[Rule]) -> None:
    if not rules:
        return
    verb = "authorize" if add else "revoke"
    permissions = [rule.permission() for rule in sorted(rules)]
    try:
        resource.call(
            f"{verb}_security_group_{direction}", GroupId=group, IpPermissions=permissions
        )
    except ApiError as error:
        if error.code != ("InvalidPermission.Duplicate" if add else "InvalidPermission.NotFound"):
            raise


def _align(resource: Resource, direction: str) -> None:
    found = _describe(resource, resource.id)
    there = set(live(found.get(_PERMISSIONS[direction], [])))
    wanted = set(written(resource.properties.get(direction) or (), resource.id))
    _change(resource, resource.id, direction, add=False, rules=there - wanted)
    _change(resource, resource.id, direction, add=True, rules=wanted - there)


def _open_group(resource: Resource) -> None:
    """The real provider takes AWS's own "all out" rule away: what is not written is not open."""
    for direction in _PERMISSIONS:
        _align(resource, direction)


def _change_group(resource: Resource, _old: Properties, changed: frozenset[str]) -> None:
    for direction in _PERMISSIONS.keys() & changed:
        _align(resource, direction)


def _read_group(resource: Resource, answer: Properties) -> Properties:
    rules = {}
    for direction, permissions in _PERMISSIONS.items():
        there = set(live(answer.get(permissions, [])))
        known = resource.properties.get(direction) or []
        same = set(written(known, resource.id)) == there
        rules[direction] = known if same else blocks_of(there, resource.id)
    return rules


SECURITY_GROUP = ResourceType(
    pulumi_type="aws:ec2/securityGroup:SecurityGroup",
    service="ec2",
    create="create_security_group",
    id="GroupId",
    read=Look("describe_security_groups", {"GroupIds": ["{id}"]}, "SecurityGroups[0]"),
    delete=Do("delete_security_group", {"GroupId": "{id}"}),
    in_place=("revokeRulesOnDelete",),
    defaults={"description": "Managed by Pulumi"},
    computed=("vpcId", "ingress", "egress"),
    sets=("ingress", "egress"),
    renames={"name": "GroupName"},
    outputs={"arn": "arn:aws:ec2:{region}:{account}:security-group/{id}"},
    tagging=ec2("security-group"),
    naming=Naming(property="name", prefix="namePrefix"),
    hooks=Hooks(
        takes=("ingress", "egress"),
        changes=("ingress", "egress"),
        created=_open_group,
        changed=_change_group,
        read=_read_group,
    ),
)


def _rules_of(resource: Resource) -> set[Rule]:
    """The single rules of a SecurityGroupRule resource."""
    known = resource.state | resource.properties
    source = known.get("sourceSecurityGroupId")
    block = {**known, "securityGroups": [source] if source else []}
    return set(written([block], known["securityGroupId"]))


def _rule_parameters(resource: Resource, _parameters: Properties) -> Properties:
    permissions = [rule.permission() for rule in sorted(_rules_of(resource))]
    return {"GroupId": resource.properties["securityGroupId"], "IpPermissions": permissions}


def _read_rule(resource: Resource, answer: Properties) -> Properties:
    missing = _rules_of(resource) - set(
        live(answer.get(_PERMISSIONS[resource.properties["type"]], []))
    )
    if missing:
        raise GoneError(f"{resource.id} is not in its group any more", code="NotFound")
    return {"securityGroupRuleId": resource.id}


def _drop_rule(resource: Resource) -> None:
    known = resource.state
    rules = _rules_of(resource)
    _change(resource, known["securityGroupId"], known["type"], add=False, rules=rules)


SECURITY_GROUP_RULE = ResourceType(
    pulumi_type="aws:ec2/securityGroupRule:SecurityGroupRule",
    service="ec2",
    create="authorize_security_group_{type}",
    id="SecurityGroupRules[0].SecurityGroupRuleId",
    # The group's own description and name are not the rule's: only its permissions are taken.
    read=Look(
        "describe_security_groups",
        {"GroupIds": ["{securityGroupId}"]},
        "SecurityGroups[0].{IpPermissions: IpPermissions, "
        "IpPermissionsEgress: IpPermissionsEgress}",
    ),
    delete=None,
    sets=("cidrBlocks", "ipv6CidrBlocks", "prefixListIds"),
    defaults={"self": False},
    delete_before_replace=True,
    hooks=Hooks(
        takes=(
            *("type", "protocol", "fromPort", "toPort", "securityGroupId", "description", "self"),
            *("cidrBlocks", "ipv6CidrBlocks", "prefixListIds", "sourceSecurityGroupId"),
        ),
        prepare=_rule_parameters,
        read=_read_rule,
        deleting=_drop_rule,
    ),
)

# Properties of a single rule, and how the API calls them where a rule is modified.
_SINGLE = {
    "ipProtocol": "IpProtocol",
    "fromPort": "FromPort",
    "toPort": "ToPort",
    "cidrIpv4": "CidrIpv4",
    "cidrIpv6": "CidrIpv6",
    "prefixListId": "PrefixListId",
    "referencedSecurityGroupId": "ReferencedGroupId",
    "description": "Description",
}
_SINGLE_SOURCES = {
    "cidrIpv4": "CidrIp",
    "cidrIpv6": "CidrIpv6",
    "prefixListId": "PrefixListId",
    "referencedSecurityGroupId": "GroupId",
}


def _single_parameters(resource: Resource, parameters: Properties) -> Properties:
    given = resource.properties
    first, last = ports_of(given["ipProtocol"], given.get("fromPort"), given.get("toPort"))
    rules = [
        Rule(
            protocol=given["ipProtocol"],
            first=first,
            last=last,
            member=member,
            source=given[name],
            text=given.get("description") or "",
        )
        for name, member in _SINGLE_SOURCES.items()
        if given.get(name)
    ]
    tags = {key: value for key, value in parameters.items() if key == "TagSpecifications"}
    permissions = [rule.permission() for rule in rules]
    return {"GroupId": given["securityGroupId"], "IpPermissions": permissions, **tags}


def _change_single(resource: Resource, _old: Properties, changed: frozenset[str]) -> None:
    if not changed & _SINGLE.keys():
        return
    given = resource.properties
    rule = {api: given[name] for name, api in _SINGLE.items() if given.get(name) is not None}
    resource.call(
        "modify_security_group_rules",
        GroupId=given["securityGroupId"],
        SecurityGroupRules=[{"SecurityGroupRuleId": resource.id, "SecurityGroupRule": rule}],
    )


def _single(name: str, direction: Direction) -> ResourceType:
    return ResourceType(
        pulumi_type=f"aws:vpc/{name[0].lower()}{name[1:]}:{name}",
        service="ec2",
        create=f"authorize_security_group_{direction}",
        id="SecurityGroupRules[0].SecurityGroupRuleId",
        read=Look(
            "describe_security_group_rules",
            {"SecurityGroupRuleIds": ["{id}"]},
            "SecurityGroupRules[0]",
            {
                "securityGroupId": "GroupId",
                "referencedSecurityGroupId": "ReferencedGroupInfo.GroupId",
                "securityGroupRuleId": "SecurityGroupRuleId",
            },
        ),
        delete=Do(
            f"revoke_security_group_{direction}",
            {"GroupId": "{securityGroupId}", "SecurityGroupRuleIds": ["{id}"]},
        ),
        outputs={"arn": "arn:aws:ec2:{region}:{account}:security-group-rule/{id}"},
        tagging=ec2("security-group-rule"),
        hooks=Hooks(
            takes=tuple(_SINGLE),
            changes=tuple(_SINGLE),
            prepare=_single_parameters,
            changed=_change_single,
        ),
        renames={"securityGroupId": "GroupId"},
    )


INGRESS_RULE = _single("SecurityGroupIngressRule", "ingress")
EGRESS_RULE = _single("SecurityGroupEgressRule", "egress")

ROWS = (SECURITY_GROUP, SECURITY_GROUP_RULE, INGRESS_RULE, EGRESS_RULE)
