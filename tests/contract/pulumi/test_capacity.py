"""A region that is short of an instance type: the next of the plan's list is taken, and stays."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

from drkit.adapters import pulumi_opening
from drkit.adapters.pulumi_capacity import _refused
from drkit.adapters.pulumi_events import Account as Heard
from drkit.adapters.pulumi_stack import StackTool
from drkit.model.outcome import Failure, State
from drkit.model.step import StackWork
from drkit.sandbox.door import Account, Door
from drkit.sandbox.shortages import Shortages
from tests.contract.pulumi.conftest import REGION, ROOT, Site
from tests.contract.pulumi.test_killed_update import WHOLE, generation, kill_while, live
from tests.integration.provider.cloud import Cloud, write_sandbox

TYPES = ("m5.large", "m6i.large")
DB = "aws:ec2/instance:Instance db-1"
RUN = "creating EC2 Instance: operation error EC2: RunInstances, https response error StatusCode: "


def compute() -> StackTool:
    """One for each try: its limit counts from when it is made."""
    return StackTool(StackWork(stack="compute"))


class Quiet(WSGIRequestHandler):
    def log_request(self, *_: object) -> None:
        return


@pytest.fixture(scope="module")
def doors(cloud: Cloud) -> Iterator[Shortages]:
    """The sandbox's own door before moto, for the region in which the stacks are brought up."""
    shortages = Shortages()
    account = Account(
        secret=lambda _: "secret",
        may_read=lambda *_: True,
        open_to_all=lambda *_: False,
        bucket_region=lambda _: None,
        networks=dict,
        instances_in=lambda _: (),
        short_of=shortages.of,
    )
    door = Door(
        REGION,
        within=DomainDispatcherApplication(create_backend_app),
        lost=frozenset,
        account=account,
        changed=lambda: None,
    )
    server = make_server("127.0.0.1", 0, door, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    write_sandbox(cloud.folder, cloud.url, eu_central_1=f"http://127.0.0.1:{server.server_port}")
    yield shortages
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def shortages(doors: Shortages) -> Iterator[Shortages]:
    yield doors
    for kind in TYPES:
        doors.end(REGION, kind)


@pytest.fixture(scope="module")
def base(site: Site) -> Site:
    """A plan with two types to choose from, and the bucket that its states are copied to."""
    place = {"LocationConstraint": "eu-north-1"}
    s3 = site.cloud.client("s3", "eu-north-1")
    if "boutique-backup" not in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}:
        s3.create_bucket(Bucket="boutique-backup", CreateBucketConfiguration=place)
    plan = site.context.plan
    compute = replace(plan.stacks["compute"], instances=TYPES)
    plan = replace(plan, stacks={**plan.stacks, "compute": compute})
    return Site(context=replace(site.context, plan=plan), cloud=site.cloud)


@pytest.fixture(scope="module")
def ground(base: Site) -> dict[str, Mapping[str, object]]:
    """What hosts need, made once: those of every generation here stand on the same network."""
    mine = generation(base, 10)
    for stack in ("network", "storage"):
        assert mine.bring(stack).done
    return mine.facts


@pytest.fixture
def beneath(base: Site, ground: dict[str, Mapping[str, object]]) -> Callable[[int], Site]:
    """A generation with all that its hosts need, and none of them."""

    def of(number: int) -> Site:
        mine = generation(base, number)
        mine.facts.update(ground)
        return mine

    return of


def hosts(site: Site) -> dict[str, tuple[str, str]]:
    """Host → id and type, of those that live."""
    number = str(site.context.target.generation)
    where = [
        {"Name": "tag:generation", "Values": [number]},
        {"Name": "instance-state-name", "Values": ["running"]},
    ]
    found = site.cloud.client("ec2", REGION).describe_instances(Filters=where)["Reservations"]
    return {
        tag["Value"].partition(f"g{number}-")[2]: (each["InstanceId"], each["InstanceType"])
        for reservation in found
        for each in reservation["Instances"]
        for tag in each["Tags"]
        if tag["Key"] == "Name"
    }


def types(site: Site) -> set[str]:
    return {kind for _, kind in hosts(site).values()}


def end(site: Site, host: str) -> None:
    identity, _ = hosts(site)[host]
    site.cloud.client("ec2", REGION).terminate_instances(InstanceIds=[identity])


def test_the_next_type_of_the_list_is_taken_and_said_and_a_repeat_changes_nothing(
    beneath: Callable[[int], Site], shortages: Shortages
) -> None:
    mine, said = beneath(11), list[str]()
    shortages.begin(REGION, "m5.large")
    outcome = compute().do(mine.seen(), said.append)
    assert outcome.done, outcome.failures
    assert types(mine) == {"m6i.large"}
    assert "eu-central-1 has no room for m5.large: asking for m6i.large" in said
    assert outcome.message.startswith("eu-central-1 had no room for m5.large; taken instead: ")
    assert outcome.facts["shortage"] == {
        "asked": ["m5.large"],
        "taken": dict.fromkeys(hosts(mine), "m6i.large"),
    }
    assert live(mine, 11)["instances"] == 6
    shortages.end(REGION, "m5.large")
    looked = compute().look(mine.seen())
    assert looked is not None
    assert looked.done
    again = mine.bring("compute")
    assert (again.changed, again.message, types(mine)) == (0, "", {"m6i.large"})


