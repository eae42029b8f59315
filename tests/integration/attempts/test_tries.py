"""How a try ends: with an outcome, with an error, without a word, too late, or stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from drkit.adapters.scratch import (
    calling_in_scratch,
    make_scratch,
    sweep_all,
    sweep_scratch,
    working_in_scratch,
)
from drkit.model.calls import mark_of
from drkit.model.outcome import State
from drkit.model.step import WaitWork
from tests.integration.attempts.trying import Tries, eventually, step

FOREVER = "time.sleep(600)"


def pid_in(file: Path) -> int:
    eventually(lambda: file.is_file() and file.read_text().endswith("\n"))
    return int(file.read_text())


WRITE_PID = '(here / "pid").write_text(f"{os.getpid()}\\n")\n'


def test_a_try_says_what_it_does_and_ends_with_its_outcome(tries: Tries) -> None:
    tries.start(tries.program("card", "pass"))
    ended = tries.to_the_end("card")
    assert ended.outcome.state is State.DONE
    assert ended.outcome.facts["promises"] == 0
    assert timedelta(0) < ended.elapsed < timedelta(seconds=30)
    assert "card-a knows of 0 promises" in [said.line for said in tries.said]


def test_who_calls_aws_below_a_try_is_told_to_say_of_which_run_and_step_it_is(tries: Tries) -> None:
    text = """
        told = [os.environ[name] for name in ("AWS_SDK_UA_APP_ID", "TF_APPEND_USER_AGENT")]
        (here / "told").write_text(" ".join(told))
    """
    for name in ("card", "carrier"):
        tries.start(tries.program(name, text.replace('told"', f'{name}"')))
        tries.to_the_end(name)
        mark = mark_of("20260314-030210-rebuild-eu-central-1", name)
        assert (tries.root / name).read_text().split() == [mark, mark]


def test_an_error_of_a_tool_is_a_failure_with_its_remedy(tries: Tries) -> None:
    tries.start(tries.program("card", 'raise ValueError("no such book")'))
    outcome = tries.to_the_end("card").outcome
    assert outcome.state is State.FAILED
    assert "no such book" in outcome.message
    assert "mend" in outcome.failures[0].remedy


@pytest.mark.parametrize("end", ["sys.exit(3)", "raise RuntimeError('a defect')"])
def test_a_program_that_ends_in_its_own_way_has_failed_and_is_not_unknown(
    tries: Tries, end: str
) -> None:
    tries.start(tries.program("card", end))
    assert tries.to_the_end("card").outcome.state is State.FAILED


def test_what_a_tool_prints_goes_to_its_log_and_never_to_the_channel(tries: Tries) -> None:
    text = """
        print("printed by python")
        print('{"outcome": "a lie"}', flush=True)
        subprocess.run(["sh", "-c", "echo printed by a child; echo to stderr >&2"], check=True)
        """
    tries.start(tries.program("card", text))
    assert tries.to_the_end("card").outcome.state is State.DONE
    log = tries.root / "run" / "logs" / "card.1.log"
    assert {"printed by python", "printed by a child", "to stderr"} <= set(
        log.read_text().splitlines()
    )
    assert not [said for said in tries.said if "printed" in said.line]
    assert log.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("killed", ["worker", "supervisor"])
def test_a_try_that_is_killed_ends_as_unknown_and_leaves_nothing(
    tries: Tries, marker: str, killed: str
) -> None:
    child = f'subprocess.Popen(["setsid", {sys.executable!r}, "-c", "import time; {FOREVER}"])\n'
    tries.start(tries.program("card", child + WRITE_PID + FOREVER))
    worker = pid_in(tries.root / "pid")
    stat = Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()
    os.kill(worker if killed == "worker" else int(stat[1]), signal.SIGKILL)
    outcome = tries.to_the_end("card").outcome
    assert outcome.state is State.UNKNOWN
    assert "SIGKILL" in outcome.message
    assert "run the same command again" in outcome.failures[0].remedy
    eventually(lambda: tries.survivors(marker) == [])


def test_a_try_that_takes_longer_than_its_limit_is_ended_and_unknown(tries: Tries) -> None:
    tries.start(tries.program("card", FOREVER, limit=timedelta(seconds=0.5)))
    outcome = tries.to_the_end("card").outcome
    assert outcome.state is State.UNKNOWN
    assert "limit of 0.5s" in outcome.message


def test_a_try_that_says_nothing_new_for_too_long_is_ended_long_before_its_limit(
    tries: Tries,
) -> None:
    tries.start(replace(tries.program("hangs", FOREVER), stalled=timedelta(seconds=2)))
    outcome = tries.to_the_end("hangs").outcome
    assert outcome.state is State.UNKNOWN
    assert "it said nothing new for 2s (`stalled`)" in outcome.message


def test_a_person_can_stop_every_try_at_once(tries: Tries) -> None:
    tries.start(*(tries.program(name, WRITE_PID + FOREVER) for name in ("a", "b", "c")))
    pid_in(tries.root / "pid")
    tries.attempts.stop()
    for name in ("a", "b", "c"):
        outcome = tries.to_the_end(name).outcome
        assert outcome.state is State.UNKNOWN
        assert "a person stopped it" in outcome.message


def test_a_tool_that_ignores_the_request_to_end_is_ended(tries: Tries) -> None:
    text = f"import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n{WRITE_PID}{FOREVER}"
    tries.start(tries.program("card", text))
    pid_in(tries.root / "pid")
    began = time.monotonic()
    tries.attempts.stop()
    tries.to_the_end("card")
    assert time.monotonic() - began < 10


def test_a_child_that_left_the_session_and_outlives_its_tool_is_ended(
    tries: Tries, marker: str
) -> None:
    """As ansible's ssh masters do: setsid, and the tool exits well."""
    text = 'subprocess.Popen(["setsid", "sh", "-c", "trap : TERM; while :; do sleep 1; done"])'
    tries.start(tries.program("card", text))
    assert tries.to_the_end("card").outcome.state is State.DONE
    assert tries.survivors(marker) == [], "a try is over only when all its processes are"


