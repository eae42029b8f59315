"""The shop's own stacks, brought up by StackTool on moto: AWS's API, without hosts behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from drkit.adapters.plan_yaml import load_plan
from drkit.adapters.pulumi_stack import StackTool
from drkit.adapters.state_bucket import make_state_bucket
from drkit.model.outcome import Outcome
from drkit.model.record import Target
from drkit.model.step import RunKind, StackWork
from drkit.ports import Context, Endpoint, Secret, World
from drkit.sandbox.conditions import honour_conditions
from drkit.sandbox.provider import install
from tests.integration.provider.cloud import ACCOUNT, Cloud, start_moto, write_sandbox

ROOT = Path(__file__).parents[3]
REGION = "eu-central-1"
Bring = Callable[[str], Outcome]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """pulumi-aws 7.51 warns of its own deprecated types whenever `ec2` is imported."""
    own = pytest.mark.filterwarnings("ignore:.*has been deprecated in favor of:DeprecationWarning")
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(own)


def new_key() -> Secret:
    """A private key in OpenSSH's format."""
    private = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.OpenSSH,
        serialization.NoEncryption(),
    )
    return Secret(private.decode())


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """Empty for each module: moto is one per process, and other tests in it reset it too."""
    honour_conditions()  # moto would deny everything by "deny what is not encrypted"
    server = start_moto()
    folder = tmp_path_factory.mktemp("cloud")
    install(folder / "pulumi-home")
    running = Cloud(server=server, folder=folder / "sandbox", home=folder / "pulumi-home")
    write_sandbox(running.folder, running.url)
    running.register_image(region=REGION)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DRKIT_SANDBOX", str(running.folder))
        yield running
    server.stop()


@dataclass
class Site:
    """One generation of a site, and what its stacks said."""

    context: Context
    cloud: Cloud
    facts: dict[str, Mapping[str, object]] = field(default_factory=dict)

    def seen(self) -> Context:
        """The context of a step that comes after all that is up."""
        return replace(self.context, facts=dict(self.facts))

    def bring(self, stack: str) -> Outcome:
        outcome = StackTool(StackWork(stack=stack)).do(self.seen(), lambda _line: None)
        self.facts[stack] = outcome.facts
        return outcome


@pytest.fixture(scope="module")
def site(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Generation 2 of eu-central-1, with nothing in it yet; the state bucket is there."""
    plan = load_plan(ROOT / "drkit.yaml")
    world = World(
        account=ACCOUNT,
        endpoints={
            name: Endpoint(region=name, url=cloud.url, name=name)
            for name in (*plan.sites, plan.outside.region, "global")
        },
        key=Secret("operator"),
        secret=Secret("secret"),
        ca=None,
        resolver=None,
        pulumi_home=cloud.home,
    )
    assert make_state_bucket(world, plan)
    assert not make_state_bucket(world, plan)
    folder = tmp_path_factory.mktemp("run")
    context = Context(
        run="r1",
        kind=RunKind.REBUILD,
        plan=plan,
        target=Target(shop=plan.shop, region=REGION, generation=2),
        world=world,
        folder=folder,
        log=folder / "try.log",
        facts={},
        vault={"pulumi_passphrase": Secret("long enough"), "ssh_key": new_key()},
    )
    return Site(context=context, cloud=cloud)


@pytest.fixture(scope="module")
def built(site: Site) -> Site:
    """The same site with all of its stacks up, and what is outside."""
    for stack in ("outside", "network", "storage", "compute"):
        outcome = site.bring(stack)
        assert outcome.done, outcome.failures
    return site
