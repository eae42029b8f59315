"""Decides how users, roles, policies and access keys are made, as rows of the table."""

from drkit.sandbox.provider.resource_type import (
    Do,
    Hooks,
    Look,
    Naming,
    Resource,
    ResourceType,
    Update,
)
from drkit.sandbox.provider.tagging import iam
from drkit.sandbox.provider.wire import Properties

_NAMED = Naming(property="name", prefix="namePrefix", longest=64)


def _stripped(resource: Resource) -> None:
    """With forceDestroy a user's keys and policies go first; else IAM refuses to delete it."""
    if resource.state.get("forceDestroy") is not True:
        return
    user = {"UserName": resource.id}
    for key in resource.call("list_access_keys", **user)["AccessKeyMetadata"]:
        resource.call("delete_access_key", **user, AccessKeyId=key["AccessKeyId"])
    for name in resource.call("list_user_policies", **user)["PolicyNames"]:
        resource.call("delete_user_policy", **user, PolicyName=name)
    for policy in resource.call("list_attached_user_policies", **user)["AttachedPolicies"]:
        resource.call("detach_user_policy", **user, PolicyArn=policy["PolicyArn"])


USER = ResourceType(
    pulumi_type="aws:iam/user:User",
    service="iam",
    create="create_user",
    id="{name}",
    read=Look("get_user", {"UserName": "{id}"}, "User", {"uniqueId": "UserId"}),
    delete=Do("delete_user", {"UserName": "{id}"}),
    updates=(
        Update("update_user", {"UserName": "{id}", "NewPath": "{path}"}, ("path",)),
        Update("put_user_permissions_boundary", {"UserName": "{id}"}, ("permissionsBoundary",)),
    ),
    in_place=("forceDestroy",),
    defaults={"path": "/", "forceDestroy": False},
    renames={"name": "UserName"},
    tagging=iam("user", "UserName"),
    naming=Naming(property="name", longest=64),
    hooks=Hooks(deleting=_stripped),
)

ACCESS_KEY = ResourceType(
    pulumi_type="aws:iam/accessKey:AccessKey",
    service="iam",
    create="create_access_key",
    id="AccessKey.AccessKeyId",
    once={"secret": "AccessKey.SecretAccessKey"},
    read=Look(
        "list_access_keys",
        {"UserName": "{user}"},
        "AccessKeyMetadata[?AccessKeyId=='{id}'] | [0]",
    ),
    delete=Do("delete_access_key", {"UserName": "{user}", "AccessKeyId": "{id}"}),
    updates=(
        Update("update_access_key", {"UserName": "{user}", "AccessKeyId": "{id}"}, ("status",)),
    ),
    defaults={"status": "Active"},
    renames={"user": "UserName"},
)


def _inline(kind: str) -> ResourceType:
    """The policy that is part of a user or role."""
    owner = {f"{kind}Name": f"{{{kind.lower()}}}", "PolicyName": "{name}"}
    return ResourceType(
        pulumi_type=f"aws:iam/{kind.lower()}Policy:{kind}Policy",
        service="iam",
        create=f"put_{kind.lower()}_policy",
        id=f"{{{kind.lower()}}}:{{name}}",
        read=Look(f"get_{kind.lower()}_policy", owner, "@"),
        delete=Do(f"delete_{kind.lower()}_policy", owner),
        upsert=True,
        renames={
            kind.lower(): f"{kind}Name",
            "name": "PolicyName",
            "policy": "PolicyDocument",
        },
        naming=Naming(property="name", prefix="namePrefix", longest=128),
    )


def _attached(kind: str) -> ResourceType:
    """A managed policy on a user or role."""
    owner = {f"{kind}Name": f"{{{kind.lower()}}}"}
    return ResourceType(
        pulumi_type=f"aws:iam/{kind.lower()}PolicyAttachment:{kind}PolicyAttachment",
        service="iam",
        create=f"attach_{kind.lower()}_policy",
        id=f"{{{kind.lower()}}}/{{policyArn}}",
        read=Look(
            f"list_attached_{kind.lower()}_policies",
            owner,
            "AttachedPolicies[?PolicyArn=='{policyArn}'] | [0]",
        ),
        delete=Do(f"detach_{kind.lower()}_policy", {**owner, "PolicyArn": "{policyArn}"}),
        renames={kind.lower(): f"{kind}Name"},
    )


