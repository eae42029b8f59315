"""The fork server: what it forks is known and ended, also when the server itself is lost."""

from __future__ import annotations

import os
import select
import signal
from pathlib import Path

from drkit import processes
from drkit.adapters.forking import Job
from drkit.model.outcome import State
from tests.integration.attempts.test_tries import FOREVER, WRITE_PID, pid_in
from tests.integration.attempts.trying import Tries, eventually
from tests.survivors import alive_with


def test_tries_of_a_server_that_is_killed_end_as_unknown_and_a_new_one_serves_the_next(
    tries: Tries, marker: str
) -> None:
    child = 'subprocess.Popen(["setsid", "sh", "-c", "trap : TERM; while :; do sleep 1; done"])\n'
    tries.start(tries.program("card", child + WRITE_PID + FOREVER))
    pid_in(tries.root / "pid")
    server = tries.server.pid
    assert server is not None
    os.kill(server, signal.SIGKILL)
    outcome = tries.to_the_end("card").outcome
    assert outcome.state is State.UNKNOWN
    assert "SIGKILL" in outcome.message
    eventually(lambda: set(alive_with(marker)) <= {server}, within=20)
    tries.start(tries.program("next", "pass"))
    assert tries.to_the_end("next").outcome.state is State.DONE
    assert tries.server.pid != server


def test_the_end_of_a_try_of_a_lost_server_holds_nothing_up(tries: Tries, marker: str) -> None:
    """Its new server knows nothing of it, and must not be asked."""
    stubborn = f"import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n{FOREVER}"
    tries.start(tries.program("stubborn", f"{WRITE_PID}{stubborn}"))
    pid_in(tries.root / "pid")
    assert tries.server.pid is not None
    os.kill(tries.server.pid, signal.SIGKILL)
    tries.start(tries.program("next", "pass"))
    assert tries.to_the_end("next").outcome.state is State.DONE
    assert tries.to_the_end("stubborn").outcome.state is State.UNKNOWN
    assert tries.survivors(marker) == []


def test_a_try_that_cannot_be_started_fails_and_the_server_serves_on(
    tries: Tries, marker: str, tmp_path: Path
) -> None:
    """Here of what the fork needs: the folder that it is to work in."""
    assert marker
    tries.start(tries.program("card", WRITE_PID + FOREVER))
    pid_in(tries.root / "pid")
    server = tries.server.pid
    gone = Job(name="gone", mark=processes.new_mark(), scratch=tmp_path, folder=tmp_path / "gone")
    forked = tries.server.fork(gone)
    eventually(lambda: select.select([forked.ended], [], [], 0)[0])
    assert tries.server.code(forked) == 1
    for file in (forked.task, forked.said):
        file.close()
    os.close(forked.ended)
    assert tries.server.pid == server
    assert tries.attempts.running == ("card",)


def test_a_forked_process_is_found_by_its_mark_as_one_that_was_executed(tries: Tries) -> None:
    text = """
        from drkit import processes
        mark = os.environ[processes.MARK]
        (here / "found").write_text(str(os.getpid() in processes.marked(mark)))
        """
    tries.start(tries.program("card", text))
    tries.to_the_end("card")
    assert (tries.root / "found").read_text() == "True"


def test_each_try_has_a_mark_of_its_own(tries: Tries) -> None:
    """The environment that others see is the server's, with the mark written over."""
    write = '(here / ("of-" + Path(__file__).stem)).write_text(os.environ["DRKIT_TRY"])'
    tries.start(*(tries.program(name, f"from pathlib import Path\n{write}") for name in ("a", "b")))
    for name in ("a", "b"):
        tries.to_the_end(name)
    marks = {(tries.root / f"of-{name}").read_text() for name in ("a", "b")}
    assert len(marks) == 2
    assert processes.new_mark() not in marks


def test_a_list_of_processes_names_the_step(tries: Tries, marker: str) -> None:
    tries.start(tries.program("card", WRITE_PID + FOREVER))
    worker = pid_in(tries.root / "pid")
    assert Path(f"/proc/{worker}/comm").read_text() == "drkit card\n"
    tries.attempts.stop()
    tries.to_the_end("card")
    assert tries.survivors(marker) == []


def test_the_end_of_the_server_is_the_end_of_what_it_forked(tries: Tries, marker: str) -> None:
    tries.start(tries.program("card", WRITE_PID + FOREVER))
    pid_in(tries.root / "pid")
    tries.server.close()
    eventually(lambda: alive_with(marker) == [])
    assert tries.to_the_end("card").outcome.state is State.UNKNOWN


def test_what_a_server_has_read_is_there_for_each_try(tries: Tries) -> None:
    """The packages of pulumi_aws load by the first question for what is in them, which it asks."""
    wanted = ("pulumi_aws.ec2.vpc", "botocore.session", "ansible.executor", "pytest")
    text = f'(here / "missing").write_text(str(set({wanted}) - sys.modules.keys()))'
    tries.have_read({})
    tries.start(tries.program("card", text))
    tries.to_the_end("card")
    assert (tries.root / "missing").read_text() == "set()"


def test_settings_of_a_server_do_not_reach_the_tries(tries: Tries) -> None:
    text = '(here / "set").write_text(str([n for n in os.environ if n.startswith("ANSIBLE_")]))'
    tries.have_read({"ANSIBLE_FORKS": "3"})
    tries.start(tries.program("card", text))
    tries.to_the_end("card")
    assert (tries.root / "set").read_text() == "[]"
