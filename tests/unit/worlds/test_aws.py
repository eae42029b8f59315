"""``cloud: aws``: the ambient credentials, and what is said where there are none.

The guard of tests/unit stands in for the network: whatever connects fails the test. Only the
metadata service of EC2 is switched off, in the way that AWS has for it: botocore asks it last of
all, because a machine in EC2 has its credentials there.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from drkit.adapters.worlds import open_world
from drkit.compose import look_around
from drkit.errors import ConfigurationError, Exit
from drkit.model.plan import Cloud, Plan
from drkit.model.step import RunKind
from drkit.model.wish import Wish
from tests.fakes import plans


def plan_for(root: Path, **clouds: Cloud) -> Plan:
    sites = {region.replace("_", "-"): cloud for region, cloud in clouds.items()}
    return plans.plan(
        root=root,
        sites={name: replace(plans.site(name), cloud=cloud) for name, cloud in sites.items()},
    )


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """Both of its sites are in AWS; its vault is not there, so no command asks for its password."""
    return plan_for(tmp_path, eu_west_3=Cloud.AWS, eu_central_1=Cloud.AWS)


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An environment and a home without credentials."""
    for name in os.environ:
        if name.startswith(("AWS_", "BOTO")):
            monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "BOTO_CONFIG"):
        monkeypatch.setenv(name, str(tmp_path / "nothing"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def test_without_credentials_the_error_says_so_and_how_to_get_some(plan: Plan) -> None:
    with pytest.raises(ConfigurationError, match="no AWS credentials") as refused:
        open_world(plan)
    assert "AWS_PROFILE" in refused.value.remedy
    assert "aws sso login" in refused.value.remedy
    assert refused.value.exit_code is Exit.CONFIGURATION


def test_a_run_without_credentials_touches_nothing_and_says_all_that_is_wrong(plan: Plan) -> None:
    with pytest.raises(ConfigurationError, match="nothing was touched") as refused:
        look_around(Wish(plan=plan, kind=RunKind.REBUILD, region="eu-central-1"))
    said = {problem.place: problem.message for problem in refused.value.problems}
    assert "there are no AWS credentials here" in said["sites"]
    assert "cannot be read" in said["secrets"], "the vault's problem is said as well"
    assert "epoch" not in " ".join(said.values()), "nobody was asked without credentials"


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"AWS_PROFILE": "shop-dr"}, "shop-dr"),
        ({"AWS_ACCESS_KEY_ID": "AKIAOPERATOR"}, "AWS_SECRET_ACCESS_KEY"),
    ],
    ids=["a profile that is not there", "half of a pair"],
)
def test_credentials_that_are_named_and_not_there_are_an_error_of_ours_with_that_name(
    plan: Plan, monkeypatch: pytest.MonkeyPatch, environment: Mapping[str, str], words: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=words) as refused:
        open_world(plan)
    assert "AWS_PROFILE" in refused.value.remedy


SIGNED_IN = """
[profile shop]
sso_start_url = https://shop.awsapps.example/start
sso_region = eu-north-1
sso_account_id = 123456789012
sso_role_name = recovery
region = eu-north-1
"""


def test_a_profile_that_nobody_has_signed_in_to_is_an_error_that_says_to_sign_in(
    plan: Plan, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "config").write_text(SIGNED_IN)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_PROFILE", "shop")
    with pytest.raises(ConfigurationError, match=r"cannot be used: .*SSO") as refused:
        open_world(plan)
    assert "aws sso login" in refused.value.remedy


def test_with_credentials_the_world_is_that_of_aws_and_hides_them(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {
        "AWS_ACCESS_KEY_ID": "AKIAOPERATOR",
        "AWS_SECRET_ACCESS_KEY": "operator-secret-key",
        "AWS_SESSION_TOKEN": "operator-token",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    world = open_world(plan)
    assert (world.key.reveal(), world.secret.reveal()) == ("AKIAOPERATOR", "operator-secret-key")
    assert world.token is not None
    assert world.token.reveal() == "operator-token"
    assert not [value for value in given.values() if value in repr(world)]
    assert set(world.endpoints) == {"eu-west-3", "eu-central-1", "eu-north-1"}
    assert {endpoint.url for endpoint in world.endpoints.values()} == {None}
    assert world.endpoints["eu-west-3"].name == "s3.eu-west-3.amazonaws.com"


def test_a_plan_with_sites_in_two_clouds_is_refused(tmp_path: Path) -> None:
    plan = plan_for(tmp_path, eu_west_3=Cloud.AWS, eu_central_1=Cloud.SANDBOX)
    with pytest.raises(ConfigurationError, match="either all in the sandbox or all in AWS"):
        open_world(plan)
