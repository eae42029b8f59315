"""Decides how health checks are made, as a row of the table."""

import secrets

from drkit.sandbox.provider.resource_type import Do, Hooks, Look, Resource, ResourceType, Update
from drkit.sandbox.provider.tagging import HEALTH_CHECK as HEALTH_CHECK_TAGS
from drkit.sandbox.provider.wire import Properties


def _once(_resource: Resource, parameters: Properties) -> Properties:
    # a caller reference may never come again
    return {**parameters, "CallerReference": secrets.token_hex(8)}


HEALTH_CHECK = ResourceType(
    pulumi_type="aws:route53/healthCheck:HealthCheck",
    service="route53",
    create="create_health_check",
    id="HealthCheck.Id",
    inside="HealthCheckConfig",
    read=Look("get_health_check", {"HealthCheckId": "{id}"}, "HealthCheck.HealthCheckConfig"),
    delete=Do("delete_health_check", {"HealthCheckId": "{id}"}),
    updates=(
        Update(
            "update_health_check",
            {"HealthCheckId": "{id}"},
            (
                "disabled",
                "enableSni",
                "failureThreshold",
                "fqdn",
                "invertHealthcheck",
                "ipAddress",
                "port",
                "resourcePath",
            ),
        ),
    ),
    renames={
        "enableSni": "EnableSNI",
        "fqdn": "FullyQualifiedDomainName",
        "invertHealthcheck": "Inverted",
        "ipAddress": "IPAddress",
    },
    computed=("enableSni",),
    defaults={"disabled": False, "invertHealthcheck": False},
    outputs={"arn": "arn:aws:route53:::healthcheck/{id}"},
    tagging=HEALTH_CHECK_TAGS,
    hooks=Hooks(prepare=_once),
)

ROWS = (HEALTH_CHECK,)
