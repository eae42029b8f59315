"""Decides how tags are written and read, whatever a service calls them: in the call that makes a
resource, wherever that takes any.
"""

from collections.abc import Mapping
from typing import Any

from drkit.sandbox.provider.errors import GoneError
from drkit.sandbox.provider.resource_type import Do, Look, Resource, Tagging
from drkit.sandbox.provider.template import fill, find
from drkit.sandbox.provider.wire import Properties


def inline_tags(resource: Resource) -> Properties:
    """The parameters of the create call that carry the tags; none if it takes none."""
    tagging = resource.type.tagging
    wanted = _wanted(resource)
    if tagging is None or tagging.inline is None or not wanted:
        return {}
    filled: Properties = fill(tagging.inline, {"tags": _written(tagging, wanted)})
    return filled


def apply_tags(resource: Resource, old: Mapping[str, str] | None) -> None:
    """Makes the live tags those of the resource, given the tags it had (None: it was just made)."""
    tagging = resource.type.tagging
    if tagging is None:
        return
    wanted = _wanted(resource)
    old = old or {}
    gone = [key for key in old if key not in wanted]
    changed = {key: value for key, value in wanted.items() if old.get(key) != value}
    if tagging.whole:
        if gone or changed:
            _run(resource, tagging.add, _written(tagging, wanted), [])
        return
    if gone:
        _run(resource, tagging.remove, [], gone)
    if changed:
        _run(resource, tagging.add, _written(tagging, changed), [])


def read_tags(resource: Resource, item: Mapping[str, Any]) -> dict[str, str]:
    """The live tags, given the API's description of the resource."""
    tagging = resource.type.tagging
    if tagging is None:
        return {}
    written = find(tagging.at, item)
    if tagging.read is not None:
        written = _looked_up(resource, tagging.read)
    key, value = tagging.names
    return {tag[key]: tag[value] for tag in written or []}


def _looked_up(resource: Resource, look: Look) -> list[dict[str, str]] | None:
    try:
        answer = resource.do(Do(look.operation, look.parameters))
    except GoneError as error:
        if error.code != "NoSuchTagSet":  # S3's word for a bucket that has no tags
            raise
        return None
    found: list[dict[str, str]] | None = find(look.at, answer)
    return found


def _wanted(resource: Resource) -> dict[str, str]:
    return dict(resource.properties.get("tags") or {})


def _written(tagging: Tagging, tags: Mapping[str, str]) -> list[dict[str, str]]:
    key, value = tagging.names
    return [{key: name, value: str(text)} for name, text in tags.items()]


def _run(resource: Resource, call: Do, tags: list[dict[str, str]], keys: list[str]) -> None:
    values = {
        **resource.values,
        "tags": tags,
        "keys": keys,
        "unset": [{"Key": key} for key in keys],
    }
    resource.region.call(call.operation, fill(call.parameters, values))


def ec2(kind: str, template: str = "{id}") -> Tagging:
    """Tags of an EC2 resource of a kind such as `vpc`; the template gives what is tagged."""
    return Tagging(
        inline={"TagSpecifications": [{"ResourceType": kind, "Tags": "{tags}"}]},
        add=Do("create_tags", {"Resources": [template], "Tags": "{tags}"}),
        remove=Do("delete_tags", {"Resources": [template], "Tags": "{unset}"}),
    )


def iam(kind: str, parameter: str, template: str = "{id}") -> Tagging:
    """Tags of an IAM resource of a kind such as `user`, named by a parameter."""
    return Tagging(
        inline={"Tags": "{tags}"},
        add=Do(f"tag_{kind}", {parameter: template, "Tags": "{tags}"}),
        remove=Do(f"untag_{kind}", {parameter: template, "TagKeys": "{keys}"}),
    )


BUCKET = Tagging(
    add=Do("put_bucket_tagging", {"Bucket": "{id}", "Tagging": {"TagSet": "{tags}"}}),
    remove=Do("delete_bucket_tagging", {"Bucket": "{id}"}),
    read=Look("get_bucket_tagging", {"Bucket": "{id}"}, "TagSet"),
    whole=True,
)


def _route53(kind: str) -> Tagging:
    """Tags of a Route 53 resource of a kind such as `hostedzone`."""
    tagged = {"ResourceType": kind, "ResourceId": "{id}"}
    return Tagging(
        add=Do("change_tags_for_resource", {**tagged, "AddTags": "{tags}"}),
        remove=Do("change_tags_for_resource", {**tagged, "RemoveTagKeys": "{keys}"}),
        read=Look("list_tags_for_resource", tagged, "ResourceTagSet.Tags"),
    )


ZONE = _route53("hostedzone")
HEALTH_CHECK = _route53("healthcheck")
KEY = Tagging(
    inline={"Tags": "{tags}"},
    add=Do("tag_resource", {"KeyId": "{id}", "Tags": "{tags}"}),
    remove=Do("untag_resource", {"KeyId": "{id}", "TagKeys": "{keys}"}),
    read=Look("list_resource_tags", {"KeyId": "{id}"}, "Tags"),
    names=("TagKey", "TagValue"),
)