def test_a_host_that_stands_is_left_alone_when_another_is_made_of_the_next_type(
    beneath: Callable[[int], Site], shortages: Shortages
) -> None:
    mine = beneath(12)
    assert mine.bring("compute").done
    before = hosts(mine)
    assert types(mine) == {"m5.large"}
    end(mine, "app-2")
    shortages.begin(REGION, "m5.large")
    outcome = mine.bring("compute")
    assert outcome.facts["shortage"] == {"asked": ["m5.large"], "taken": {"app-2": "m6i.large"}}
    after = hosts(mine)
    assert after.pop("app-2")[1] == "m6i.large"
    assert after == {name: host for name, host in before.items() if name != "app-2"}
    shortages.end(REGION, "m5.large")
    assert mine.bring("compute").changed == 0


def test_where_there_is_room_for_none_all_are_named_and_what_was_made_stays(
    beneath: Callable[[int], Site], shortages: Shortages
) -> None:
    mine = beneath(13)
    for kind in TYPES:
        shortages.begin(REGION, kind)
    outcome = compute().do(mine.seen(), lambda _line: None)
    assert outcome.state is State.FAILED
    assert outcome.transient
    assert outcome.message == "stack compute: eu-central-1 has no room; tried: m5.large, m6i.large"
    assert all("stacks.compute.instances" in failure.remedy for failure in outcome.failures)
    assert hosts(mine) == {}
    shortages.end(REGION, "m6i.large")
    assert mine.bring("compute").done
    assert (types(mine), live(mine, 13)) == ({"m6i.large"}, WHOLE["compute"])


def test_a_try_killed_on_its_way_down_the_list_is_carried_on_and_makes_nothing_twice(
    beneath: Callable[[int], Site], shortages: Shortages
) -> None:
    mine = beneath(14)
    shortages.begin(REGION, "m5.large")
    # the door lets no m5.large through: the first call that arrives is of the second round
    kill_while("run_instances", "compute", mine.seen(), only_cli=False)
    assert mine.bring("compute").done
    assert (types(mine), live(mine, 14)) == ({"m6i.large"}, WHOLE["compute"])
    shortages.end(REGION, "m5.large")
    assert mine.bring("compute").changed == 0


def test_a_program_that_does_not_say_so_itself_keeps_the_types_of_hosts_that_stand(
    base: Site,
    ground: dict[str, Mapping[str, object]],
    shortages: Shortages,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the guard taken away, the end of the shortage stops six hosts."""
    shutil.copytree(ROOT / "stacks", tmp_path / "stacks")
    program = tmp_path / "stacks" / "compute" / "__main__.py"
    text = program.read_text()
    program.write_text(text.replace('"instanceType", ', ""))
    assert program.read_text() != text
    plan = replace(base.context.plan, root=tmp_path)
    mine = generation(Site(context=replace(base.context, plan=plan), cloud=base.cloud), 15)
    mine.facts.update(ground)
    shortages.begin(REGION, "m5.large")
    assert mine.bring("compute").done
    shortages.end(REGION, "m5.large")
    again = mine.bring("compute")
    assert again.done, again.failures
    assert (again.changed, types(mine)) == (0, {"m6i.large"})
    monkeypatch.setattr(pulumi_opening, "keep_types", lambda _: None)
    assert (mine.bring("compute").changed, types(mine)) == (6, {"m5.large"})


def ended(*said: str) -> Heard:
    """What is left of an update in which making a database host of m5.large failed."""
    failures = [Failure(message=message, task=DB) for message in said]
    return Heard(lambda _line: None, types={DB: "m5.large"}, failures=failures)


@pytest.mark.parametrize(
    "said",
    [
        f"{RUN}500, RequestID: 1, api error InsufficientInstanceCapacity: We currently do not have",
        f"{RUN}500, RequestID: 1, api error InsufficientHostCapacity: Insufficient capacity.",
        f"{RUN}400, RequestID: 1, api error Unsupported: Your requested instance type (m5.large) is"
        " not supported in your requested Availability Zone (us-east-1e). Please retry",
        "ec2 run_instances in eu-central-1: InsufficientInstanceCapacity: We currently do not have",
    ],
)
def test_a_lack_of_room_is_known_by_the_words_of_both_plugins(said: str) -> None:
    assert _refused(ended(said)) == ("m5.large",)


@pytest.mark.parametrize(
    "said",
    [
        (),
        (f"{RUN}400, RequestID: 1, api error VcpuLimitExceeded: You have requested more vCPU",),
        (f"{RUN}400, RequestID: 1, api error Unsupported: The requested configuration is",),
        ("api error InsufficientInstanceCapacity: We", "api error UnauthorizedOperation: You"),
    ],
)
def test_anything_else_that_goes_wrong_asks_for_no_other_type(said: tuple[str, ...]) -> None:
    assert _refused(ended(*said)) == ()
