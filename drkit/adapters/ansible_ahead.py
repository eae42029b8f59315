"""What every playbook would read and work out anew, once for all that are forked from a process.

The routing of Ansible's own collection (9,000 lines of YAML), the settings of its plugins, the
source of mitogen without comments, and what the modules that it sends to hosts import: of 1.43 s
of a core for two tasks on two hosts, 0.57 s (measured, ansible-core 2.19, mitogen 0.3).
"""

from __future__ import annotations

import functools
import importlib
import inspect
import sys
from typing import Any

_SENT = ("ansible_mitogen.target", "ansible_mitogen.runner", "mitogen.service")
"""What mitogen has a host import, with all that these import."""


def read_ahead(*, mitogen: bool) -> None:
    """Read it, after Ansible and by the settings that it was read by."""
    from ansible.plugins import loader

    loader.init_plugin_loader()
    try:
        importlib.import_module("ansible_collections.ansible.builtin")
        _read_plugins(loader, mitogen=mitogen)
    finally:
        # each playbook finds collections beside itself as well: it makes a finder of its own
        type(loader.AnsibleCollectionConfig.collection_finder)._remove()  # noqa: SLF001
    inspect.stack()  # Ansible looks for who asks, and Python then for the file of each module
    if mitogen:
        _read_what_mitogen_sends()


def _read_plugins(loader: Any, *, mitogen: bool) -> None:
    """Ansible's own, as far as it reads them for every playbook. Those of others are left to each
    playbook: they may be mended in between, and take the place of one of Ansible's.
    """
    every = [each for each in vars(loader).values() if isinstance(each, loader.PluginLoader)]
    others = [each.config for each in every]
    for each in every:
        each.config = []
    try:
        _read_each(loader, mitogen=mitogen)
    finally:
        for each, config in zip(every, others, strict=True):
            read = dict(each._module_cache)  # noqa: SLF001 - by path, which holds for any playbook
            each.config = config
            each._clear_caches()  # noqa: SLF001 - where what lies
            each._module_cache.update(read)  # noqa: SLF001
            for module in read.values():
                # one that lies elsewhere has the same name, and would be taken for this one
                sys.modules.pop(module.__name__, None)


def _read_each(loader: Any, *, mitogen: bool) -> None:
    for kind in ("become", "connection", "filter", "inventory", "shell", "test"):
        for _ in getattr(loader, f"{kind}_loader").all(class_only=True):
            pass
    for one, *names in (
        (loader.action_loader, "normal", "ansible.builtin.command"),
        (loader.cache_loader, "jsonfile", "memory"),
        (loader.callback_loader, "default", "minimal"),
        (loader.lookup_loader, "ansible.builtin.file", "ansible.builtin.template"),
        (loader.strategy_loader, "linear"),
    ):
        for name in names:
            one.get(name, class_only=True)
    if mitogen:
        loader.connection_loader.get("mitogen_ssh", class_only=True)


def _read_what_mitogen_sends() -> None:
    """Have each process that sends modules to hosts begin with what this one has found of them."""
    import mitogen.master
    import mitogen.minify
    import mitogen.parent
    from ansible_mitogen import _modifiers

    first = mitogen.master.ModuleFinder()
    _modifiers.register_moduleresponder_modifiers(first)
    found, related = first._found_cache, first._related_cache  # noqa: SLF001 - nothing gives them
    shortened = functools.cache(mitogen.minify.minimize_source)
    mitogen.minify.minimize_source = shortened

    class Finder(mitogen.master.ModuleFinder):  # type: ignore[misc]  # mitogen is untyped
        def __init__(self) -> None:
            super().__init__()
            self._found_cache = dict(found)
            self._related_cache = dict(related)

    for name in _SENT:
        importlib.import_module(name)
        for sent in (name, *first.find_related(name)):
            _, source, _ = first.get_module_source(sent)
            if source and mitogen.master.ModuleResponder.minify_safe_re.search(source):
                shortened(source)
    mitogen.parent.get_core_source_partial()
    mitogen.master.ModuleFinder = Finder
