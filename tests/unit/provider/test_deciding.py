"""What the plugin decides from values alone: differences, checks, mappings, names."""

from __future__ import annotations

import json
from typing import Any

import botocore.session
from hypothesis import given
from hypothesis import strategies as st

from drkit.sandbox.provider import schema
from drkit.sandbox.provider.api import structure
from drkit.sandbox.provider.checking import coerced, named, problems
from drkit.sandbox.provider.diff import How, differences, refreshed_inputs
from drkit.sandbox.provider.mapping import from_answer, to_parameters, unplaced
from drkit.sandbox.provider.policy_document import policy_document
from drkit.sandbox.provider.resource_type import Naming
from drkit.sandbox.provider.schema import Field, Form, Shape
from drkit.sandbox.provider.template import fill, parse
from drkit.sandbox.provider.types import TYPES
from drkit.sandbox.provider.types.rule import blocks_of, live, written
from drkit.sandbox.provider.wire import UNKNOWN, decode, encode, has_unknown

VPC = TYPES["aws:ec2/vpc:Vpc"]
INSTANCE = TYPES["aws:ec2/instance:Instance"]
GROUP = TYPES["aws:ec2/securityGroup:SecurityGroup"]
SSH = {"protocol": "tcp", "fromPort": 22, "toPort": 22, "cidrBlocks": ["10.0.0.0/8"]}

values = st.recursive(
    st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=4), values))
def test_values_travel_there_and_back_unchanged(properties: dict[str, Any]) -> None:
    assert decode(encode(properties)) == properties


def test_unknown_values_stay_unknown_at_any_depth() -> None:
    there = decode(encode({"a": [{"b": UNKNOWN}], "c": 1}))
    assert there["a"][0]["b"] is UNKNOWN
    assert has_unknown(there)
    assert not has_unknown(there["c"])


def test_only_what_the_program_changed_differs() -> None:
    old = {"cidrBlock": "10.64.0.0/16", "tags": {"Name": "a", "kind": "b"}}
    new = {"cidrBlock": "10.64.0.0/16", "tags": {"Name": "c", "kind": "b"}, "region": "eu-west-3"}
    found = differences(VPC, {**old, "region": "eu-west-3"}, new)
    assert [(each.path, each.how, each.replaces) for each in found] == [
        ("tags.Name", How.CHANGED, False)
    ]


def test_a_default_written_out_is_no_difference_and_leaving_it_out_again_is_none_either() -> None:
    bare = {"cidrBlock": "10.64.0.0/16"}
    full = {**bare, "enableDnsSupport": True, "instanceTenancy": "default"}
    assert not differences(VPC, bare, full)
    assert not differences(VPC, full, bare)
    [back] = differences(VPC, {**bare, "enableDnsHostnames": True}, bare)
    assert (back.name, back.replaces) == ("enableDnsHostnames", False)


def test_what_aws_chose_is_no_difference_until_the_program_chooses() -> None:
    chosen = {"ami": "ami-1", "instanceType": "t3.small", "privateIp": "10.64.0.9"}
    open_ = {"ami": "ami-1", "instanceType": "t3.small"}
    assert not differences(INSTANCE, chosen, open_)
    [change] = differences(INSTANCE, open_, chosen)
    assert change.replaces


def test_user_data_replaces_only_where_the_program_says_so() -> None:
    old = {"ami": "a", "instanceType": "t3.small", "userData": "one"}
    [change] = differences(INSTANCE, old, {**old, "userData": "two"})
    assert not change.replaces
    switch = {"userDataReplaceOnChange": True}
    [change] = differences(INSTANCE, {**old, **switch}, {**old, **switch, "userData": "two"})
    assert change.replaces


def test_an_unknown_new_value_of_a_fixed_property_previews_as_a_replacement() -> None:
    old = {"ami": "ami-1", "instanceType": "t3.small"}
    [change] = differences(INSTANCE, old, {**old, "ami": UNKNOWN})
    assert change.replaces


def test_the_order_of_rules_and_the_spacing_of_policies_say_nothing() -> None:
    web = {**SSH, "fromPort": 443, "toPort": 443}
    old = {"ingress": [SSH, web]}
    assert not differences(GROUP, old, {"ingress": [web, SSH]})
    policy = TYPES["aws:iam/policy:Policy"]
    one, other = {"policy": '{"A": [1]}'}, {"policy": '{ "A":[1]}'}
    assert not differences(policy, one, other)


def test_a_refresh_keeps_the_programs_words_where_the_live_thing_says_the_same() -> None:
    fields = schema.of_resource(GROUP.pulumi_type)
    inputs = {"ingress": [SSH], "tags": {"a": "b"}}
    there = {"ingress": [{**SSH, "description": "", "self": False}], "tags": {"a": "b"}}
    assert refreshed_inputs(GROUP, fields, inputs, there) == inputs
    more = {**there, "tags": {"a": "b", "by": "hand"}}
    assert refreshed_inputs(GROUP, fields, inputs, more)["tags"] == {"a": "b", "by": "hand"}


