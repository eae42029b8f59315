"""Random runs that die and fail at random come to the end of the undisturbed one."""

from __future__ import annotations

import functools

import pytest

from tests.chaos.random_runs import Story, live_through


@functools.cache
def story_of(seed: int) -> Story:
    return live_through(seed)


@pytest.mark.parametrize("seed", range(10))
def test_a_run_that_dies_and_fails_at_random_comes_to_the_same_end(seed: int) -> None:
    story = story_of(seed)
    assert story.same, story
    assert story.twice == (), story


def test_the_stories_hold_what_they_are_for() -> None:
    """The control: runs that nothing happens to prove nothing."""
    stories = [story_of(seed) for seed in range(10)]
    assert sum(story.deaths for story in stories) > 20
    assert sum(story.stops for story in stories) > 0
    assert sum(story.faults for story in stories) > 20


def test_a_journal_that_forgets_is_seen_by_effects_that_are_made_twice() -> None:
    """The guard taken away: a start that is not durable before its step begins."""
    assert any(live_through(seed, forgets=True).twice for seed in range(10))
