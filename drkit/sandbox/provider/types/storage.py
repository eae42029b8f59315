"""Decides how buckets, their settings and objects are made, as rows of the table."""

import base64
from pathlib import Path

from drkit.sandbox.provider.resource_type import (
    Do,
    Hooks,
    Look,
    Naming,
    Resource,
    ResourceType,
)
from drkit.sandbox.provider.tagging import BUCKET as BUCKET_TAGS
from drkit.sandbox.provider.wire import Properties

_NAME = {"Bucket": "{bucket}"}


def _located(resource: Resource, parameters: Properties) -> Properties:
    if resource.region.name != "us-east-1":  # which S3 wants to be left out
        place = {"LocationConstraint": resource.region.name}
        parameters["CreateBucketConfiguration"] = place
    return parameters


def _emptied(resource: Resource) -> None:
    """With forceDestroy all versions of all objects go; else S3 refuses a bucket with objects."""
    if resource.state.get("forceDestroy") is not True:
        return
    while True:
        page = resource.call("list_object_versions", Bucket=resource.id)
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        if not found:
            return
        if page.get("DeleteMarkers"):
            # moto 5.2.5 fails on a delete marker while versioning is suspended.
            enabled = {"Status": "Enabled"}
            resource.call(
                "put_bucket_versioning", Bucket=resource.id, VersioningConfiguration=enabled
            )
        objects = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in found]
        resource.call("delete_objects", Bucket=resource.id, Delete={"Objects": objects})


def _bucket(name: str) -> ResourceType:
    return ResourceType(
        pulumi_type=f"aws:s3/{name[0].lower()}{name[1:]}:{name}",
        service="s3",
        create="create_bucket",
        id="{bucket}",
        read=Look("head_bucket", {"Bucket": "{id}"}, "ResponseMetadata"),
        delete=Do("delete_bucket", {"Bucket": "{id}"}),
        in_place=("forceDestroy",),
        defaults={"forceDestroy": False, "objectLockEnabled": False},
        renames={"objectLockEnabled": "ObjectLockEnabledForBucket"},
        outputs={
            "arn": "arn:aws:s3:::{id}",
            "bucket": "{id}",
            "bucketDomainName": "{id}.s3.amazonaws.com",
            "bucketRegion": "{region}",
            "bucketRegionalDomainName": "{id}.s3.{region}.amazonaws.com",
        },
        tagging=BUCKET_TAGS,
        naming=Naming(property="bucket", prefix="bucketPrefix", longest=63, lower=True),
        hooks=Hooks(prepare=_located, deleting=_emptied),
    )


def _versioning(name: str) -> ResourceType:
    return ResourceType(
        pulumi_type=f"aws:s3/{name[0].lower()}{name[1:]}:{name}",
        service="s3",
        create="put_bucket_versioning",
        id="{bucket}",
        read=Look(
            "get_bucket_versioning",
            _NAME,
            "Status && @",
            {"versioningConfiguration": "{status: Status, mfaDelete: MFADelete}"},
        ),
        # Versioning cannot be taken off a bucket again.
        delete=Do(
            "put_bucket_versioning",
            {**_NAME, "VersioningConfiguration": {"Status": "Suspended"}},
        ),
        upsert=True,
    )


def _encryption(name: str) -> ResourceType:
    return ResourceType(
        pulumi_type=f"aws:s3/{name[0].lower()}{name[1:]}:{name}",
        service="s3",
        create="put_bucket_encryption",
        id="{bucket}",
        inside="ServerSideEncryptionConfiguration",
        read=Look("get_bucket_encryption", _NAME, "ServerSideEncryptionConfiguration"),
        delete=Do("delete_bucket_encryption", _NAME),
        upsert=True,
        sets=("rules",),
    )


_PUBLIC = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")

PUBLIC_ACCESS_BLOCK = ResourceType(
    pulumi_type="aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    service="s3",
    create="put_public_access_block",
    id="{bucket}",
    inside="PublicAccessBlockConfiguration",
    read=Look("get_public_access_block", _NAME, "PublicAccessBlockConfiguration"),
    delete=Do("delete_public_access_block", _NAME),
    upsert=True,
    defaults=dict.fromkeys(_PUBLIC, False),
    in_place=("skipDestroy",),
)

POLICY = ResourceType(
    pulumi_type="aws:s3/bucketPolicy:BucketPolicy",
    service="s3",
    create="put_bucket_policy",
    id="{bucket}",
    read=Look("get_bucket_policy", _NAME, "@"),
    delete=Do("delete_bucket_policy", _NAME),
    upsert=True,
)


def _filled(resource: Resource, parameters: Properties) -> Properties:
    """The object's bytes, from whichever property has them."""
    given = resource.properties
    if given.get("content") is not None:
        body = str(given["content"]).encode()
    elif given.get("contentBase64") is not None:
        body = base64.b64decode(given["contentBase64"])
    else:
        asset = given.get("source") or {}
        body = (
            Path(asset["path"]).read_bytes() if "path" in asset else asset.get("text", "").encode()
        )
    return {**parameters, "Body": body}


def _unquoted(_resource: Resource, answer: Properties) -> Properties:
    return {"etag": answer["ETag"].strip('"')}


def _all_versions_gone(resource: Resource) -> None:
    """With forceDestroy no version stays behind; else the object gets a delete marker."""
    known = resource.state
    if known.get("forceDestroy") is True:
        page = resource.call("list_object_versions", Bucket=known["bucket"], Prefix=known["key"])
        for each in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
            if each["Key"] == known["key"]:
                resource.call(
                    "delete_object",
                    Bucket=known["bucket"],
                    Key=each["Key"],
                    VersionId=each["VersionId"],
                )


def _object(name: str) -> ResourceType:
    return ResourceType(
        pulumi_type=f"aws:s3/{name[0].lower()}{name[1:]}:{name}",
        service="s3",
        create="put_object",
        id="{bucket}/{key}",
        read=Look(
            "head_object",
            {**_NAME, "Key": "{key}"},
            "@",
        ),
        delete=Do("delete_object", {**_NAME, "Key": "{key}"}),
        upsert=True,
        required=("key",),
        computed=("contentType", "serverSideEncryption", "storageClass", "etag", "kmsKeyId"),
        in_place=("forceDestroy", "sourceHash"),
        renames={"kmsKeyId": "SSEKMSKeyId", "websiteRedirect": "WebsiteRedirectLocation"},
        outputs={"arn": "arn:aws:s3:::{id}"},
        hooks=Hooks(
            takes=("content", "contentBase64", "source"),
            prepare=_filled,
            read=_unquoted,
            deleting=_all_versions_gone,
        ),
    )


ROWS = (
    _bucket("Bucket"),
    _bucket("BucketV2"),
    _versioning("BucketVersioning"),
    _versioning("BucketVersioningV2"),
    _encryption("BucketServerSideEncryptionConfiguration"),
    _encryption("BucketServerSideEncryptionConfigurationV2"),
    PUBLIC_ACCESS_BLOCK,
    POLICY,
    _object("BucketObject"),
    _object("BucketObjectv2"),
)