def test_every_problem_is_told_with_its_path_at_once() -> None:
    fields = schema.of_resource(GROUP.pulumi_type).inputs
    wrong = {"ingres": [], "egress": [{**SSH, "fromPrt": 1, "toPort": "x"}], "tags": ["a"]}
    found = {problem.path: problem.reason for problem in problems(fields, wrong)}
    assert found == {
        "ingres": "unknown property 'ingres': did you mean 'ingress'?",
        "egress[0].fromPrt": "unknown property 'fromPrt': did you mean 'fromPort'?",
        "egress[0].toPort": "wants a whole number, not 'x'",
        "tags": "wants a map, not ['a']",
    }


def test_values_beyond_doubt_take_the_schemas_form() -> None:
    number, truth = Shape(form=Form.WHOLE), Shape(form=Form.TRUTH)
    assert coerced(number, "22") == 22
    assert coerced(truth, "true") is True
    assert coerced(Shape(form=Form.DOCUMENT), {"A": 1}) == '{"A": 1}'
    assert coerced(number, "ssh") == "ssh"


def test_a_name_is_kept_made_or_taken_from_the_program() -> None:
    naming = Naming(property="bucket", prefix="bucketPrefix", longest=63, lower=True)
    made = named(naming, "Backup", old={}, new={}, seed=b"x")["bucket"]
    assert made.startswith("backup-")
    assert len(made) == len("backup-") + 7
    assert named(naming, "Backup", old={"bucket": made}, new={}, seed=b"y")["bucket"] == made
    assert named(naming, "B", old={}, new={"bucket": "b"}, seed=b"")["bucket"] == "b"
    prefixed = named(naming, "B", old={}, new={"bucketPrefix": "p-"}, seed=b"x")["bucket"]
    assert prefixed.startswith("p-")


def test_templates_are_filled_and_read_back() -> None:
    assert fill({"Ids": ["{id}"], "Name": "{none}"}, {"id": "vpc-1"}) == {"Ids": ["vpc-1"]}
    assert fill("{zone}_{name}", {"zone": "Z1", "name": "_dmarc"}) == "Z1__dmarc"
    assert parse("{bucket}/{key}", "b/a/c") == {"bucket": "b", "key": "a/c"}
    assert parse("{user}:{name}", "nothing") == {}


def test_properties_become_api_parameters_at_any_depth() -> None:
    session = botocore.session.get_session()
    operation = session.get_service_model("s3").operation_model("PutBucketEncryption")
    shape = structure(operation.input_shape)
    inner = structure(shape.members["ServerSideEncryptionConfiguration"])
    encryption = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}
    given_rules = {"rules": [{**encryption, "bucketKeyEnabled": "true", "extra": 1}]}
    assert to_parameters(given_rules, inner, {}) == {
        "Rules": [
            {
                "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"},
                "BucketKeyEnabled": True,
            }
        ]
    }
    assert list(unplaced(given_rules, inner, {})) == ["rules.extra"]


def test_an_answer_gives_only_properties_of_fitting_form() -> None:
    fields = {
        "vpcId": Field(shape=Shape(form=Form.TEXT)),
        "state": Field(shape=Shape(form=Form.TEXT)),
        "count": Field(shape=Shape(form=Form.WHOLE)),
    }
    answer = {"VpcId": "vpc-1", "State": {"Code": 16}, "Count": 3, "Other": 1}
    assert from_answer(answer, fields, {}) == {"vpcId": "vpc-1", "count": 3}


def test_rules_written_otherwise_are_the_same_rules() -> None:
    both = {**SSH, "cidrBlocks": ["10.0.0.0/8", "10.64.0.0/12"], "self": True}
    apart = [{**SSH, "cidrBlocks": ["10.64.0.0/12"]}, SSH, {**SSH, "cidrBlocks": [], "self": True}]
    rules = set(written([both], "sg-1"))
    assert rules == set(written(apart, "sg-1"))
    assert rules == set(live([rule.permission() for rule in rules]))
    assert set(written(blocks_of(rules, "sg-1"), "sg-1")) == rules
    everything = {"protocol": "all", "fromPort": 0, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"]}
    [rule] = written([everything], "sg-1")
    assert rule.permission() == {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


def test_a_policy_document_is_written_as_aws_writes_it() -> None:
    statement = {
        "sid": "Read",
        "actions": ["s3:GetObject"],
        "resources": ["b", "a"],
        "principals": [{"type": "AWS", "identifiers": ["*"]}],
        "conditions": [{"test": "Bool", "variable": "aws:SecureTransport", "values": ["true"]}],
    }
    override = json.dumps({"Statement": [{"Sid": "Read", "Effect": "Deny"}]})
    plain = json.loads(policy_document({"statements": [statement]})["json"])
    assert plain == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Read",
                "Effect": "Allow",
                "Action": "s3:GetObject",
                "Resource": ["a", "b"],
                "Principal": {"AWS": "*"},
                "Condition": {"Bool": {"aws:SecureTransport": "true"}},
            }
        ],
    }
    overridden = policy_document({"statements": [statement], "overridePolicyDocuments": [override]})
    assert json.loads(overridden["minifiedJson"])["Statement"][0]["Effect"] == "Deny"
