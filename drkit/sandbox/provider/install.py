"""Decides where the Pulumi CLI finds the stand-in plugin, and how it starts.

Refuses to touch a PULUMI_HOME that holds another plugin of that name: the user's own `aws` plugin
is never replaced.
"""

import shlex
import sys
from pathlib import Path

from drkit.sandbox.provider.errors import ProviderError
from drkit.sandbox.provider.schema import version

_MARK = "# drkit.sandbox.provider: the sandbox's stand-in for pulumi-resource-aws"


def install(pulumi_home: Path) -> Path:
    """Writes the plugin into a PULUMI_HOME for the installed pulumi-aws; its path is returned.

    Raises ProviderError if a plugin that is not the sandbox's stands there.
    """
    plugin = pulumi_home / "plugins" / f"resource-aws-v{version()}" / "pulumi-resource-aws"
    text = _script()
    if plugin.exists():
        written = plugin.read_text(errors="replace")
        if written == text:
            return plugin
        if _MARK not in written:
            raise ProviderError(f"{plugin} is not the sandbox's: use a PULUMI_HOME of its own")
    plugin.parent.mkdir(parents=True, exist_ok=True)
    plugin.write_text(text)
    plugin.chmod(0o755)
    _compile()
    return plugin


def _compile() -> None:
    """PYTHONDONTWRITEBYTECODE would make every start of the plugin compile it again."""
    import compileall  # costs 40 ms, which each start of the plugin would pay

    compileall.compile_dir(Path(__file__).parent, quiet=2)


def _script() -> str:
    """A shell script, for a shebang line holds no long path; `-P`: the program's folder is not
    on the path. exec keeps the process id, by which the engine knows its plugin."""
    package = Path(__file__).resolve().parents[3]
    return (
        f"#!/bin/sh\n{_MARK}\n"
        f'PYTHONPATH={shlex.quote(str(package))}"${{PYTHONPATH:+:$PYTHONPATH}}" '
        f"exec {shlex.quote(sys.executable)} -P -m drkit.sandbox.provider\n"
    )
