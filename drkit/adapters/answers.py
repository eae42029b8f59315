"""Answers to gates from elsewhere: signed with a person's own ssh key, kept outside.

What is signed is the whole statement: run, step, digest of the plan, person, yes or no, comment,
time. So an answer can reach no other gate, no other run and no other plan than its own, and a
person answers once, and once more if the plan was changed. One that breaks a sealed code is kept
under the code's name, so that each code works once. Signing
and verifying is ssh-keygen's (``-Y``, the format SSHSIG): it knows agents and hardware keys, and
drkit never sees a private key.
"""

from __future__ import annotations

import hashlib
import json
import logging
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

from drkit import processes
from drkit.adapters.codec import canonical, from_json, to_json
from drkit.adapters.outside_store import OutsideStore
from drkit.errors import AnswerRefused, ConfigurationError, UsageError

NAMESPACE = "drkit-gate"
"""Of the signature (SSHSIG): one that was made for something else is none."""
BROKEN = "break-glass/"
"""Where codes are used up, for all sites and runs of the shop."""
_LOG = logging.getLogger(__name__)
_LIMIT = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a person says to one gate of one run."""

    run: str
    step: str
    plan: str
    """Digest of the plan that the run follows: :func:`plan_digest`."""
    person: str
    consent: bool
    comment: str
    at: datetime
    code: str = ""
    """Name of the sealed code that is broken for it; empty: none."""
    owner: str = ""
    """Public key of the place whose journal they answered by; empty: it did not sign."""

    def statement(self) -> str:
        """What is signed: canonical JSON, without an owner as it was before owners signed."""
        said = cast("Mapping[str, object]", to_json(self))
        return canonical({key: said[key] for key in said if key != "owner" or self.owner})


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedAnswer:
    answer: Answer
    signature: str
    """As ssh-keygen writes it (``-----BEGIN SSH SIGNATURE-----``)."""
    proof: str = ""
    """That they have the code: see :mod:`drkit.adapters.break_glass`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """An answer as it was found."""

    signed: SignedAnswer
    age: timedelta
    """Since it was left, by the clock of the store: no laptop's clock makes it earlier."""


def plan_digest(plan: Mapping[str, object]) -> str:
    """sha256 of a plan as parsed: two files that say the same are one plan."""
    return hashlib.sha256(canonical(plan).encode()).hexdigest()


def sign(answer: Answer, key: Path, *, proof: str = "") -> SignedAnswer:
    """Sign with the private key at ``key``, or by the agent that holds the one of a public key;
    ``proof`` is laid beside.

    Raises UsageError with what ssh-keygen said.
    """
    if not key.is_file():
        raise UsageError(
            f"there is no key at {key}", remedy="name yours with --key: your ed25519 ssh key"
        )
    command = ["ssh-keygen", "-q", "-Y", "sign", "-n", NAMESPACE, "-f", str(key)]
    done = processes.run(command, limit=_LIMIT, given=answer.statement())
    if done.code or "BEGIN SSH SIGNATURE" not in done.out:
        said = done.err.strip().splitlines()
        raise UsageError(
            f"{key} did not sign: {said[-1] if said else f'ssh-keygen ended with {done.code}'}",
            remedy="name your ed25519 key with --key; one with a passphrase must be in the agent"
            " (`ssh-add`), and is then named by its .pub",
        )
    return SignedAnswer(answer=answer, signature=done.out, proof=proof)


def is_signed_by(signed: SignedAnswer, key: str) -> bool:
    """Whether the holder of the public ``key`` (``ssh-ed25519 AAAA…``) said exactly this."""
    with tempfile.TemporaryDirectory(prefix="drkit-") as name:
        allowed, signature = Path(name) / "allowed", Path(name) / "signature"
        allowed.write_text(f'person namespaces="{NAMESPACE}" {key.strip()}\n')
        signature.write_text(signed.signature)
        command = ["ssh-keygen", "-Y", "verify", "-n", NAMESPACE, "-I", "person"]
        command += ["-f", str(allowed), "-s", str(signature)]
        statement = signed.answer.statement()
        return processes.run(command, limit=_LIMIT, given=statement).code == 0


def put_answer(store: OutsideStore, region: str, signed: SignedAnswer) -> None:
    """Leave an answer where the run looks for it. Raises AnswerRefused if this person has answered,
    or this code was broken before.
    """
    answer = signed.answer
    # the plan is in the name, so that whoever has answered can answer again once it was changed
    name = answer.code or f"{answer.person}.{answer.plan[:12]}"
    key = f"{BROKEN if answer.code else _place(region, answer.run, answer.step)}{name}.json"
    body = json.dumps(to_json(signed), indent=1).encode()
    if store.put(key, body) is not None:
        return
    found = store.read(key)
    if found is not None and found.body == body:
        return  # the first try of this very put arrived, and its reply did not
    if answer.code:
        raise AnswerRefused(
            f"the code {answer.code} was used before: {key} in the bucket outside says where",
            remedy="each code works once: take another envelope",
        )
    before = _read(found.body) if found else None
    word = f": {'yes' if before.answer.consent else 'no'}" if before else ""
    raise AnswerRefused(
        f"{answer.person} has answered {answer.step} of {answer.run} already{word}",
        remedy="an answer is given once; somebody else can still say no",
    )


def answers(
    store: OutsideStore, region: str, run: str, step: str, *, all_of_them: bool = False
) -> Iterator[Left]:
    """Every answer that was left for a gate, believed or not. What is none is passed over, or, if
    it must be ``all_of_them``, raises ConfigurationError: it may have been a no.
    """
    yield from _left(store, _place(region, run, step), passes_over=not all_of_them)
    for left in _left(store, BROKEN):
        if (left.signed.answer.run, left.signed.answer.step) == (run, step):
            yield left


def answers_of_run(store: OutsideStore, region: str, run: str) -> Iterator[SignedAnswer]:
    """Every answer that was left for any gate of a run, believed or not."""
    place = f"answers/{region}/{run}/"
    for step in store.names(place):
        yield from (left.signed for left in _left(store, f"{place}{step}"))
    for left in _left(store, BROKEN):
        if left.signed.answer.run == run:
            yield left.signed


def broken_codes(store: OutsideStore) -> frozenset[str]:
    """Names of the codes that were used up, in whatever run or reap. Raises ConfigurationError."""
    return frozenset(name.removesuffix(".json") for name in store.names(BROKEN))


def _left(store: OutsideStore, place: str, *, passes_over: bool = True) -> Iterator[Left]:
    for name in store.names(place):
        stored = store.read(f"{place}{name}")
        if stored is None:
            continue
        if signed := _read(stored.body):
            yield Left(signed=signed, age=stored.age)
        elif passes_over:
            _LOG.warning("%s%s is no answer", place, name)
        else:
            raise ConfigurationError(
                f"{place}{name} in the bucket outside is no answer",
                remedy="see by its earlier versions what was said there and who changed it, then"
                " remove it: whoever it was from answers again",
            )


def _read(body: bytes) -> SignedAnswer | None:
    """None for what nobody has said, whatever it is."""
    try:
        return from_json(json.loads(body), SignedAnswer)
    except Exception:  # noqa: BLE001 - cattrs raises what the value makes of it
        return None


def _place(region: str, run: str, step: str) -> str:
    return f"answers/{region}/{run}/{step}/"
