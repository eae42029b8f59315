"""Decides how KMS keys and their aliases are made, as rows of the table."""

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
from drkit.sandbox.provider.tagging import KEY as KEY_TAGS
from drkit.sandbox.provider.wire import Properties

_SWITCHES = {
    "enableKeyRotation": ("enable_key_rotation", "disable_key_rotation"),
    "isEnabled": ("enable_key", "disable_key"),
}


def _switch(resource: Resource, _old: Properties, changed: frozenset[str]) -> None:
    for name in sorted(_SWITCHES.keys() & changed):
        on, off = _SWITCHES[name]
        if resource.properties.get(name) is not None:
            resource.call(on if resource.properties[name] else off, KeyId=resource.id)


def _switch_all(resource: Resource) -> None:
    _switch(resource, {}, frozenset(_SWITCHES))


KEY = ResourceType(
    pulumi_type="aws:kms/key:Key",
    service="kms",
    create="create_key",
    id="KeyMetadata.KeyId",
    read=Look("describe_key", {"KeyId": "{id}"}, "KeyMetadata", {"isEnabled": "Enabled"}),
    also=(
        Look("get_key_policy", {"KeyId": "{id}", "PolicyName": "default"}, "@"),
        Look(
            "get_key_rotation_status",
            {"KeyId": "{id}"},
            "@",
            {"enableKeyRotation": "KeyRotationEnabled"},
        ),
    ),
    delete=Do(
        "schedule_key_deletion", {"KeyId": "{id}", "PendingWindowInDays": "{deletionWindowInDays}"}
    ),
    updates=(
        Update("update_key_description", {"KeyId": "{id}"}, ("description",)),
        Update("put_key_policy", {"KeyId": "{id}", "PolicyName": "default"}, ("policy",)),
    ),
    in_place=("deletionWindowInDays",),
    defaults={
        "isEnabled": True,
        "enableKeyRotation": False,
        "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "keyUsage": "ENCRYPT_DECRYPT",
        "multiRegion": False,
    },
    computed=("policy", "description"),
    tagging=KEY_TAGS,
    states=States(at="KeyState", ready=("Enabled", "Disabled"), gone=("PendingDeletion",)),
    hooks=Hooks(
        takes=tuple(_SWITCHES), changes=tuple(_SWITCHES), created=_switch_all, changed=_switch
    ),
)

ALIAS = ResourceType(
    pulumi_type="aws:kms/alias:Alias",
    service="kms",
    create="create_alias",
    id="{name}",
    read=Look("list_aliases", {}, "Aliases[?AliasName=='{id}'] | [0]", {"arn": "AliasArn"}),
    delete=Do("delete_alias", {"AliasName": "{id}"}),
    updates=(Update("update_alias", {"AliasName": "{id}"}, ("targetKeyId",)),),
    renames={"name": "AliasName"},
    naming=Naming(property="name", prefix="namePrefix"),
)

ROWS = (KEY, ALIAS)
