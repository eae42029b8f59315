"""Starts the plugin: `python -m drkit.sandbox.provider`, as the Pulumi CLI does.

An update starts one or two of them, and to start takes most of what they compute: so it loads
Pulumi's protocol without the SDK around it, and looks for garbage seldom.
"""

import gc
import importlib.machinery
import os
import sys
from pathlib import Path
from types import ModuleType


def spare_the_sdk() -> None:
    """Let the packages above the messages of the protocol be folders and nothing else: their own
    code loads the whole SDK, a third of a start (pulumi 3.259). For this process alone: who needs
    more of the SDK could not load it afterwards.
    """
    found = importlib.machinery.PathFinder.find_spec("pulumi")
    if found is None or found.origin is None:
        return  # the import that follows says so
    folder = Path(found.origin).parent
    for name, place in (
        ("pulumi", folder),
        ("pulumi.runtime", folder / "runtime"),
        ("pulumi.runtime.proto", folder / "runtime" / "proto"),
    ):
        package = ModuleType(name)
        package.__path__ = [str(place)]
        sys.modules[name] = package


def main() -> None:
    """Serve until the engine ends."""
    # what is loaded stays, and would be looked through again and again: a fifth of a start
    gc.set_threshold(100_000)
    spare_the_sdk()
    from drkit.sandbox.provider.server import main as serve  # after what its loading depends on

    if not os.environ.get("AWS_PROFILE"):
        # set to nothing means none, as for AWS's own; botocore would look for a profile ""
        os.environ.pop("AWS_PROFILE", None)
    serve()


if __name__ == "__main__":
    main()