def test_a_try_that_is_slow_to_die_holds_up_no_other(tries: Tries) -> None:
    stubborn = """
        import signal
        subprocess.Popen(["setsid", "sh", "-c", "trap : TERM; while :; do sleep 1; done"])
        """
    tries.start(tries.program("stubborn", stubborn))
    tries.until(lambda: [said for said in tries.said if said.step == "stubborn"])
    longest = 0.0
    while "stubborn" not in tries.ended:
        began = time.monotonic()
        tries.turn()
        longest = max(longest, time.monotonic() - began)
    assert longest < 1, "the supervisor's two seconds of grace are not the loop's"


@pytest.mark.parametrize("killed", ["worker", "supervisor"])
def test_temporary_files_go_with_the_try_also_when_it_is_killed(tries: Tries, killed: str) -> None:
    text = 'import tempfile\n(here / "folder").write_text(tempfile.mkdtemp())\n'
    tries.start(tries.program("card", text + WRITE_PID + FOREVER))
    worker = pid_in(tries.root / "pid")
    folder = Path((tries.root / "folder").read_text())
    assert folder.is_dir()
    stat = Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()
    os.kill(worker if killed == "worker" else int(stat[1]), signal.SIGKILL)
    tries.to_the_end("card")
    assert not folder.parent.exists()


def test_temporary_files_of_a_try_that_nobody_lived_to_sweep_go_with_the_next(
    tmp_path: Path,
) -> None:
    left = make_scratch(tmp_path, "card")
    (left / "drkit-vars.json").write_text("all the secrets")
    assert left.stat().st_mode & 0o077 == 0
    again = make_scratch(tmp_path, "card")
    assert not left.exists()
    sweep_scratch(tmp_path, "card")
    assert not again.exists()
    assert list(tmp_path.iterdir()) == []


def test_temporary_files_of_a_dead_run_are_swept_at_once(tmp_path: Path) -> None:
    left = [make_scratch(tmp_path, step) for step in ("card", "ssh lines")]
    (tmp_path / "journal.jsonl").touch()
    sweep_all(tmp_path)
    assert not [folder for folder in left if folder.exists()]
    assert [path.name for path in tmp_path.iterdir()] == ["journal.jsonl"]


