"""A generation that is given up, written down where nobody can miss it.

In this order: outside, before a new run of its site has recorded anything; in the journal of the
run that had built it, which ends that run; in the journal of the run that builds the next. Whoever
dies in between has lost nothing: the next run finds what is outside, and writes the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from drkit.compose import Opened, Parts
from drkit.engine.progress import is_left, is_left_in
from drkit.errors import JournalDamaged
from drkit.holding import PATIENCE
from drkit.model.record import GenerationLeft, Record
from drkit.operating import operator

if TYPE_CHECKING:
    from drkit.adapters.held import Held
    from drkit.adapters.runs_folder import RunsFolder


def leave_behind(opened: Opened, parts: Parts, held: Held) -> None:
    """Write down what is left behind for the run in ``parts``, if anything is, everywhere but in
    its own journal. Raises ConfigurationError where the outside location does not take it.
    """
    from drkit.adapters.left_generations import leave_generation
    from drkit.adapters.runs_folder import RunsFolder

    if opened.behind is None:
        return
    leave_generation(held.store, opened.behind)
    for record in generation_left(opened, parts):
        if record.built_by:
            _end(RunsFolder(opened.wish.plan.root), record, held)


def generation_left(
    opened: Opened, parts: Parts, known: tuple[Record, ...] = ()
) -> Iterator[GenerationLeft]:
    """The record of what is left behind, if anything is and ``known`` does not have it."""
    behind = opened.behind
    if behind is not None and not is_left_in(known, behind.target.name):
        yield GenerationLeft(
            generation=behind.target.name,
            next=parts.target.name,
            built_by=behind.run,
            run=parts.run,
            reason=behind.reason,
            operator=operator(),
            key=parts.key,
        )


def _end(runs: RunsFolder, record: GenerationLeft, held: Held) -> None:
    """End the run that had built the generation, once. A journal that cannot be read stays as it
    is: nobody can carry on by it.
    """
    from drkit.adapters.journal_copies import bring
    from drkit.adapters.journal_outside import journal_of

    run, path = record.built_by, runs.journal(record.built_by)
    try:
        known = bring(held.store, runs, held.region, run)
        if not path.exists() or is_left(runs.records(run)):
            return
    except JournalDamaged:
        return
    with journal_of(runs, run, held, known=known) as journal:
        journal.append(record)
        held.wait_sent(PATIENCE)
