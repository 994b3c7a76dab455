"""Decides which segment is computed next: comparisons take turns, and within one the stack that is furthest behind goes first.

It works with plain values and no store. A `Job` is a comparison being trained, a `PlannedStack` holds runs that train together. Several
jobs may wait for the same stack, which is trained once, as long as one of these jobs is not paused.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from core.engine.segments import Segment, SegmentResult
from core.settings import RunSettings


@dataclass(eq=False)
class PlannedStack:
    """A stack between two segments, or during one."""

    id: int
    runs: tuple[RunSettings, ...]
    unfinished: set[str]
    state: bytes | None
    epoch: int
    busy: bool = False
    suspect: bool = False  # its worker died, perhaps because others used up the memory, and it has not advanced since
    crashes: int = 0  # number of workers that died while computing only this stack, since it last advanced


@dataclass(eq=False)
class Job:
    """A comparison that lacks the runs `wanted`."""

    comparison: str
    wanted: set[str]
    stacks: list[PlannedStack]
    paused: bool = False
    stepping: bool = False
    owed: set[int] = field(default_factory=set)  # while stepping: the stacks that still have to do their epoch
    served: int = 0  # the turn in which it last got a segment

    def next_stack(self) -> PlannedStack | None:
        """Among the stacks that may continue now, the one that is furthest behind; suspects come first."""
        ready = [stack for stack in self.stacks if self._may_go_on(stack)]
        return min(ready, key=lambda stack: (not stack.suspect, stack.epoch, stack.id), default=None)

    def _may_go_on(self, stack: PlannedStack) -> bool:
        return not stack.busy and self.needs(stack) and (not self.paused or stack.id in self.owed)

    def needs(self, stack: PlannedStack) -> bool:
        """Whether the job lacks a run of this stack."""
        return not self.wanted.isdisjoint(stack.unfinished)

    def go_on(self, *, paused: bool = False) -> None:
        """Lets the job continue, or pauses it."""
        self.paused, self.stepping, self.owed = paused, False, set()

    def step(self) -> None:
        """Pauses the job after one more epoch of every stack."""
        self.paused, self.stepping, self.owed = True, True, {stack.id for stack in self.stacks if self.needs(stack)}


class Agenda:
    """The jobs being trained, and whose turn it is."""

    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}
        self._turn = 0

    def open(self, job: Job) -> None:
        """Adds a job, and replaces an older one of the same comparison. It is served before jobs that have been served already."""
        self.jobs[job.comparison] = job

    def close(self, comparison: str) -> None:
        """Drops a job, and with it the stacks for which no other job waits."""
        self.jobs.pop(comparison, None)

    def stack(self, stack_id: int) -> PlannedStack | None:
        """The stack with that id, if a job waits for it."""
        return next((stack for job in self.jobs.values() for stack in job.stacks if stack.id == stack_id), None)

    def has(self, stack: PlannedStack) -> bool:
        """Whether a job waits for this very stack; results of a dropped stack are not used."""
        return self.stack(stack.id) is stack

    def next(self) -> tuple[PlannedStack, Segment] | None:
        """The next segment, from the comparison that has waited longest; None if there is none now. Marks its stack as busy."""
        for job in sorted(self.jobs.values(), key=lambda job: job.served):
            if (stack := job.next_stack()) is not None:
                self._turn += 1
                job.served = self._turn
                stack.busy = True
                # The first segment is one epoch, so that the first points appear at once.
                epochs = 1 if stack.state is None or job.paused else None
                return stack, Segment(stack.runs, stack.state, epochs)
        return None

    def suspects(self) -> bool:
        """Whether there is a suspect that may continue now."""
        ready = (job.next_stack() for job in self.jobs.values())
        return any(stack is not None and stack.suspect for stack in ready)

    def advanced(self, stack: PlannedStack, result: SegmentResult) -> None:
        """Updates the stack and the jobs with the result of a segment."""
        ended = {row["run"] for row in result.records.ended}
        stack.busy, stack.suspect, stack.crashes = False, False, 0
        stack.state, stack.epoch = result.state, result.epoch
        stack.unfinished = set() if result.state is None else stack.unfinished - ended
        for job in self.jobs.values():
            job.wanted -= ended
            job.owed.discard(stack.id)

    def close_finished(self) -> None:
        """Drops the jobs that no longer lack a run."""
        self.jobs = {name: job for name, job in self.jobs.items() if any(job.needs(stack) for stack in job.stacks)}

    def close_steps(self) -> list[str]:
        """The comparisons whose step is done, each once."""
        done = [job for job in self.jobs.values() if job.stepping and not job.owed]
        for job in done:
            job.stepping = False
        return [job.comparison for job in done]
