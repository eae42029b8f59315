"""Planted secrets reach the tool that needs them, and no process list, log, message or outcome."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from drkit.adapters.codec import to_json
from drkit.adapters.discretion import discreet, secrets_of
from drkit.adapters.requests import outcome_message
from drkit.errors import StepError
from drkit.model.outcome import Failure, Outcome, State
from drkit.ports import Secret
from tests.integration.attempts.trying import Tries, context, world

PLANTED = ("hunter2-of-the-database", "operator-secret-key")
"""What the context of :mod:`tests.integration.attempts.trying` holds."""


def places() -> Iterator[tuple[str, bytes]]:
    """Command line and environment of every process there is."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            for name in ("cmdline", "environ"):
                try:
                    yield f"{entry}/{name}", (entry / name).read_bytes()
                except OSError:
                    continue


def holding(secret: str) -> list[str]:
    return [place for place, held in places() if secret.encode() in held]


def test_secrets_are_in_no_process_list_and_in_no_log(tries: Tries) -> None:
    tries.start(tries.program("card", '(here / "now").touch()\ntime.sleep(600)'))
    tries.until(lambda: (tries.root / "now").exists())
    found = {secret: holding(secret) for secret in PLANTED}
    files = [path for path in (tries.root / "run").rglob("*") if path.is_file()]
    assert files
    tries.attempts.stop()
    tries.to_the_end("card")
    assert found == {secret: [] for secret in PLANTED}
    assert not [path for path in files if any(s in path.read_text() for s in PLANTED)]


def test_the_search_finds_a_secret_that_is_in_a_process_list(tries: Tries) -> None:
    """The positive control: a tool that hands one on by argument is found."""
    text = f'(here / "now").touch()\nsubprocess.run(["sh", "-c", "sleep 600; : {PLANTED[0]}"])'
    tries.start(tries.program("card", text))
    tries.until(lambda: holding(PLANTED[0]))
    tries.attempts.stop()
    tries.to_the_end("card")


@pytest.mark.parametrize("secret", PLANTED)
def test_a_tool_that_repeats_a_secret_in_its_error_does_not_get_it_into_the_journal(
    tries: Tries, secret: str
) -> None:
    tries.start(tries.program("card", f'raise ValueError("login with {secret} refused")'))
    ended = tries.to_the_end("card")
    told = json.dumps(to_json(ended.outcome))
    assert "[secret] refused" in told
    assert secret not in told
    assert not [said for said in tries.said if secret in said.line]


def test_a_secret_that_begins_another_one_leaves_no_end_of_it() -> None:
    assert discreet("key abcdef-ghijkl", ("abcdef", "abcdef-ghijkl")) == "key [secret]"


def test_bytes_that_are_no_utf8_in_the_words_of_a_tool_can_be_recorded() -> None:
    said = Outcome(state=State.FAILED, message=b"gr\xfcn".decode(errors="surrogateescape"))
    told = json.loads(outcome_message(said, ()))["outcome"]["message"]
    assert told == "gr?n"


def test_a_secret_that_is_spelt_like_a_key_or_a_state_leaves_the_outcome_whole() -> None:
    said = Outcome(
        state=State.FAILED,
        message="failed: a state",
        failures=(Failure(message="the message of a host", task="changed"),),
        facts={"message": 1},
    )
    told = json.loads(outcome_message(said, ("failed", "message", "changed")))["outcome"]
    assert told["state"] == "failed"
    assert told["message"] == "[secret]: a state"
    assert told["facts"] == {"message": 1}
    assert told["failures"][0]["message"] == "the [secret] of a host"
    assert told["failures"][0]["task"] == "[secret]"


@pytest.mark.parametrize(
    ("facts", "place"),
    [
        ({"url": "https://u:hunter22@db"}, "`url`"),
        ({"hosts": {"db-1": {"groups": ["db", "hunter22"]}}}, "`hosts.db-1.groups.1`"),
    ],
)
def test_a_fact_that_holds_a_secret_is_named_and_never_rewritten(
    facts: dict[str, object], place: str
) -> None:
    with pytest.raises(StepError, match=f"the fact {place} holds a secret") as refused:
        outcome_message(Outcome(state=State.DONE, facts=facts), ("hunter22",))
    assert "hunter22" not in str(refused.value)


def test_the_token_of_temporary_credentials_is_a_secret_too(tmp_path: Path) -> None:
    borrowed = dataclasses.replace(world(), token=Secret("token-of-an-assumed-role"))
    assert "token-of-an-assumed-role" in secrets_of(context(tmp_path, world=borrowed))
