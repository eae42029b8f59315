"""Which owners of a journal a person vouches for.

Owners' keys are made by machines and signed by nobody, so whoever can write the bucket can write a
journal anew under a key of their own. People's keys stand in the plan, which is not in the bucket:
with an answer to a gate they sign the key of the owner whose journal they answered by. Decides
nothing about the answer itself: that is the gate's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from drkit.adapters.answers import SignedAnswer, is_signed_by
from drkit.adapters.heads import fingerprint
from drkit.errors import JournalDamaged
from drkit.model.plan import Person

Vouched = Mapping[str, tuple[str, ...]]
"""Key of an owner → names of those who vouch for it."""


def vouched(answers: Iterable[SignedAnswer], people: Mapping[str, Person]) -> Vouched:
    """By ``answers`` to gates of one run; what its person did not sign vouches for nothing."""
    found: dict[str, tuple[str, ...]] = {}
    for signed in answers:
        answer = signed.answer
        person = people.get(answer.person)
        if answer.owner and person and person.key and is_signed_by(signed, person.key):
            names = (*found.get(answer.owner, ()), answer.person)
            found[answer.owner] = tuple(dict.fromkeys(names))
    return found


def strangers(found: Vouched, owners: Collection[str], place: str) -> Iterable[JournalDamaged]:
    """One for each key that somebody vouches for, and that none of the journal's owners has."""
    for key, names in found.items():
        if key not in owners:
            yield JournalDamaged(
                f"{place}: {' and '.join(names)} answered by a journal of {fingerprint(key)}, which"
                " is no owner of this one: it was written anew, or they were shown another",
                remedy="ask them what they saw; the bucket keeps older versions",
            )
