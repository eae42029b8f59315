"""Decides how route tables, their routes and associations are made, as rows of the table."""

from drkit.sandbox.provider.errors import ApiError
from drkit.sandbox.provider.resource_type import Do, Hooks, Look, Resource, ResourceType, Update
from drkit.sandbox.provider.tagging import ec2
from drkit.sandbox.provider.wire import Properties

# What an inline route may lead to: property, and the API's parameter.
_TARGETS = {
    "gatewayId": "GatewayId",
    "natGatewayId": "NatGatewayId",
    "networkInterfaceId": "NetworkInterfaceId",
    "vpcPeeringConnectionId": "VpcPeeringConnectionId",
    "transitGatewayId": "TransitGatewayId",
    "egressOnlyGatewayId": "EgressOnlyInternetGatewayId",
}


def _wanted(inputs: Properties) -> dict[str, Properties]:
    """The inline routes by destination, as the API wants them."""
    return {
        route["cidrBlock"]: {api: route[name] for name, api in _TARGETS.items() if route.get(name)}
        for route in inputs.get("routes") or ()
        if route.get("cidrBlock")
    }


def _live(answer: Properties) -> list[Properties]:
    """The routes that somebody made: not the local one, not those of endpoints."""
    return [
        {"cidrBlock": route["DestinationCidrBlock"]}
        | {name: route[api] for name, api in _TARGETS.items() if route.get(api)}
        for route in answer.get("Routes", [])
        if route.get("GatewayId") != "local"
        and route.get("DestinationCidrBlock")
        and route.get("Origin", "CreateRoute") == "CreateRoute"
    ]


def _route_all(resource: Resource) -> None:
    _reroute(resource, {}, frozenset({"routes"}))


def _reroute(resource: Resource, _old: Properties, changed: frozenset[str]) -> None:
    """Makes the live routes those of the program, if it says any."""
    if "routes" not in changed:
        return
    answer = resource.call("describe_route_tables", RouteTableIds=[resource.id])
    live = {route.pop("cidrBlock"): route for route in _live(answer["RouteTables"][0])}
    wanted = _wanted(resource.properties)
    for destination in live.keys() - wanted.keys():
        resource.call("delete_route", RouteTableId=resource.id, DestinationCidrBlock=destination)
    for destination, target in wanted.items():
        operation = "replace_route" if destination in live else "create_route"
        resource.call(
            operation, RouteTableId=resource.id, DestinationCidrBlock=destination, **target
        )


def _read_routes(_resource: Resource, answer: Properties) -> Properties:
    return {"routes": _live(answer)}


def _disassociate(resource: Resource) -> None:
    answer = resource.call("describe_route_tables", RouteTableIds=[resource.id])
    for association in answer["RouteTables"][0].get("Associations", []):
        if not association.get("Main"):
            resource.call(
                "disassociate_route_table", AssociationId=association["RouteTableAssociationId"]
            )


ROUTE_TABLE = ResourceType(
    pulumi_type="aws:ec2/routeTable:RouteTable",
    service="ec2",
    create="create_route_table",
    id="RouteTable.RouteTableId",
    read=Look("describe_route_tables", {"RouteTableIds": ["{id}"]}, "RouteTables[0]"),
    delete=Do("delete_route_table", {"RouteTableId": "{id}"}),
    sets=("routes",),
    computed=("routes",),
    outputs={"arn": "arn:aws:ec2:{region}:{account}:route-table/{id}"},
    tagging=ec2("route-table"),
    hooks=Hooks(
        takes=("routes",),
        changes=("routes",),
        created=_route_all,
        changed=_reroute,
        read=_read_routes,
        deleting=_disassociate,
    ),
)

_ROUTE = {"RouteTableId": "{routeTableId}", "DestinationCidrBlock": "{destinationCidrBlock}"}

ROUTE = ResourceType(
    pulumi_type="aws:ec2/route:Route",
    service="ec2",
    create="create_route",
    id="{routeTableId}_{destinationCidrBlock}",
    read=Look(
        "describe_route_tables",
        {"RouteTableIds": ["{routeTableId}"]},
        "RouteTables[0].Routes[?DestinationCidrBlock=='{destinationCidrBlock}'] | [0]",
    ),
    delete=Do("delete_route", _ROUTE),
    updates=(Update("replace_route", _ROUTE, tuple(_TARGETS)),),
    required=("destinationCidrBlock",),
    renames={"egressOnlyGatewayId": "EgressOnlyInternetGatewayId"},
)


def _associate_once(resource: Resource, parameters: Properties) -> Properties:
    """AWS refuses a second association of a subnet; moto takes it."""
    subnet = parameters.get("SubnetId")
    filters = [{"Name": "association.subnet-id", "Values": [subnet]}]
    if subnet and resource.call("describe_route_tables", Filters=filters)["RouteTables"]:
        raise ApiError(
            f"Resource.AlreadyAssociated: {subnet} is already associated with a route table",
            code="Resource.AlreadyAssociated",
        )
    return parameters


ROUTE_TABLE_ASSOCIATION = ResourceType(
    pulumi_type="aws:ec2/routeTableAssociation:RouteTableAssociation",
    service="ec2",
    create="associate_route_table",
    id="AssociationId",
    read=Look(
        "describe_route_tables",
        {"Filters": [{"Name": "association.route-table-association-id", "Values": ["{id}"]}]},
        "RouteTables[].Associations[] | [?RouteTableAssociationId=='{id}'] | [0]",
    ),
    delete=Do("disassociate_route_table", {"AssociationId": "{id}"}),
    # AWS gives a moved association another id, so it is replaced, and the old one must go first.
    delete_before_replace=True,
    hooks=Hooks(prepare=_associate_once),
)

ROWS = (ROUTE_TABLE, ROUTE, ROUTE_TABLE_ASSOCIATION)
