from __future__ import annotations

from core.engine.records import Records
from core.engine.segments import SegmentResult
from core.runs.computing.work import Agenda, Job, PlannedStack
from tests.runs.helpers import ended_row, settings

RUNS = [settings(seed=seed) for seed in range(6)]


def stack(number: int, *runs, epoch: int = 0, state: bytes | None = b"state") -> PlannedStack:
    return PlannedStack(number, tuple(runs), {run.key for run in runs}, state, epoch)


def job(name: str, *stacks: PlannedStack, **values) -> Job:
    return Job(name, set().union(*(each.unfinished for each in stacks)), list(stacks), **values)


def agenda(*jobs: Job) -> Agenda:
    made = Agenda()
    for each in jobs:
        made.open(each)
    return made


def advance(*ended, epoch: int = 1, state: bytes | None = b"later") -> SegmentResult:
    return SegmentResult(state, Records(ended=[ended_row(run) for run in ended]), epoch, 0.1)


def order(plan: Agenda, times: int) -> list[int]:
    """Stacks in the order in which they are chosen, each segment being done before the next is chosen."""
    chosen = []
    for _ in range(times):
        each, _ = plan.next()
        chosen.append(each.id)
        plan.advanced(each, advance(epoch=each.epoch + 1))
    return chosen


def test_comparisons_take_turns_however_many_stacks_they_have():
    large = job("large", *(stack(number, RUNS[number]) for number in (1, 2, 3)))
    small = job("small", stack(4, RUNS[4]))
    assert order(agenda(large, small), 8) == [1, 4, 2, 4, 3, 4, 1, 4]


def test_a_comparison_that_comes_later_does_not_wait_for_the_earlier_to_end():
    plan = agenda(job("first", stack(1, RUNS[1])))
    assert order(plan, 3) == [1, 1, 1]
    plan.open(job("second", stack(2, RUNS[2])))
    assert order(plan, 4) == [2, 1, 2, 1]


def test_within_a_comparison_the_stack_that_is_behind_comes_first():
    plan = agenda(job("one", stack(1, RUNS[1], epoch=5), stack(2, RUNS[2], epoch=3)))
    assert order(plan, 5) == [2, 2, 1, 2, 1]


def test_a_busy_stack_is_not_given_out_twice():
    plan = agenda(job("one", stack(1, RUNS[1])))
    assert plan.next() is not None
    assert plan.next() is None


def test_a_stack_that_two_comparisons_wait_for_is_trained_once():
    shared = stack(1, RUNS[1])
    plan = agenda(job("one", shared), job("two", shared))
    assert plan.next() is not None
    assert plan.next() is None
    plan.advanced(shared, advance(RUNS[1], state=None))
    plan.close_finished()
    assert plan.jobs == {}


def test_the_first_epoch_of_a_stack_comes_alone():
    plan = agenda(job("one", stack(1, RUNS[1], state=None)))
    each, segment = plan.next()
    assert (segment.state, segment.epochs) == (None, 1)
    plan.advanced(each, advance())
    assert plan.next()[1].epochs is None


def test_a_paused_comparison_gets_nothing_and_goes_on_when_told_to():
    waiting = job("one", stack(1, RUNS[1]), paused=True)
    plan = agenda(waiting)
    assert plan.next() is None
    waiting.go_on()
    assert plan.next() is not None


def test_a_paused_comparison_does_not_hold_up_another_that_waits_for_the_same_stack():
    shared = stack(1, RUNS[1])
    plan = agenda(job("paused", shared, paused=True), job("running", shared))
    assert order(plan, 3) == [1, 1, 1]


def test_a_step_is_one_epoch_of_every_stack():
    one = job("one", stack(1, RUNS[1]), stack(2, RUNS[2]))
    plan = agenda(one)
    one.step()
    first, segment = plan.next()
    assert segment.epochs == 1
    plan.advanced(first, advance())
    assert plan.close_steps() == []
    second, _ = plan.next()
    assert {first.id, second.id} == {1, 2}
    plan.advanced(second, advance())
    assert plan.close_steps() == ["one"]
    assert plan.close_steps() == []
    assert plan.next() is None


def test_a_stack_whose_wanted_runs_have_ended_is_left_to_those_who_want_the_others():
    shared = stack(1, RUNS[1], RUNS[2])
    early = Job("early", {RUNS[1].key}, [shared])
    plan = agenda(early)
    plan.next()
    plan.advanced(shared, advance(RUNS[1]))
    assert plan.next() is None
    plan.open(Job("late", {RUNS[2].key}, [shared]))
    assert plan.next()[0] is shared


def test_what_a_dropped_stack_brings_is_known_to_be_of_no_use():
    old = stack(1, RUNS[1])
    plan = agenda(job("one", old))
    plan.close("one")
    assert not plan.has(old)
    plan.open(job("one", stack(1, RUNS[1])))
    assert not plan.has(old)
