"""The state of one stack and its copies, seen and spoiled behind drkit's back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.contract.pulumi.conftest import Site

Document = dict[str, Any]


@dataclass(frozen=True)
class Stored:
    site: Site
    project: str

    @property
    def key(self) -> str:
        return f".pulumi/stacks/{self.project}/{self.site.context.target.name}.json"

    @property
    def place(self) -> str:
        return f"stacks/{self.project}/{self.site.context.target.name}/"

    @property
    def _s3(self) -> Any:
        return self.site.cloud.client("s3", self.site.context.plan.outside.region)

    @property
    def _buckets(self) -> tuple[str, str]:
        outside = self.site.context.plan.outside
        return outside.state, outside.backups

    def body(self) -> bytes | None:
        """The state as it stands."""
        bucket, _ = self._buckets
        found = self._s3.list_objects_v2(Bucket=bucket, Prefix=self.key).get("Contents", ())
        if self.key not in [entry["Key"] for entry in found]:
            return None
        return bytes(self._s3.get_object(Bucket=bucket, Key=self.key)["Body"].read())

    def write(self, body: bytes) -> None:
        self._s3.put_object(Bucket=self._buckets[0], Key=self.key, Body=body)

    def delete(self) -> None:
        self._s3.delete_object(Bucket=self._buckets[0], Key=self.key)

    def lock(self, **said: object) -> None:
        """As an update at work leaves one."""
        key = f".pulumi/locks/organization/{self.project}/{self.site.context.target.name}/a.json"
        self._s3.put_object(Bucket=self._buckets[0], Key=key, Body=json.dumps(said).encode())

    def copies(self) -> dict[str, bytes]:
        """Name → what stands below the place of the copies."""
        _, bucket = self._buckets
        found = self._s3.list_objects_v2(Bucket=bucket, Prefix=self.place).get("Contents", ())
        keys = [entry["Key"] for entry in found]
        return {
            key.removeprefix(self.place): self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()
            for key in keys
        }

    def forget_copies(self) -> None:
        _, bucket = self._buckets
        for name in self.copies():
            self._s3.delete_object(Bucket=bucket, Key=self.place + name)

    def add_copy(self, body: bytes, *, moment: str = "20200101T000000Z", digest: str = "") -> None:
        digest = digest or hashlib.sha256(body).hexdigest()[:16]
        key = f"{self.place}{moment}-{digest}.json"
        self._s3.put_object(Bucket=self._buckets[1], Key=key, Body=body)


def without(body: bytes, gone: Callable[[Document], bool]) -> bytes:
    """A state as it was before some of its resources were made."""
    document: Document = json.loads(body)
    latest = document["checkpoint"]["latest"]
    latest["resources"] = [entry for entry in latest["resources"] if not gone(entry)]
    return json.dumps(document).encode()