ROLE = ResourceType(
    pulumi_type="aws:iam/role:Role",
    service="iam",
    create="create_role",
    id="{name}",
    read=Look("get_role", {"RoleName": "{id}"}, "Role", {"uniqueId": "RoleId"}),
    delete=Do("delete_role", {"RoleName": "{id}"}),
    updates=(
        Update(
            "update_assume_role_policy",
            {"RoleName": "{id}", "PolicyDocument": "{assumeRolePolicy}"},
            ("assumeRolePolicy",),
        ),
        Update("update_role", {"RoleName": "{id}"}, ("description", "maxSessionDuration")),
        Update("put_role_permissions_boundary", {"RoleName": "{id}"}, ("permissionsBoundary",)),
    ),
    in_place=("forceDetachPolicies",),
    defaults={"path": "/", "maxSessionDuration": 3600, "forceDetachPolicies": False},
    renames={"name": "RoleName", "assumeRolePolicy": "AssumeRolePolicyDocument"},
    tagging=iam("role", "RoleName"),
    naming=_NAMED,
)


def _document(resource: Resource, answer: Properties) -> Properties:
    version = resource.call(
        "get_policy_version", PolicyArn=resource.id, VersionId=answer["DefaultVersionId"]
    )
    return {"policy": version["PolicyVersion"]["Document"]}


def _versions(resource: Resource) -> list[str]:
    """The policy's versions that are not in force, oldest first."""
    found = resource.call("list_policy_versions", PolicyArn=resource.id)["Versions"]
    old = [version["VersionId"] for version in found if not version["IsDefaultVersion"]]
    return sorted(old, key=lambda version: int(version.removeprefix("v")))


def _new_version(resource: Resource, _old: Properties, changed: frozenset[str]) -> None:
    if "policy" not in changed:
        return
    for version in _versions(resource)[:-3]:  # IAM keeps five; one is in force, one comes
        resource.call("delete_policy_version", PolicyArn=resource.id, VersionId=version)
    resource.call(
        "create_policy_version",
        PolicyArn=resource.id,
        PolicyDocument=resource.properties["policy"],
        SetAsDefault=True,
    )


def _without_versions(resource: Resource) -> None:
    for version in _versions(resource):
        resource.call("delete_policy_version", PolicyArn=resource.id, VersionId=version)


POLICY = ResourceType(
    pulumi_type="aws:iam/policy:Policy",
    service="iam",
    create="create_policy",
    id="Policy.Arn",
    read=Look("get_policy", {"PolicyArn": "{id}"}, "Policy", {"name": "PolicyName"}),
    delete=Do("delete_policy", {"PolicyArn": "{id}"}),
    defaults={"path": "/"},
    renames={"name": "PolicyName", "policy": "PolicyDocument"},
    tagging=iam("policy", "PolicyArn"),
    naming=Naming(property="name", prefix="namePrefix", longest=128),
    hooks=Hooks(
        changes=("policy",), read=_document, changed=_new_version, deleting=_without_versions
    ),
)


def _take_role(resource: Resource) -> None:
    _change_role(resource, {}, frozenset({"role"}))


def _drop_role(resource: Resource) -> None:
    profile = {"InstanceProfileName": resource.id}
    for role in resource.call("get_instance_profile", **profile)["InstanceProfile"]["Roles"]:
        resource.call("remove_role_from_instance_profile", **profile, RoleName=role["RoleName"])


def _change_role(resource: Resource, _old: Properties, changed: frozenset[str]) -> None:
    if "role" not in changed:
        return
    _drop_role(resource)
    role = resource.properties.get("role")
    if role:
        resource.call(
            "add_role_to_instance_profile", InstanceProfileName=resource.id, RoleName=role
        )


INSTANCE_PROFILE = ResourceType(
    pulumi_type="aws:iam/instanceProfile:InstanceProfile",
    service="iam",
    create="create_instance_profile",
    id="{name}",
    read=Look(
        "get_instance_profile",
        {"InstanceProfileName": "{id}"},
        "InstanceProfile",
        {"role": "Roles[0].RoleName || ''", "uniqueId": "InstanceProfileId"},
    ),
    delete=Do("delete_instance_profile", {"InstanceProfileName": "{id}"}),
    defaults={"path": "/"},
    renames={"name": "InstanceProfileName"},
    tagging=iam("instance_profile", "InstanceProfileName"),
    naming=Naming(property="name", prefix="namePrefix", longest=128),
    hooks=Hooks(
        takes=("role",),
        changes=("role",),
        created=_take_role,
        changed=_change_role,
        deleting=_drop_role,
    ),
)

ROWS = (
    USER,
    ACCESS_KEY,
    _inline("User"),
    _inline("Role"),
    _attached("User"),
    _attached("Role"),
    ROLE,
    POLICY,
    INSTANCE_PROFILE,
)
