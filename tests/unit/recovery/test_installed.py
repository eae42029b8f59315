"""What a host runs on, by the files that its system keeps."""

from __future__ import annotations

from tests.unit.recovery.loading import load

INSTALLED = load("plugins/modules/installed.py")
STATUS = """Package: nginx
Status: install ok installed
Version: 1.22.1-9
Description: a server
 Version: of no meaning

Package: gone
Status: deinstall ok config-files
Version: 1

Package: held
Status: hold ok installed
Version: 2:3.0

Package: half
Status: install ok half-configured
Version: 1
"""


def test_the_packages_are_those_that_are_installed() -> None:
    assert INSTALLED.packages(STATUS) == {"nginx": "1.22.1-9", "held": "2:3.0"}
    assert INSTALLED.packages("") == {}


def test_the_release_is_what_the_system_calls_itself() -> None:
    text = 'ID=debian\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n# x\n'
    assert INSTALLED.release(text) == "Debian GNU/Linux 12 (bookworm)"
    assert INSTALLED.release("") == ""
