"""Run cloud-init's stages in one process: users, keys, host keys and files of the user data.

The packaged units start the interpreter four times, which is most of a host's boot time. The
stages themselves, their order and their semaphores are cloud-init's own.
"""

import sys

from cloudinit.cmd import main

STAGES = (
    ["init", "--local"],
    ["init"],
    ["modules", "--mode=config"],
    ["modules", "--mode=final"],
)


def run() -> int:
    worst = 0
    for stage in STAGES:
        try:
            worst = max(worst, int(main.main(["cloud-init", *stage]) or 0))
        except SystemExit as end:
            worst = max(worst, int(end.code or 0))
    return worst


if __name__ == "__main__":
    sys.exit(run())
