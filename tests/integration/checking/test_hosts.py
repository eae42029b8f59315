"""Questions to hosts, over a small ``ssh`` of our own that runs the command here.

It takes the words that the real one is given, notes them, and has hosts that do not answer.
"""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from drkit.checking.asking import HostSilent, ask
from drkit.checking.hosts import Hosts, connect, name
from drkit.checking.reach import Flow, Ports, Reach
from drkit.checking.site import Site, site_of
from drkit.model.step import Route
from tests.integration.checking.conftest import Authority
from tests.integration.checking.shop_plan import make

_SSH = """#!/bin/sh
printf '%s\\n' "$*" >> "$SSH_LOG"
while [ $# -gt 2 ]; do shift; done
case " $SILENT " in *" $1 "*) echo "connect to host $1: timed out" >&2; exit 255;; esac
HOST=$1 exec /bin/sh -c "$2"
"""
_SUDO = """#!/bin/sh
exec "$@"
"""


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that holds what ssh was called with, a line a call."""
    binaries = tmp_path / "bin"
    binaries.mkdir()
    for program, text in (("ssh", _SSH), ("sudo", _SUDO)):
        (binaries / program).write_text(text)
        (binaries / program).chmod(0o755)
    monkeypatch.setenv("PATH", f"{binaries}:{os.environ['PATH']}")
    monkeypatch.setenv("SSH_LOG", str(tmp_path / "ssh.log"))
    monkeypatch.setenv("SILENT", "")
    return tmp_path / "ssh.log"


@pytest.fixture
def site(tmp_path: Path, authority: Authority) -> Site:
    return site_of(make(tmp_path / "shop", authority).context, Route.OVERRIDE)


@pytest.fixture
def hosts(site: Site, words: Path) -> Iterator[Hosts]:
    connected = connect(site)
    yield connected
    connected.close()


def test_many_questions_cost_one_command_per_host(hosts: Hosts, words: Path) -> None:
    answers = ask(
        hosts["app"], {"who": "echo $HOST", "wrong": "echo no >&2; exit 3", "two": "seq 2"}
    )
    assert [answers[host]["who"].text for host in hosts["app"]] == ["app-1", "app-2"]
    first = answers[hosts["app"][0]]
    assert (first["wrong"].status, first["wrong"].text) == (3, "no")
    assert first["two"].lines == ("1", "2")
    assert len(words.read_text().splitlines()) >= 2
    assert words.read_text().count("ControlPath=") == 2


def test_ssh_is_called_by_the_run_s_configuration_only(
    hosts: Hosts, site: Site, words: Path
) -> None:
    ask(hosts["edge"], {"a": "true"})
    assert f"-F {site.folder}/ssh_config" in words.read_text()
    assert "sudo /bin/sh -c" in words.read_text()


def test_quotes_newlines_and_signs_arrive_as_they_were_asked(hosts: Hosts) -> None:
    text = "printf '%s\\n' \"it's\" '$HOME' '100%'\necho next"
    [answers] = ask(hosts["edge"], {"odd": text}).values()
    assert answers["odd"].lines == ("it's", "$HOME", "100%", "next")


def test_a_question_that_takes_too_long_is_answered_with_124(hosts: Hosts) -> None:
    limit = timedelta(seconds=0.3)
    [answers] = ask(hosts["edge"], {"slow": "sleep 30", "quick": "echo x"}, limit=limit).values()
    assert answers["slow"].status == 124
    assert answers["quick"].text == "x"


def test_a_host_that_ssh_does_not_reach_is_named(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SILENT", "app-2")
    with pytest.raises(
        HostSilent, match=r"app-2 cannot be asked: ssh: connect to host app-2"
    ) as told:
        ask(hosts["app"], {"a": "true"})
    assert told.value.host == "app-2"


def test_a_group_that_is_not_there_names_those_that_are(hosts: Hosts) -> None:
    with pytest.raises(LookupError, match="there are app, edge"):
        hosts["database"]


def test_the_sockets_are_gone_when_the_try_ends(site: Site, words: Path) -> None:
    connected = connect(site)
    ask(connected["edge"], {"a": "true"})
    [path] = {
        Path(word.removeprefix("ControlPath=")).parent
        for word in words.read_text().split()
        if word.startswith("ControlPath=")
    }
    assert path.stat().st_mode & 0o777 == 0o700
    connected.close()
    assert not path.exists()


def test_hosts_are_known_by_their_names(hosts: Hosts) -> None:
    assert [name(host) for host in hosts.all] == ["app-1", "app-2", "edge-1"]
    assert hosts.named("app-2") is hosts["app"][1]


@pytest.fixture
def listener() -> Iterator[int]:
    """A port that is open on the address of app-1, and on no other host's."""
    server = socket.create_server(("127.0.0.11", 0))
    accepting = threading.Thread(target=_accept, args=(server,))
    accepting.start()
    yield server.getsockname()[1]
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    accepting.join()


def _accept(server: socket.socket) -> None:
    while True:
        try:
            server.accept()[0].close()
        except OSError:
            return


def test_an_open_port_is_told_from_one_that_is_refused(
    hosts: Hosts, site: Site, listener: int
) -> None:
    flows = [Flow("edge-1", "app-1", listener), Flow("edge-1", "app-2", listener)]
    found = Ports(hosts, site).reach(flows)
    assert found == {flows[0]: Reach.OPEN, flows[1]: Reach.REFUSED}


def test_a_port_that_swallows_packets_is_silent(
    hosts: Hosts, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A full backlog drops the next SYN, as a firewall would.
    with socket.create_server(("127.0.0.11", 0), backlog=0) as full:
        port = full.getsockname()[1]
        waiting = [socket.socket() for _ in range(3)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(("127.0.0.11", port))
        flow = Flow("edge-1", "app-1", port)
        assert Ports(hosts, site).reach([flow]) == {flow: Reach.SILENT}
        for one in waiting:
            one.close()


def test_all_flows_of_a_source_are_one_command(
    hosts: Hosts, site: Site, words: Path, listener: int
) -> None:
    names = ("app-1", "app-2", "edge-1")
    flows = [Flow(a, b, p) for a in names for b in names for p in (listener, 1)]
    Ports(hosts, site).reach(flows)
    assert words.read_text().count("ControlPath=") == 3


def test_the_answers_of_a_source_that_stops_half_way_are_not_taken(
    hosts: Hosts, site: Site, tmp_path: Path
) -> None:
    python = tmp_path / "bin" / "python3"
    python.write_text(f"#!/bin/sh\necho '{json.dumps(['open'])}'\n")
    python.chmod(0o755)
    with pytest.raises(HostSilent, match="not every connection was tried"):
        Ports(hosts, site).reach([Flow("edge-1", "app-1", 1), Flow("edge-1", "app-1", 2)])
