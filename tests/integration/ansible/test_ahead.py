"""What playbooks would work out anew is there in the process that they are forked from."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from drkit.adapters.ansible_playbook import ansible_settings
from tests.fakes.documents import plan_at
from tests.integration.attempts.trying import Tries

READ = """
import json, os, sys
from drkit.adapters.ansible_forked import read_ansible
read_ansible(json.loads(sys.argv[1]))
from ansible import constants
from ansible.utils.collection_loader import AnsibleCollectionConfig
told = {
    "routing": "ansible_collections.ansible.builtin" in sys.modules,
    "finder": AnsibleCollectionConfig.collection_finder is not None,
    "settings": constants.config.has_configuration_definition("connection", "ssh"),
}
if "mitogen.master" in sys.modules:
    import mitogen.master, mitogen.minify
    told["sent"] = sorted(mitogen.master.ModuleFinder()._related_cache)
    told["shortened"] = mitogen.minify.minimize_source.cache_info().currsize
print(json.dumps(told))
"""


@pytest.mark.parametrize("strategy", ["linear", "mitogen_linear"])
def test_it_is_read_once_for_all_and_each_looks_for_collections_itself(
    tries: Tries, strategy: str
) -> None:
    settings = ansible_settings(plan_at(tries.root, defaults={"strategy": strategy}))
    said = subprocess.run(
        [sys.executable, "-c", READ, json.dumps(settings)],
        check=True,
        capture_output=True,
        text=True,
    )
    told = json.loads(said.stdout)
    assert told["routing"]
    assert told["settings"]
    assert not told["finder"], "a playbook makes its own, which looks beside it as well"
    if strategy != "linear":
        assert "ansible_mitogen.target" in told["sent"]
        assert told["shortened"] > 1
    assert "has already been configured" not in said.stderr
