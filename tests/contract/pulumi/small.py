"""A network of three resources, for tests of what drkit does around an update, of whatever."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from tests.contract.pulumi.conftest import ROOT, Site

SMALL = {"addresses": 1, "subnets": 1, "vpcs": 1}
"""What lives of it."""
PROGRAM = """
import pulumi
from pulumi_aws import ec2
from pulumi_aws.provider import Provider

config = pulumi.Config()
region = pulumi.Config("aws").require("region")
aws = Provider("aws", region=region, default_tags={"tags": config.require_object("tags")})
made_by, cidr = pulumi.ResourceOptions(provider=aws), config.require("cidr")
ec2.Eip("nat", domain="vpc", opts=made_by)
vpc = ec2.Vpc("vpc", cidr_block=cidr, opts=made_by)
ec2.Subnet("public", vpc_id=vpc.id, cidr_block=cidr.replace("/16", "/20"), opts=made_by)
pulumi.export("vpc", vpc.id)
"""


def with_small_network(site: Site, folder: Path) -> Site:
    """The site of a plan in ``folder`` whose stack `network` is the small one."""
    project = folder / "stacks" / "network"
    project.mkdir(parents=True)
    shutil.copy(ROOT / "stacks" / "network" / "Pulumi.yaml", project)
    (project / "__main__.py").write_text(PROGRAM)
    plan = replace(site.context.plan, root=folder)
    return Site(context=replace(site.context, plan=plan), cloud=site.cloud)
