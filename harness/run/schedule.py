"""Which step comes next, where several processes take steps. Pure.

What comes next decides how long a run takes and nothing else: no number depends on it. Two column steps that fill one
column run one after the other, in the plan's order, because the later takes over the values of the earlier.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Mapping, Sequence

from harness.run.steps import ColumnStep, EvaluateStep, Step, TrainStep

SECONDS: Mapping[str, float] = {"model": 100, "fit": 8, "audit": 4, "column": 2, "train": 8, "evaluate": 1}
"""How long a step of each kind takes in the core suite, roughly: what much hangs on goes first."""

Queue = list[tuple[float, int]]
"""(negative seconds of the longest way from the beginning of a step to the end of the run, its place in the plan)."""


class Schedule:
    """The steps that are still to run."""

    def __init__(self, steps: Sequence[Step], workers: int) -> None:
        """Of steps in an order that respects `needs`; those that they need and that are not here are done already."""
        self.steps, self._workers = steps, workers
        place = {step.digest: i for i, step in enumerate(steps)}
        self._waits = [{place[n] for n in step.needs if n in place} for step in steps]
        self._users = _inverse(self._waits)
        after = list(_after(steps))
        self._followers = _inverse(after)
        self._held_up = [len(waits) + len(before) for waits, before in zip(self._waits, after, strict=True)]
        self._rank = self._ranks()
        self._over = [False] * len(steps)
        """Running, ended, or never to run."""
        self._left = len(steps)
        self._trains = sum(isinstance(step.work, TrainStep) for step in steps)
        self._running: set[int] = set()
        self._queues: dict[str, Queue] = {"": []}
        self._of: dict[str, deque[int]] = {}
        self._busy: set[str] = set()
        for i in range(len(steps)):
            self._ready(i)

    @property
    def finished(self) -> bool:
        """Whether nothing is left to begin and nothing runs."""
        return not self._left and not self._running

    def take(self, held: str = "") -> int | None:
        """The place of the step that an idle worker is to begin; None where none may begin now.

        Args:
            held: digest of the policy that this worker has loaded.
        """
        found = None if "model" in self._kinds_running() else self._best(held)
        if found is not None and self.steps[found].kind == "model" and self._running:
            return None
        if found is not None:
            self._begin(found)
        return found

    def done(self, place: int) -> None:
        """A step has ended, and what needs it may begin."""
        self._end(place)
        for other in self._users[place]:
            self._release(other)

    def lost(self, place: int) -> list[int]:
        """A step has ended without being done: the places of all that can never begin now, in order."""
        self._end(place)
        found: set[int] = set()
        waiting = [place]
        while waiting:
            for other in self._users[waiting.pop()]:
                if not self._over[other]:
                    self._leave(other)
                    found.add(other)
                    waiting.append(other)
        for other in found:
            for follower in self._followers[other]:
                self._release(follower)
        return sorted(found)

    def _ranks(self) -> list[float]:
        ranks = [0.0] * len(self.steps)
        for i in reversed(range(len(self.steps))):
            hanging = [*self._users[i], *self._followers[i]]
            ranks[i] = SECONDS[self.steps[i].kind] + max((ranks[other] for other in hanging), default=0.0)
        return ranks

    def _kinds_running(self) -> set[str]:
        return {self.steps[i].kind for i in self._running}

    def _ready(self, place: int) -> None:
        if self._held_up[place] or self._over[place]:
            return
        step = self.steps[place]
        heapq.heappush(self._queues.setdefault(_gate(step), []), (-self._rank[place], place))
        if isinstance(step.work, EvaluateStep):
            self._of.setdefault(step.work.subject.digest, deque()).append(place)

    def _release(self, place: int) -> None:
        self._held_up[place] -= 1
        self._ready(place)

    def _best(self, held: str) -> int | None:
        first = [queue[0] for gate, queue in self._queues.items() if gate not in self._busy and self._trim(queue)]
        best = min(first)[1] if first else None
        last_trains = 0 < self._trains <= self._workers  # begun late, they would be waited for
        if best is not None and last_trains and isinstance(self.steps[best].work, TrainStep):
            return best
        own = self._own(held)
        return best if own is None else own

    def _own(self, held: str) -> int | None:
        """An evaluation of what a worker has loaded."""
        mine = self._of.get(held, deque())
        for _ in range(len(mine)):
            place = mine.popleft()
            if self._over[place]:
                continue
            if _gate(self.steps[place]) not in self._busy:
                return place
            mine.append(place)
        return None

    def _trim(self, queue: Queue) -> Queue:
        while queue and self._over[queue[0][1]]:
            heapq.heappop(queue)
        return queue

    def _begin(self, place: int) -> None:
        self._leave(place)
        self._running.add(place)
        if gate := _gate(self.steps[place]):
            self._busy.add(gate)

    def _leave(self, place: int) -> None:
        self._over[place] = True
        self._left -= 1
        self._trains -= isinstance(self.steps[place].work, TrainStep)

    def _end(self, place: int) -> None:
        self._running.discard(place)
        self._busy.discard(_gate(self.steps[place]))
        for follower in self._followers[place]:
            self._release(follower)


def _gate(step: Step) -> str:
    """What only one step at a time may pass; empty for most."""
    work = step.work
    return work.evaluator.name if isinstance(work, EvaluateStep) and work.evaluator.one_at_a_time() else ""


def _after(steps: Sequence[Step]) -> Iterable[set[int]]:
    """Per step, the places of those that it follows without needing them."""
    last: dict[str, int] = {}
    for i, step in enumerate(steps):
        if isinstance(step.work, ColumnStep):
            column = step.work.column.digest
            yield {last[column]} if column in last else set()
            last[column] = i
        else:
            yield set()


def _inverse(waits: Sequence[set[int]]) -> list[list[int]]:
    users: list[list[int]] = [[] for _ in waits]
    for i, before in enumerate(waits):
        for other in before:
            users[other].append(i)
    return users
