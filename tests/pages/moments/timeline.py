"""Moments of a comparison, from before anything was asked for to after it was deleted, each written into an empty store."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import update

from core.comparison import Comparison
from core.runs.store import Store, asking, ledger
from core.runs.store.schema import runs
from core.settings import ENGINE_VERSION, RunSettings
from tests.pages.moments.tape import Reached, Tape
from tests.runs import helpers

LOST = (math.nan, math.inf, 1e203)
"""What the losses of a run that diverged may be."""


@dataclass(frozen=True)
class Stage:
    """An empty store, a comparison, what is known to come of it, and the variants that a page adds to hold the others against."""

    store: Store
    comparison: Comparison
    tape: Tape
    references: tuple[str, ...] = ()

    @property
    def runs(self) -> list[RunSettings]:
        return self.comparison.runs()

    def of(self, *variants: str) -> list[RunSettings]:
        return list({run.key: run for name, run in self.comparison.members if name in variants}.values())

    def others(self, some: Sequence[RunSettings]) -> list[RunSettings]:
        keys = {run.key for run in some}
        return [run for run in self.runs if run.key not in keys]

    def ask(self, action: str = "run") -> None:
        self.store.request(self.comparison, action)

    def begin(self) -> None:
        """The comparison is asked for, the runner has taken it up and planned its stacks."""
        self.ask()
        self.take()

    def take(self) -> None:
        with self.store.database.writing() as connection:
            ledger.take_request(connection)
            ledger.open_comparison(connection, self.comparison.id, workers=2)

    def measured(self, some: Sequence[RunSettings], share: float = 0.0, at_least: int = 1) -> None:
        """Runs that are on their way, as far as this share of their evaluations."""
        self.tape.play(self.store, {run.key: Reached(max(at_least, int(share * self.tape.length(run)))) for run in some})

    def ended(self, some: Sequence[RunSettings], status: str = "finished", share: float = 1.0) -> None:
        """Runs that have ended after this share of their evaluations; those that diverged, with each kind of loss in turn."""
        places = enumerate(some)
        lost = {place: LOST[place % len(LOST)] for place in range(len(some))}
        self.tape.play(
            self.store, {run.key: Reached(max(1, int(share * self.tape.length(run))), status, lost[place]) for place, run in places}
        )

    def state(self, state: str, message: str = "") -> None:
        with self.store.database.writing() as connection:
            if state in ("cancelled", "failed"):
                ledger.end(connection, self.comparison.id, state, message)
            else:
                ledger.set_state(connection, self.comparison.id, state)


def nothing(stage: Stage) -> None:
    """An empty store."""


def asked(stage: Stage) -> None:
    stage.ask()


def taken_up(stage: Stage) -> None:
    stage.begin()


def first_row(stage: Stage) -> None:
    stage.begin()
    stage.measured(stage.runs[:1])


def first_row_of_the_last(stage: Stage) -> None:
    stage.begin()
    stage.measured(stage.runs[-1:])


def first_evaluation(stage: Stage) -> None:
    stage.begin()
    stage.measured(stage.runs)


def second_evaluation(stage: Stage) -> None:
    stage.begin()
    stage.measured(stage.runs, at_least=2)


def uneven(stage: Stage) -> None:
    stage.begin()
    for place, run in enumerate(stage.runs):
        stage.measured([run], at_least=1 + place % 3)


def half(stage: Stage) -> None:
    stage.begin()
    stage.measured(stage.runs, 0.5)


def first_variant_alone(stage: Stage) -> None:
    stage.begin()
    stage.ended(stage.of(stage.comparison.names[0]))


def last_variant_alone(stage: Stage) -> None:
    stage.begin()
    stage.ended(stage.of(stage.comparison.names[-1]))


def references_alone(stage: Stage) -> None:
    """What a page adds to the comparison, such as teachers; where it adds nothing, all variants but the first."""
    stage.begin()
    stage.ended(stage.of(*(stage.references or stage.comparison.names[1:])))


def one_seed_alone(stage: Stage) -> None:
    stage.begin()
    stage.ended([run for run in stage.runs if run.seed == stage.comparison.seed_list[0]])


def paused(stage: Stage) -> None:
    half(stage)
    stage.state("paused")


def paused_before_anything(stage: Stage) -> None:
    stage.begin()
    stage.state("paused")


def stepping(stage: Stage) -> None:
    paused(stage)
    stage.ask("step")


def being_cancelled(stage: Stage) -> None:
    half(stage)
    stage.ask("cancel")


def cancelled(stage: Stage) -> None:
    half(stage)
    stage.state("cancelled")


def cancelled_before_anything(stage: Stage) -> None:
    stage.begin()
    stage.state("cancelled")


def failed(stage: Stage) -> None:
    half(stage)
    stage.state("failed", "the data cannot be had\nsecond line")


def failed_before_anything(stage: Stage) -> None:
    stage.begin()
    stage.state("failed")


def all_diverged(stage: Stage) -> None:
    stage.begin()
    stage.ended(stage.runs, "diverged", 0.5)
    stage.state("finished")


def all_diverged_before_an_update(stage: Stage) -> None:
    """Not even the first evaluation is finite."""
    stage.begin()
    stage.ended(stage.runs, "diverged", 0.0)
    stage.state("finished")


def all_but_one_diverged(stage: Stage) -> None:
    stage.begin()
    stage.ended(stage.runs[1:], "diverged", 0.5)
    stage.ended(stage.runs[:1])
    stage.state("finished")


def one_variant_diverged(stage: Stage) -> None:
    lost = stage.of(stage.comparison.names[0])
    stage.begin()
    stage.ended(lost, "diverged", 0.0)
    stage.ended(stage.others(lost))
    stage.state("finished")


def some_diverged_others_on_their_way(stage: Stage) -> None:
    stage.begin()
    stage.ended(stage.runs[::2], "diverged", 0.5)
    stage.measured(stage.runs[1::2], 0.5)


def stopped_early(stage: Stage) -> None:
    stage.begin()
    for place, run in enumerate(stage.runs):
        stage.ended([run], "stopped", (0.4, 0.6, 0.8)[place % 3])
    stage.state("finished")


def everything_at_once(stage: Stage) -> None:
    """Of four runs one has finished, one stopped, one diverged, and the fourth has not begun."""
    stage.begin()
    for place, status in enumerate(("finished", "stopped", "diverged")):
        stage.ended(stage.runs[place::4], status, 1.0 if status == "finished" else 0.5)


def finished(stage: Stage) -> None:
    stage.begin()
    stage.ended(stage.runs)
    stage.state("finished")


def outdated(stage: Stage) -> None:
    finished(stage)
    with stage.store.database.writing() as connection:
        connection.execute(update(runs).values(engine_version=ENGINE_VERSION - 1))


def left_by_another(stage: Stage) -> None:
    """Never asked for, but half of its runs are stored, and one is on its way, through another comparison."""
    members = stage.comparison.members[::2]
    with stage.store.database.writing() as connection:
        asking.register_members(connection, {"id": "another", "name": "another", "spec": stage.comparison.to_json()}, members)
    stage.ended([run for _, run in members[1:]])
    stage.measured([members[0][1]], 0.5)


def another_alone(stage: Stage) -> None:
    """The store holds another comparison, and nothing of this one."""
    other = helpers.comparison()
    bench = helpers.Bench(stage.store)
    stage.store.request(other, "run")
    bench.finish(other.id)


def deleted(stage: Stage) -> None:
    finished(stage)
    stage.store.delete(stage.comparison.id)


Moment = Callable[[Stage], None]

MOMENTS: dict[str, Moment] = {
    moment.__name__.replace("_", " "): moment
    for moment in (
        nothing,
        asked,
        taken_up,
        first_row,
        first_row_of_the_last,
        first_evaluation,
        second_evaluation,
        uneven,
        half,
        first_variant_alone,
        last_variant_alone,
        references_alone,
        one_seed_alone,
        paused,
        paused_before_anything,
        stepping,
        being_cancelled,
        cancelled,
        cancelled_before_anything,
        failed,
        failed_before_anything,
        all_diverged,
        all_diverged_before_an_update,
        all_but_one_diverged,
        one_variant_diverged,
        some_diverged_others_on_their_way,
        stopped_early,
        everything_at_once,
        finished,
        outdated,
        left_by_another,
        another_alone,
        deleted,
    )
}

OF_STATE = {
    moment.__name__.replace("_", " ")
    for moment in (
        asked,
        taken_up,
        paused,
        paused_before_anything,
        stepping,
        being_cancelled,
        cancelled,
        cancelled_before_anything,
        failed,
        failed_before_anything,
        another_alone,
        deleted,
    )
}
"""Moments whose results are those of another one: nothing, or half of all. What differs is said by what all pages share."""
