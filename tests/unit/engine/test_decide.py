"""The decision alone, over graphs, states and bounds of any kind."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from drkit.engine.decide import Decision, Frontier, Pass, decide
from drkit.model.outcome import State
from drkit.model.step import GateWork, Step
from drkit.planning.graph import Graph
from tests.fakes.graphs import descendants, graph, step

ENDS = [State.DONE, State.FAILED, State.UNKNOWN, State.REFUSED]
BAD = frozenset(ENDS) - {State.DONE}


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    steps: list[Step] = []
    for index in range(draw(st.integers(1, 12))):
        before = [s.id for s in steps]
        needs = draw(st.lists(st.sampled_from(before), unique=True, max_size=3)) if before else []
        steps.append(step(f"s{index}", needs, gate=draw(st.integers(0, 5)) == 0))
    return graph(*steps)


@st.composite
def moments(draw: st.DrawFn) -> tuple[Pass, dict[str, State], list[str]]:
    """A graph, and a moment that a run of it can be in: no step ran before what it needs."""
    of = draw(graphs())
    states: dict[str, State] = {}
    running: list[str] = []
    for name, found in of.steps.items():
        if all(states.get(need) is State.DONE for need in found.needs):
            match draw(st.integers(0, 3)):
                case 0:
                    states[name] = draw(st.sampled_from(ENDS))
                case 1 if not isinstance(found.work, GateWork):
                    running.append(name)
                case 2:
                    states[name] = State.DONE
                case _:
                    pass
    urgency = draw(st.permutations(range(len(of.steps))))
    priority = {name: (float(urgency[i]), 0.0, i) for i, name in enumerate(of.steps)}
    bound = draw(st.integers(1, 6))
    return Pass(graph=of, priority=priority, max_parallel=bound), states, running


def decided(moment: tuple[Pass, dict[str, State], list[str]]) -> Decision:
    return decide(*moment)


@given(moments())
def test_nothing_starts_that_is_not_ready(moment: tuple[Pass, dict[str, State], list[str]]) -> None:
    _, states, running = moment
    decision = decided(moment)
    for found in (*decision.start, *decision.ask):
        assert found.id not in states
        assert found.id not in running
        assert all(states.get(need) is State.DONE for need in found.needs)


@given(moments())
def test_no_more_starts_than_there_is_room_for(
    moment: tuple[Pass, dict[str, State], list[str]],
) -> None:
    pass_, _, running = moment
    room = max(0, pass_.max_parallel - len(running))
    assert len(decided(moment).start) <= room


@given(moments())
def test_what_starts_is_the_most_urgent_of_what_could(
    moment: tuple[Pass, dict[str, State], list[str]],
) -> None:
    pass_, states, running = moment
    wide = Pass(graph=pass_.graph, priority=pass_.priority, max_parallel=len(running) + 99)
    could = [found.id for found in decide(wide, states, running).start]
    assert could == sorted(could, key=lambda name: pass_.priority[name])
    begun = [found.id for found in decided(moment).start]
    assert begun == could[: len(begun)]
    room = max(0, pass_.max_parallel - len(running))
    assert len(begun) == min(room, len(could)), "and no room is left empty"


@given(moments())
def test_a_gate_is_asked_and_never_started_and_takes_no_room(
    moment: tuple[Pass, dict[str, State], list[str]],
) -> None:
    decision = decided(moment)
    assert not any(isinstance(found.work, GateWork) for found in decision.start)
    assert all(isinstance(found.work, GateWork) for found in decision.ask)


@given(moments())
def test_a_step_that_ended_badly_stops_exactly_its_descendants(
    moment: tuple[Pass, dict[str, State], list[str]],
) -> None:
    """Nothing is ever left in between: each other step ends, whatever the order."""
    pass_, states, running = moment
    below: set[str] = set()
    for name, state in states.items():
        if state in BAD:
            below |= descendants(pass_.graph, name)
    below -= set(states)
    while True:
        decision = decide(pass_, states, running)
        running = [*running, *(found.id for found in (*decision.start, *decision.ask))]
        if not running:
            break
        states[running.pop(0)] = State.DONE
    assert set(pass_.graph.steps) - set(states) == below


@given(moments())
def test_the_frontier_that_is_told_of_each_end_holds_what_has_all_it_needs(
    moment: tuple[Pass, dict[str, State], list[str]],
) -> None:
    pass_, states, running = moment
    told = Frontier(pass_, {})
    for name, state in states.items():
        told.ended(name, state)
    assert decide(pass_, states, running, frontier=told) == decided(moment)
    done = {name for name, state in states.items() if state is State.DONE}
    ready = {name for name, found in pass_.graph.steps.items() if done >= set(found.needs)}
    assert {found.id for found in told.steps} == ready - done