def test_temporary_files_of_work_in_this_process_go_with_it_or_when_it_is_begun_again(
    tmp_path: Path,
) -> None:
    before, left = tempfile.gettempdir(), make_scratch(tmp_path, "reap")
    with working_in_scratch(tmp_path, "reap") as folder:
        assert not left.exists()
        assert Path(tempfile.mkdtemp()).parent == folder
    assert not folder.exists()
    assert tempfile.gettempdir() == before
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_the_plan_does_not_stand_in_for_a_module_of_drkit(tries: Tries) -> None:
    for name in ("json", "yaml", "cattrs", "select"):
        (tries.root / f"{name}.py").write_text("raise RuntimeError('imported from the plan')\n")
    tries.start(step("pause", WaitWork(duration=timedelta(0), reason="to see")))
    assert tries.to_the_end("pause").outcome.state is State.DONE


def test_a_step_that_cannot_even_start_has_failed_and_the_run_goes_on(
    tries: Tries, tmp_path: Path
) -> None:
    (tmp_path / "run").write_text("a file where the run's folder should be")
    tries.start(tries.program("card", "pass"))
    assert tries.to_the_end("card").outcome.state is State.FAILED


def test_what_goes_wrong_before_one_try_begins_is_the_end_of_that_step_alone(
    tries: Tries,
) -> None:
    """Whatever it is: an error of drkit's own or one that nobody expected."""
    tries.start(tries.program("other", "time.sleep(0.5)"))
    tries.facts = {"network": {"no JSON value": object()}}
    tries.start(tries.program("card", "pass"))
    outcome = tries.to_the_end("card").outcome
    assert outcome.state is State.FAILED
    assert "TypeError" in outcome.message
    assert tries.to_the_end("other").outcome.state is State.DONE


@pytest.mark.parametrize("said", ['{"state": "wonderful"}', '{"state": "done", "x": 1}', "7"])
def test_an_outcome_that_cannot_be_read_is_unknown_and_ends_no_other_try(
    tries: Tries, said: str
) -> None:
    """The channel is the only pipe that the worker writes to."""
    text = f"""
        for fd in os.listdir("/proc/self/fd"):
            try:
                if os.readlink(f"/proc/self/fd/{{fd}}").startswith("pipe:") and int(fd) > 2:
                    os.write(int(fd), b'{{"outcome": {said}}}' + bytes([10]))
            except OSError:
                pass
        os._exit(0)
        """
    tries.start(tries.program("other", "time.sleep(1)"))
    tries.start(tries.program("card", text))
    outcome = tries.to_the_end("card").outcome
    assert outcome.state is State.UNKNOWN
    assert "its outcome cannot be read" in outcome.message
    assert tries.to_the_end("other").outcome.state is State.DONE


def test_a_request_larger_than_a_pipe_reaches_its_try(tries: Tries) -> None:
    tries.facts = {"network": {"text": "x" * 3_000_000}}
    tries.start(tries.program("card", "pass"))
    assert tries.to_the_end("card").outcome.state is State.DONE


_HOLDS = """
import sys
from pathlib import Path
from drkit.adapters.scratch import calling_in_scratch
with calling_in_scratch(Path(sys.argv[1]), "backup") as made:
    (made / "key").write_text("secret")
    print(made, flush=True)
    sys.stdin.readline()
"""


def test_a_call_sweeps_what_a_killed_one_left_and_nothing_of_one_that_lives(tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDS, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout
        theirs = Path(other.stdout.readline().strip())
        with calling_in_scratch(folder, "backup") as mine:
            assert mine != theirs
            assert (theirs / "key").is_file()
        other.kill()
        other.wait(timeout=30)
        assert theirs.is_dir(), "killed, it swept nothing"
    with calling_in_scratch(folder, "backup"):
        assert not theirs.exists()
    assert list(folder.glob(".scratch.*")) == []
