"""The plugin as a process and as a file: how it starts, how it ends, what it never overwrites."""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from moto.core.authorization import ActionAuthenticatorMixin

from drkit.model.calls import mark_of
from drkit.sandbox.corrections import keep
from drkit.sandbox.provider import install
from drkit.sandbox.provider.api import Cloud as ApiCloud
from drkit.sandbox.provider.api import Credentials, Region
from drkit.sandbox.provider.errors import GoneError, ProviderError
from drkit.sandbox.provider.lifecycle import Lifecycle
from drkit.sandbox.provider.resource_type import Resource, ResourceType
from drkit.sandbox.provider.site import read_sandbox
from drkit.sandbox.trail import Lookup, Trail
from tests.integration.provider.aws import s3
from tests.integration.provider.cloud import ACCOUNT, Cloud, Project

PAGE = Path(__file__).parents[3] / "docs/how-to/add-a-resource-type.md"


def eventually(holds: Callable[[], bool], *, within: float) -> bool:
    """Whether it came to hold within some seconds."""
    deadline = time.monotonic() + within
    while not holds():
        if time.monotonic() > deadline:
            return False
        threading.Event().wait(0.05)
    return True


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_a_plugin_whose_engine_is_killed_ends_by_itself(tmp_path: Path) -> None:
    plugin = install(tmp_path)
    engine = subprocess.Popen(
        ["sh", "-c", f"'{plugin}' & echo $!; wait"], stdout=subprocess.PIPE, text=True
    )
    assert engine.stdout is not None
    pid, port = int(engine.stdout.readline()), int(engine.stdout.readline())
    assert port > 0
    assert alive(pid)
    engine.kill()
    engine.wait()
    assert eventually(lambda: not alive(pid), within=10)
    engine.stdout.close()


def test_what_it_calls_says_what_its_environment_says_of_who_it_is(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So the cloud's record tells which step of which run it worked for."""
    judge = "_authenticate_and_authorize_action"
    # what `keep` puts there is taken away again at the end of the test
    monkeypatch.setattr(ActionAuthenticatorMixin, judge, vars(ActionAuthenticatorMixin)[judge])
    trail = Trail(ACCOUNT)
    keep(trail)
    monkeypatch.setenv("AWS_SDK_UA_APP_ID", mark_of("run-1", "storage"))
    project.up(lambda: s3.Bucket("kept"))
    everything = Lookup(
        region="eu-west-3", since=None, until=None, reads=None, before=None, most=50
    )
    told = [json.loads(each["CloudTrailEvent"]) for each in trail.answer(everything)["Events"]]
    assert "CreateBucket" in [each["eventName"] for each in told]
    assert all(f" app/{mark_of('run-1', 'storage')}" in each["userAgent"] for each in told)


def test_installing_twice_changes_nothing_and_another_plugin_is_never_replaced(
    tmp_path: Path,
) -> None:
    plugin = install(tmp_path)
    written = plugin.stat().st_mtime_ns
    assert install(tmp_path) == plugin
    assert plugin.stat().st_mtime_ns == written
    assert os.access(plugin, os.X_OK)
    plugin.write_bytes(b"\x7fELF of the published plugin")
    with pytest.raises(ProviderError, match="is not the sandbox's"):
        install(tmp_path)


def test_the_row_of_the_docs_page_makes_reads_changes_and_removes_a_resource(cloud: Cloud) -> None:
    [block] = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    names: dict[str, object] = {}
    exec(block, names)  # noqa: S102  the page's own example, as a reader would type it
    row = names["SECRET"]
    assert isinstance(row, ResourceType)
    api = ApiCloud(
        read_sandbox({"DRKIT_SANDBOX": str(cloud.folder)}),
        Credentials(key="operator", secret="secret"),
    )
    wanted = {"name": "boutique-vault", "description": "one", "tags": {"shop": "boutique"}}
    resource = Resource(
        type=row,
        region=Region(cloud=api, name="eu-west-3", service=row.service),
        urn="urn:pulumi:test::provider::aws:secretsmanager/secret:Secret::vault",
        properties=wanted,
    )
    lifecycle = Lifecycle(threading.Event())
    made = lifecycle.create(resource)
    assert made.properties["arn"] == made.id
    assert made.properties["tags"] == {"shop": "boutique"}
    changed = {**wanted, "description": "two", "tags": {"kind": "vault"}}
    live = Resource(
        type=row, region=resource.region, urn=resource.urn, id=made.id, properties=changed
    )
    after = lifecycle.update(live, wanted, frozenset({"description", "tags"}))
    assert (after["description"], after["tags"]) == ("two", {"kind": "vault"})
    lifecycle.delete(live)
    with pytest.raises(GoneError):
        lifecycle.read(live)
