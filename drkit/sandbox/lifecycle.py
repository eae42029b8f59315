"""Bringing a sandbox up and taking it down.

Up: tools, floor, image, authority, plug-in, daemon, in this order, so that no host ever
starts without the floor under it. Down: the daemon and all that it started, hosts, networks, rules,
ground, files. Down needs nothing that a crash could have taken: it finds everything by label, chain
name or pid file. One of them at a time on a machine (:mod:`drkit.sandbox.turn`).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from drkit.errors import SandboxError
from drkit.sandbox import (
    cloud,
    control,
    firewall,
    ground,
    hosts,
    image,
    namespaces,
    networks,
    session,
    tools,
    turn,
)
from drkit.sandbox.authority import Authority
from drkit.sandbox.folder import Folder, State
from drkit.sandbox.process import Process

START_LIMIT = timedelta(seconds=60)
END_LIMIT = timedelta(seconds=10)
REMOVE_LIMIT = timedelta(minutes=2)

Say = Callable[[str], None]


def daemon(folder: Folder) -> Process | None:
    """The running daemon of this folder, if any."""
    process = _noted(folder)
    return process if process is not None and process.alive else None


def up(folder: Folder, say: Say) -> State:
    """Bring the sandbox up, or return at once when it is. Raises ConfigurationError when this
    machine cannot hold one, SandboxError when it did not come up."""
    tools.require(build=False)
    with turn.taken(say):
        if daemon(folder) is not None and folder.state.exists():
            return State.read(folder)
        _refuse_anothers(folder)
        folder.refuse_foreign()
        built = image.is_built()
        tools.require(build=not built)
        if folder.path.exists() or ground.owner() is not None:
            say("clearing away what a sandbox that crashed left behind")
            _remove(folder)
        ground.lay(str(folder.path))
        ground.make_room()
        image.build(say)
        folder.make()
        namespaces.note(folder.first_namespace)
        Authority(folder=folder.authority).make()
        _install_plugin(folder, say)
        _start_daemon(folder)
        return State.read(folder)


def down(folder: Folder, say: Say, *, images: bool = False) -> None:
    """End and remove everything of the sandbox, whatever state it is in. Repeatable. ``images``:
    the host image and its cache too.

    Raises SandboxError where the sandbox on this machine is another folder's, and alive; and where
    the folder holds what no sandbox put there, because it is removed whole.
    """
    with turn.taken(say):
        _refuse_anothers(folder)
        folder.refuse_foreign()
        _remove(folder)
        if images:
            image.remove()


def _remove(folder: Folder) -> None:
    # A sandbox of another folder that crashed may have left processes as well.
    for each in {str(folder.path), ground.owner() or str(folder.path)}:
        _end_processes(Folder(path=Path(each)))
    if shutil.which("podman"):
        _remove_containers()
    namespaces.clear(folder.first_namespace)
    firewall.leave()
    ground.lift()
    shutil.rmtree(folder.path, ignore_errors=True)


def _remove_containers() -> None:
    """Remove hosts, then networks, and look again until there are none."""
    deadline = time.monotonic() + REMOVE_LIMIT.total_seconds()
    while hosts.remove_all() or networks.remove_all():
        if time.monotonic() > deadline:
            raise SandboxError(
                f"containers or networks labelled {networks.LABEL} keep coming",
                remedy="end who makes them, then drkit sandbox down",
            )


def _end_processes(folder: Folder) -> None:
    """End the daemon and its front, and await whatever else it had started."""
    leader = _noted(folder)
    if leader is not None:
        session.end(leader, patience=END_LIMIT)
    _end_front(folder)
    if leader is not None:
        session.Session(leader=leader, mark=str(folder.path)).end()


def _noted(folder: Folder) -> Process | None:
    """The daemon that was started last in this folder; it may be dead."""
    try:
        noted = json.loads(folder.process.read_text())
    except (OSError, ValueError):
        return None
    return Process(pid=noted["pid"], started=noted["started"])


def _refuse_anothers(folder: Folder) -> None:
    """Addresses and labels are one machine's: the live sandbox of another folder is not ours."""
    owner = ground.owner()
    if owner and owner != str(folder.path) and daemon(Folder(path=Path(owner))) is not None:
        raise SandboxError(
            f"the sandbox of {owner} is up, and a machine holds one only",
            remedy=f"use it, or end it: DRKIT_SANDBOX={owner} drkit sandbox down",
        )


def _install_plugin(folder: Folder, say: Say) -> None:
    try:
        from drkit.sandbox.provider import install
    except ImportError:
        say("the stand-in for Pulumi's aws plug-in is not in this installation")
        return
    install(folder.pulumi_home)


def _start_daemon(folder: Folder) -> None:
    temporary = folder.temporary
    temporary.mkdir(exist_ok=True)
    environment = os.environ | cloud.ENVIRONMENT | {"TMPDIR": str(temporary)}
    with folder.log.open("ab") as log:
        started = subprocess.Popen(
            [sys.executable, "-m", "drkit.sandbox.daemon", str(folder.path)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            cwd="/",
            start_new_session=True,
        )
    process = Process.of(started.pid)
    if process is not None:
        folder.process.write_text(json.dumps({"pid": process.pid, "started": process.started}))
    deadline = time.monotonic() + START_LIMIT.total_seconds()
    while not folder.state.exists():
        if started.poll() is not None or time.monotonic() > deadline:
            said = folder.log.read_text(errors="replace")[-1500:]
            _remove(folder)
            raise SandboxError(
                f"the sandbox's daemon did not come up:\n{said}",
                remedy="mend what it names, then drkit sandbox up",
            )
        time.sleep(0.02)
    control.ask(folder.socket, "ready")


def _end_front(folder: Folder) -> None:
    """End an nginx that outlived its daemon: the process of the pid file, if it is ours."""
    try:
        pid = int((folder.front / "nginx.pid").read_text())
        ours = str(folder.front).encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return
    process = Process.of(pid)
    if ours and process is not None:
        session.end(process, patience=END_LIMIT)
