"""``python -m drkit`` is the command ``drkit``."""

from drkit.cli import main

main()
