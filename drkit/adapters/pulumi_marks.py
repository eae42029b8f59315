"""Puts on each resource a tag that finds it again, in the very call that makes it.

An update that is killed has asked the cloud for resources whose ids nobody noted; by its tag each
can be found (:mod:`drkit.adapters.adoption`). A step of its own would come too late.
"""

from __future__ import annotations

import hashlib

import pulumi

TAG = "drkit:urn"


def mark_of(urn: str) -> str:
    """The value of the tag: URNs have characters that tags may not have."""
    return hashlib.sha256(urn.encode()).hexdigest()[:32]


def mark_resource(
    args: pulumi.ResourceTransformationArgs,
) -> pulumi.ResourceTransformationResult | None:
    """A stack transformation: one tag more for every AWS resource that takes any."""
    if not _takes_tags(args.resource):
        return None
    urn = pulumi.create_urn(args.name, args.type_, parent=_component(args.opts.parent))
    tags = pulumi.Output.all(args.props.get("tags"), urn).apply(
        lambda known: {**(known[0] or {}), TAG: mark_of(known[1])}
    )
    return pulumi.ResourceTransformationResult(props={**args.props, "tags": tags}, opts=args.opts)


def _takes_tags(resource: pulumi.Resource) -> bool:
    """Whether its class has the properties that the provider's taggable ones have."""
    own = vars(type(resource))
    return isinstance(resource, pulumi.CustomResource) and {"tags", "tags_all"} <= own.keys()


def _component(parent: pulumi.Resource | None) -> pulumi.Resource | None:
    """The parent that shows in a URN: the stack itself does not."""
    return None if parent is pulumi.runtime.get_root_resource() else parent
