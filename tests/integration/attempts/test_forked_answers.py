"""Questions asked from several threads, each answered by a process that the fork server forks."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from drkit import processes
from drkit.adapters.forked_answers import ForkedAnswers
from drkit.adapters.forking import Forks, ForkServer, Job
from drkit.adapters.requests import write_request
from drkit.errors import EffectUnknown
from drkit.foreseeing import WAY, Way
from drkit.model.step import StackWork, Step
from tests.integration.attempts.test_tries import FOREVER, WRITE_PID, pid_in
from tests.integration.attempts.trying import Tries, context, eventually

MINUTE = timedelta(minutes=1)


@pytest.fixture
def answers(tries: Tries) -> ForkedAnswers:
    return ForkedAnswers(tries.server)


def question(tries: Tries, step: Step) -> str:
    """A try of ``step``: what it answers are its messages."""
    known = context(tries.root, f"{step.id}.log")
    return json.dumps(write_request(step.work, known, step=step.id, look_first=False))


def job(tries: Tries, tmp_path: Path, name: str) -> Job:
    scratch = tmp_path / f"scratch-{name}"
    scratch.mkdir()
    return Job(name=name, mark=processes.new_mark(), scratch=scratch, folder=tries.root)


def test_each_thread_gets_the_answer_to_its_own_question(
    tries: Tries, answers: ForkedAnswers, tmp_path: Path
) -> None:
    """One that is longer than a pipe holds, too."""

    def asked(number: int) -> str:
        name = f"card-{number}"
        step = tries.program(name, f"raise ValueError('{number}-' + {number} * 99_999 * 'x')")
        answer = answers.to(question(tries, step), job(tries, tmp_path, name), limit=MINUTE)
        assert answer.code == 0
        return str(json.loads(answer.text.splitlines()[-1])["outcome"]["message"])

    with ThreadPoolExecutor(3) as pool:
        said = list(pool.map(asked, range(3)))
    for number, text in enumerate(said):
        assert f"{number}-{number * 99_999 * 'x'}" in text, text[:300]


def test_who_is_too_slow_is_ended_with_all_below_it(
    tries: Tries, answers: ForkedAnswers, tmp_path: Path, marker: str
) -> None:
    child = 'subprocess.Popen(["setsid", "sleep", "1000"])\n'
    step = tries.program("card", child + WRITE_PID + FOREVER)
    slow = job(tries, tmp_path, "card")
    with pytest.raises(EffectUnknown, match="within 3 s"):
        answers.to(question(tries, step), slow, limit=timedelta(seconds=3))
    pid_in(tries.root / "pid")  # it had begun
    eventually(lambda: tries.survivors(marker) == [])
    assert not slow.scratch.exists()


def test_who_is_killed_has_answered_nothing_and_the_others_are_heard(
    tries: Tries, answers: ForkedAnswers, tmp_path: Path
) -> None:
    step = tries.program("card", "os.kill(os.getppid(), signal.SIGKILL)\ntime.sleep(1000)")
    step_file = tries.root / "card.py"
    step_file.write_text(step_file.read_text().replace("import os,", "import os, signal,"))
    answer = answers.to(question(tries, step), job(tries, tmp_path, "card"), limit=MINUTE)
    assert (answer.code, answer.text) == (-signal.SIGKILL, "")
    other = tries.program("other", "pass")
    assert answers.to(question(tries, other), job(tries, tmp_path, "o"), limit=MINUTE).code == 0


@pytest.fixture
def looking(tmp_path: Path) -> Iterator[ForkServer]:
    with ForkServer(tmp_path, forks=Forks.LOOKS) as server:
        yield server


def test_a_look_is_forked_from_what_has_read_pulumi_and_answers_in_words(
    looking: ForkServer, tmp_path: Path
) -> None:
    looking.read_all()
    assert "cygrpc" in Path(f"/proc/{looking.pid}/maps").read_text()
    work = StackWork(stack="compute")
    request = write_request(work, context(tmp_path), step="compute", look_first=False)
    place = tmp_path / "scratch"
    place.mkdir()
    look = Job(name="look", mark=processes.new_mark(), scratch=place, folder=tmp_path)
    asked = json.dumps({**request, WAY: Way.COMPARE})
    answer = ForkedAnswers(looking).to(asked, look, limit=MINUTE)
    assert "has no `pulumi_passphrase`" in json.loads(answer.text)["unknown"]
    assert "hunter2" not in answer.text
