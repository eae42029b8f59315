"""Finds what a killed update left in the cloud: the live id of a resource that was being made.

By its tag where its kind takes one in the call that makes it (:mod:`drkit.adapters.pulumi_marks`),
by its name where the name is the id, by what it joins where it has neither. Refuses to guess:
a kind that is not in these tables is a person's to look for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from drkit.adapters.pulumi_events import resource
from drkit.adapters.pulumi_marks import TAG, mark_of
from drkit.errors import EffectUnknown

_GONE = frozenset({"terminated", "shutting-down", "deleted", "deleting", "failed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A resource whose creation was begun and never seen to end, as the stack's state has it."""

    urn: str
    type: str
    inputs: Mapping[str, Any]
    """Any: of the resource's kind, as the provider names them."""

    @property
    def name(self) -> str:
        return resource(self.urn)


@dataclass(frozen=True, slots=True)
class _Tagged:
    """How EC2 lists a kind: the operation, its list, the id and the state of an entry."""

    operation: str
    entries: str
    id: str
    state: str = ""
    filters: str = "Filters"


_TAGGED = {
    "aws:ec2/eip:Eip": _Tagged("describe_addresses", "Addresses", "AllocationId"),
    "aws:ec2/instance:Instance": _Tagged(
        "describe_instances", "Reservations", "InstanceId", "State"
    ),
    "aws:ec2/internetGateway:InternetGateway": _Tagged(
        "describe_internet_gateways", "InternetGateways", "InternetGatewayId"
    ),
    "aws:ec2/keyPair:KeyPair": _Tagged("describe_key_pairs", "KeyPairs", "KeyName"),
    "aws:ec2/natGateway:NatGateway": _Tagged(
        "describe_nat_gateways", "NatGateways", "NatGatewayId", "State", filters="Filter"
    ),
    "aws:ec2/routeTable:RouteTable": _Tagged(
        "describe_route_tables", "RouteTables", "RouteTableId"
    ),
    "aws:ec2/securityGroup:SecurityGroup": _Tagged(
        "describe_security_groups", "SecurityGroups", "GroupId"
    ),
    "aws:ec2/subnet:Subnet": _Tagged("describe_subnets", "Subnets", "SubnetId"),
    "aws:ec2/vpc:Vpc": _Tagged("describe_vpcs", "Vpcs", "VpcId"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": _Tagged(
        "describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId", "State"
    ),
}
_NAMED = {
    "aws:iam/instanceProfile:InstanceProfile": "name",
    "aws:iam/role:Role": "name",
    "aws:iam/user:User": "name",
    "aws:s3/bucket:Bucket": "bucket",
    "aws:s3/bucketV2:BucketV2": "bucket",
}
"""Kinds whose id is one of their inputs. Whether it is there shows in the refresh that follows."""
_REPEATABLE = frozenset(
    {
        "aws:ec2/eipAssociation:EipAssociation",
        "aws:iam/accessKey:AccessKey",
        "aws:iam/rolePolicy:RolePolicy",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "aws:iam/userPolicy:UserPolicy",
        "aws:iam/userPolicyAttachment:UserPolicyAttachment",
        "aws:s3/bucketPolicy:BucketPolicy",
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "aws:s3/bucketVersioning:BucketVersioning",
    }
)
"""Kinds of which a second call writes the same again, so that there is nothing to find; and access
keys, of which one whose secret nobody noted is of no use."""


class Cloud:
    """Asks one region's API what lives there."""

    def __init__(self, client: Callable[[str], Any]) -> None:
        """``client`` gives the boto3 client of a service."""
        self._client = client

    def find(self, pending: Pending, known: Collection[str]) -> str | None:
        """The live id of ``pending``; None if it was never made, or needs no finding.

        ``known`` are the ids that the state has under its URN. Raises EffectUnknown where it cannot
        be told.
        """
        if pending.type in _REPEATABLE:
            return None
        if pending.type in _NAMED:
            return str(pending.inputs[_NAMED[pending.type]])
        if pending.type in _TAGGED:
            found = set(self._tagged(_TAGGED[pending.type], pending.urn))
        elif pending.type == "aws:ec2/routeTableAssociation:RouteTableAssociation":
            found = set(self._associations(pending.inputs))
        else:
            raise EffectUnknown(
                f"{pending.name} may have been made by an update that was killed or that the state "
                "does not know, and drkit does not know how to look for its kind",
                remedy="follow “A stack killed in mid-update” in docs/reference/stacks.md",
            )
        found -= set(known)
        if len(found) > 1:
            raise EffectUnknown(
                f"{pending.name} is there {len(found)} times: {', '.join(sorted(found))}",
                remedy="end all but one in the cloud, and run the same command again",
            )
        return found.pop() if found else None

    def _tagged(self, kind: _Tagged, urn: str) -> Iterator[str]:
        mark = mark_of(urn)
        wanted = [{"Name": f"tag:{TAG}", "Values": [mark]}]
        answer = getattr(self._client("ec2"), kind.operation)(**{kind.filters: wanted})
        for entry in answer[kind.entries]:
            for each in entry.get("Instances", [entry]):
                state = each.get(kind.state, "")
                said = state.get("Name", "") if isinstance(state, Mapping) else state
                # looked at here, too: moto 5.2 does not filter NAT gateways
                marked = {"Key": TAG, "Value": mark} in each.get("Tags", ())
                if marked and str(said).lower() not in _GONE:
                    yield str(each[kind.id])

    def _associations(self, inputs: Mapping[str, Any]) -> Iterator[str]:
        """A subnet has one association at most: with this table, or none that is ours."""
        where = [{"Name": "association.subnet-id", "Values": [inputs["subnetId"]]}]
        for table in self._client("ec2").describe_route_tables(Filters=where)["RouteTables"]:
            for each in table["Associations"]:
                if (
                    each.get("SubnetId") == inputs["subnetId"]
                    and table["RouteTableId"] == inputs["routeTableId"]
                ):
                    yield str(each["RouteTableAssociationId"])
