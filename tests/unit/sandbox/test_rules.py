"""The texts of the packet filters: of this machine, of hosts, and of lost regions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drkit.errors import UsageError
from drkit.sandbox import addresses, firewall, groups, lost
from drkit.sandbox.landscape import Condition, Direction, Group, Rule
from tests.unit.sandbox.landscapes import APP, EDGE, GROUPS, SMALL

BRIDGES = {"vpc-w": "podman1"}


def test_every_rule_of_the_machine_is_bound_to_our_chains() -> None:
    for line in firewall.rules(SMALL, BRIDGES).splitlines():
        assert line.startswith(("*", ":DRKIT-", "-A DRKIT-", "COMMIT")), line


def test_a_host_without_a_way_out_gets_no_rule_that_lets_it_out() -> None:
    shut = replace(SMALL, hosts=(replace(APP, seen_as=None),))
    assert APP.address not in firewall.rules(shut, BRIDGES)
    assert APP.address in firewall.rules(SMALL, BRIDGES)


def test_hosts_are_dropped_in_the_end() -> None:
    lines = firewall.rules(SMALL, BRIDGES).splitlines()
    for chain in ("DRKIT-ENTER", "DRKIT-LEAVE"):
        assert [line for line in lines if f"-A {chain}" in line][-1] == f"-A {chain} -j DROP"


def test_between_networks_a_host_is_seen_under_its_own_public_address() -> None:
    text = firewall.rules(SMALL, BRIDGES)
    rule = f"-s {APP.address} {firewall.TURNED} -j SNAT --to-source 198.18.0.2"
    assert rule in text
    assert "MASQUERADE" not in text


def test_what_somebody_else_turned_to_a_host_is_not_let_through() -> None:
    """A DNAT rule of this machine's own, such as a published port, opens no host."""
    turned = [line for line in firewall.rules(SMALL, BRIDGES).splitlines() if "DNAT" in line]
    judged = [line for line in turned if "--ctstate DNAT" in line]
    assert {line.split()[1] for line in judged} == {"DRKIT-OUTPUT", "DRKIT-LEAVE", "DRKIT-SHOWN"}
    assert all(f"--ctorigdst {addresses.ELASTIC} " in line for line in judged)


def test_only_a_running_host_has_its_elastic_ip() -> None:
    stopped = replace(SMALL, hosts=(replace(EDGE, condition=Condition.STOPPED),))
    assert "DNAT --to-destination" in firewall.rules(SMALL, BRIDGES)
    assert "DNAT --to-destination" not in firewall.rules(stopped, BRIDGES)


def test_a_group_that_a_rule_names_means_its_members() -> None:
    text = groups.rules(APP, SMALL)
    assert f"-A INPUT -s {EDGE.address} -p tcp --dport 8001:8003 -j ACCEPT" in text
    assert ":INPUT DROP" in text


def test_a_stopped_member_is_no_member() -> None:
    stopped = replace(SMALL, hosts=(replace(EDGE, condition=Condition.STOPPED), APP))
    assert EDGE.address not in groups.rules(APP, stopped)


def test_what_no_group_permits_is_not_in_the_rules() -> None:
    bare = groups.rules(replace(APP, groups=()), SMALL)
    permitted = [line for line in bare.splitlines() if line.startswith("-A INPUT")]
    assert permitted == [
        "-A INPUT -i lo -j ACCEPT",
        "-A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT",
    ]


def test_egress_rules_permit_by_destination() -> None:
    rule = Rule(
        direction=Direction.OUT, protocol="all", ports=None, cidrs=("0.0.0.0/0",), groups=()
    )
    landscape = replace(SMALL, groups=(*GROUPS, Group(id="sg-out", rules=(rule,))))
    text = groups.rules(replace(APP, groups=("sg-out",)), landscape)
    assert "-A OUTPUT -d 0.0.0.0/0 -j ACCEPT" in text


def test_a_lost_region_is_dropped_in_both_directions() -> None:
    lines = lost.rules({"eu-west-3"}, SMALL).splitlines()
    for address in ("198.51.100.13", "10.64.0.0/16", "198.18.0.1", "198.18.0.2"):
        assert [line for line in lines if f"-s {address} " in line], address
        assert [line for line in lines if f"-d {address} " in line], address
    assert all("DROP" in line for line in lines if line.startswith("-A"))


def test_a_region_that_is_not_lost_has_no_rule() -> None:
    assert "-A" not in lost.rules((), SMALL)
    central = lost.rules({"eu-central-1"}, SMALL)
    assert "10.64" not in central
    assert "198.51.100.13" not in central


def test_global_is_lost_by_its_endpoint_alone() -> None:
    lines = [line for line in lost.rules({"global"}, SMALL).splitlines() if line.startswith("-A")]
    assert lines
    assert all(addresses.GLOBAL.address in line for line in lines)


def test_an_unknown_region_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match="eu-south-9"):
        lost.Losses().lose("eu-south-9")
