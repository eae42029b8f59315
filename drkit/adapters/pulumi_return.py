"""Brings the state of a stack back from its copy, where the first place has lost or damaged it.

What was made after the copy is in no state, and the next update would make it a second time. So a
state that was brought back carries a mark, and before Pulumi writes it
:mod:`drkit.adapters.made_since` looks in the cloud for all that the program would create. Pulumi's
first write takes the mark away. Killed at any moment, this leaves no good state or a marked one,
and the next try begins here again. Only a copy tells a lost state from a new stack: where there is
none, it is new.
"""

from __future__ import annotations

from collections.abc import Callable

from drkit.adapters.state_copies import MARK, Copy, Original, StateCopies
from drkit.adapters.stored_states import Damaged
from drkit.errors import ConfigurationError, EffectUnknown, StepError
from drkit.ports import Progress

_SECTION = "“A state that is lost or damaged” in docs/reference/stacks.md"


def bring_back(
    copies: StateCopies, tell: Progress | None, free: Callable[[], None], *, way_on: str = ""
) -> str:
    """Bring the state back from its newest good copy if it is lost or damaged.

    In words what was done, also by an earlier try that came no further; empty: nothing had to be.
    ``free`` raises if anybody else may be at work on it. Without ``tell`` nothing is written, and
    what had to be is an error. ``way_on`` says what else to do where there is no good copy. Raises
    StepError, EffectUnknown.
    """
    original = copies.original()
    flaw, words = _read(copies, original)
    copy = copies.newest() if flaw else None
    if copy is not None:
        words = f"its state was {flaw} and is brought back as it was at {copy.moment:%F %T} UTC"
    elif flaw and original is not None:
        raise StepError(
            f"the state of stack {copies.project} is {flaw}, and {copies.place} has no good copy",
            remedy=f"bring back an older version of {original.key} in the state bucket, which "
            f"keeps them: {_SECTION}{way_on}",
        )
    if words and tell is None:
        raise EffectUnknown(
            f"what stack {copies.project} holds is not known yet: {words}",
            remedy="bring it up: that compares its state with the cloud before anything else",
        )
    if words and tell is not None:
        free()
        tell(words)
    if copy is not None:
        _put_back(copies, copy, original, words)
    return words


def kept(copies: StateCopies) -> str:
    """Copy the state as it stands now; why that was not possible, if it was not."""
    try:
        copies.keep()
    except (ConfigurationError, StepError) as error:
        return f"its state could not be copied to {copies.place}: {error}"
    return ""


def _read(copies: StateCopies, original: Original | None) -> tuple[str, str]:
    """What is wrong with the state; else the words of an earlier try that brought it back."""
    if original is None:
        return "lost", ""
    try:
        return "", str(copies.read(original.stored.body).get(MARK, ""))
    except Damaged as error:
        return f"damaged ({error})", ""


def _put_back(copies: StateCopies, copy: Copy, original: Original | None, words: str) -> None:
    if original is not None:
        copies.set_aside(original)
    document = {**copies.read(copy.body), MARK: words}
    copies.write(document, over=original, key=copies.key_of(copy))
