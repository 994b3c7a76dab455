"""Which segment is computed next: comparisons in turn, and within one the stack that is furthest behind. Plain values, no store.

A `Job` is a comparison on its way, a `PlannedStack` runs that train together. Several jobs may wait for the same stack, which is then
trained once, and goes on as long as one of them is not paused.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from core.engine.segments import Segment, SegmentResult
from core.settings import RunSettings


@dataclass(eq=False)
class PlannedStack:
    """A stack between two segments, or in the middle of one."""

    id: int
    runs: tuple[RunSettings, ...]
    unfinished: set[str]
    state: bytes | None
    epoch: int
    busy: bool = False
    suspect: bool = False  # its worker died, perhaps because others used up the memory, and it has not advanced since
    crashes: int = 0  # workers that died over it alone, since it last advanced


@dataclass(eq=False)
class Job:
    """A comparison that lacks the runs `wanted`."""

    comparison: str
    wanted: set[str]
    stacks: list[PlannedStack]
    paused: bool = False
    stepping: bool = False
    owed: set[int] = field(default_factory=set)  # stepping: the stacks that are still to do their epoch
    served: int = 0  # the turn in which it last got a segment

    def next_stack(self) -> PlannedStack | None:
        """The stack that is furthest behind of those that may go on now; suspects first."""
        ready = [stack for stack in self.stacks if self._may_go_on(stack)]
        return min(ready, key=lambda stack: (not stack.suspect, stack.epoch, stack.id), default=None)

    def _may_go_on(self, stack: PlannedStack) -> bool:
        return not stack.busy and self.needs(stack) and (not self.paused or stack.id in self.owed)

    def needs(self, stack: PlannedStack) -> bool:
        """Whether it lacks a run of this stack."""
        return not self.wanted.isdisjoint(stack.unfinished)

    def go_on(self, *, paused: bool = False) -> None:
        """Lets it go on, or pauses it."""
        self.paused, self.stepping, self.owed = paused, False, set()

    def step(self) -> None:
        """Pauses it after one more epoch of every stack."""
        self.paused, self.stepping, self.owed = True, True, {stack.id for stack in self.stacks if self.needs(stack)}


class Agenda:
    """The jobs on their way, and whose turn it is."""

    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}
        self._turn = 0

    def open(self, job: Job) -> None:
        """Adds a job, in the place of an older one of the same comparison. It is served before those that were served already."""
        self.jobs[job.comparison] = job

    def close(self, comparison: str) -> None:
        """Drops a job, and with it the stacks that no other waits for."""
        self.jobs.pop(comparison, None)

    def stack(self, stack_id: int) -> PlannedStack | None:
        """The stack of that id, if a job waits for it."""
        return next((stack for job in self.jobs.values() for stack in job.stacks if stack.id == stack_id), None)

    def has(self, stack: PlannedStack) -> bool:
        """Whether a job waits for this very stack: what a stack that was dropped still brings is of no use."""
        return self.stack(stack.id) is stack

    def next(self) -> tuple[PlannedStack, Segment] | None:
        """The next segment, of the comparison that has waited longest; None when there is none now. Its stack is busy from then on."""
        for job in sorted(self.jobs.values(), key=lambda job: job.served):
            if (stack := job.next_stack()) is not None:
                self._turn += 1
                job.served = self._turn
                stack.busy = True
                # The first epoch comes alone, so that the first points are there at once.
                epochs = 1 if stack.state is None or job.paused else None
                return stack, Segment(stack.runs, stack.state, epochs)
        return None

    def suspects(self) -> bool:
        """Whether there is a suspect that may go on now."""
        ready = (job.next_stack() for job in self.jobs.values())
        return any(stack is not None and stack.suspect for stack in ready)

    def advanced(self, stack: PlannedStack, result: SegmentResult) -> None:
        """Takes note of what a segment brought."""
        ended = {row["run"] for row in result.records.ended}
        stack.busy, stack.suspect, stack.crashes = False, False, 0
        stack.state, stack.epoch = result.state, result.epoch
        stack.unfinished = set() if result.state is None else stack.unfinished - ended
        for job in self.jobs.values():
            job.wanted -= ended
            job.owed.discard(stack.id)

    def close_finished(self) -> None:
        """Drops the jobs that lack nothing any more."""
        self.jobs = {name: job for name, job in self.jobs.items() if any(job.needs(stack) for stack in job.stacks)}

    def close_steps(self) -> list[str]:
        """The comparisons whose step is done, each once."""
        done = [job for job in self.jobs.values() if job.stepping and not job.owed]
        for job in done:
            job.stepping = False
        return [job.comparison for job in done]
