"""The Ray actors of one role: asked for, given blocks of work, heard, and replaced if they die."""

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from models.faults import Fault, ImgEditError, Reason
from resources.devices.journal import Journal
from resources.engine.engine import Names, Place
from resources.engine.local import P
from resources.engine.ray_blocks import MOST_KILLS, Block, Blocks
from resources.engine.ray_cluster import ClusterError, ray, room_for
from resources.engine.ray_worker import Done, Part, Worker
from resources.engine.stage import Output
from resources.locks import patience_s
from resources.profile_engine import Actors

_AT_ONCE = 2
"""Blocks that an actor is at: it prepares one while it computes the other, on the same lanes."""

_AHEAD = 3
"""Blocks that an actor has; it begins the third without asking. They bound what may wait for the
driver: Ray's own bound on a stream's parts halts an actor that has two streams for ever."""

_ASK_AGAIN_S = 1.0
_TELL_AFTER_S = 60.0
"""A worker takes some seconds to start, on a busy machine more."""


@dataclass(slots=True, kw_only=True, eq=False)
class _Actor:
    handle: Any
    starting: Any
    """Resolved once it is up; None from then on."""
    blocks: "deque[tuple[Block[Any], Any]]" = field(default_factory=deque)
    """What it was given, with the streams of results, the oldest first."""

    @property
    def next(self) -> Any:  # noqa: ANN401 - one of Ray's references or streams
        """What it is to say next; None if it has nothing to do."""
        return self.starting or (self.blocks[0][1] if self.blocks else None)

    def may_do(self, block: Block[Any]) -> bool:
        """Whether it is up, and no block at which workers died would be done beside another."""
        others = [other for other, _ in self.blocks]
        if self.starting is not None or not others:
            return self.starting is None
        return not (block.suspect or others[0].suspect)


@dataclass(slots=True, kw_only=True)
class Crew:
    """The actors of one role."""

    role: str
    place: Place
    need: dict[str, float]
    settings: Actors
    journal: Journal
    actors: list[_Actor] = field(default_factory=list)
    _lost: int = 0
    """Actors that died since the last result."""

    def most(self) -> int:
        """How many there may be at once."""
        return self.settings.max or max(1, self.settings.min, room_for(self.need))

    def parts(self, names: Names, blocks: Blocks[P]) -> "Iterator[tuple[Block[P], Part]]":
        """Do all blocks, telling of each part as it comes.

        Raises:
            ImgEditError: A fault of the system, as the worker that met it told it.
        """
        heard_at = time.monotonic()
        while blocks:
            self._staff(len(blocks.waiting))
            self._hand_out(names, blocks)
            asked = {id(actor.next): actor for actor in self.actors if actor.next is not None}
            waited = [actor.next for actor in asked.values()]
            ready, _ = ray().wait(waited, num_returns=1, timeout=_ASK_AGAIN_S, fetch_local=False)
            for one in ready:
                yield from self._hear(asked[id(one)], blocks)
            heard_at = time.monotonic() if ready else heard_at
            if all(actor.starting is not None for actor in self.actors):
                self._be_patient(time.monotonic() - heard_at)

    def _staff(self, waiting: int) -> None:
        """Ask for as many actors as have something to do."""
        wanted = min(self.most(), waiting + sum(bool(a.blocks) for a in self.actors))
        for _ in range(wanted - len(self.actors)):
            made = ray().remote(Worker)
            handle = made.options(
                num_cpus=self.need["CPU"], num_gpus=self.need["GPU"], max_concurrency=_AT_ONCE
            ).remote(self.place)
            self.actors.append(_Actor(handle=handle, starting=handle.ready.remote()))

    def _hand_out(self, names: Names, blocks: Blocks[Any]) -> None:
        """Give each actor that is up a block, then each a second one, and so on."""
        for ahead in range(_AHEAD):
            for actor in self.actors:
                if (
                    len(actor.blocks) == ahead
                    and blocks.waiting
                    and actor.may_do(blocks.waiting[0])
                ):
                    block = blocks.take()
                    run = actor.handle.run.options(num_returns="streaming")
                    actor.blocks.append((block, run.remote(names, block.work)))

    def _hear(self, actor: _Actor, blocks: Blocks[P]) -> "Iterator[tuple[Block[P], Part]]":
        errors = ray().exceptions
        try:
            if actor.starting is not None:
                ray().get(actor.starting)
                actor.starting = None
                return
            block, stream = actor.blocks[0]
            try:
                part: Part = ray().get(next(stream))
            except StopIteration:
                actor.blocks.popleft()
                blocks.close(block)
                return
        except errors.RayTaskError as error:
            msg = f"a worker of {self.role} failed: {_last_line(error)}"
            raise ClusterError(msg) from error
        except errors.RayError as error:
            yield from self._bury(actor, blocks, error)
            return
        self._lost = 0
        if part.error:
            raise ImgEditError(part.error)
        yield block, part

    def _bury(
        self, actor: _Actor, blocks: Blocks[P], error: Exception
    ) -> "Iterator[tuple[Block[P], Part]]":
        """Give what a dead actor had to others, and reject what has killed too many."""
        said = _last_line(error)
        if getattr(error, "actor_init_failed", False):
            msg = (
                f"a worker of {self.role} could not start ({said}): install this version of "
                "imgedit, and what the role needs, on every node"
            )
            raise ClusterError(msg) from error
        self._lost += 1
        self.actors.remove(actor)
        ray().kill(actor.handle)
        self.journal.warn(f"a worker of {self.role} died, and is replaced ({said})")
        # Those that it was at are to blame, the oldest; a node takes all its actors along.
        unfinished = [] if _is_nodes_end(error) else [b for b, _ in actor.blocks if b.left]
        for block, _ in reversed(actor.blocks):
            if block not in unfinished[:_AT_ONCE]:
                blocks.close(block)
        for unit in (unit for b in unfinished[:_AT_ONCE] for unit in blocks.blame(b)):
            self._lost = 0
            detail = f"{MOST_KILLS} workers died while they were at it; the last one: {said}"
            fault = Fault(reason=Reason.KILLED_WORKER, detail=detail)
            done = Done(id=unit.id, output=Output(faults=[fault]), seconds=0.0, cost_usd=0.0)
            yield Block(left={unit.id: unit}), Part(done=[done])
        if self._lost > MOST_KILLS * (1 + len(self.actors)):
            msg = (
                f"{self._lost} workers of {self.role} died and nothing was done in between; the "
                f"last one: {said}. Give each more memory or fewer lanes, then run again"
            )
            raise ClusterError(msg) from error

    def _be_patient(self, waited_s: float) -> None:
        if waited_s < _TELL_AFTER_S:
            return
        needs = ", ".join(f"{n:g} {kind}" for kind, n in self.need.items() if n)
        said = f"waiting for the cluster to start a worker of {self.role}, which needs {needs}"
        self.journal.warn(said)
        if waited_s > patience_s():
            msg = (
                f"{said}, for {waited_s:.0f} s: add nodes, lower [engine.actors.{self.role}], or "
                "let other runs finish"
            )
            raise ClusterError(msg)

    def dismiss(self, *, keep: int = 0) -> None:
        """End all actors but some that have nothing to do."""
        idle = [a for a in self.actors if a.starting is None and not a.blocks][:keep]
        for actor in self.actors:
            if actor not in idle:
                ray().kill(actor.handle)
        self.actors = idle


def _last_line(error: Exception) -> str:
    """What Ray says, without its traceback and the list of an actor's ids."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:300] if lines else type(error).__name__


def _is_nodes_end(error: Exception) -> bool:
    """Whether an actor died with its node, for which no row is to blame."""
    return bool(getattr(error, "preempted", False)) or "node has died" in str(error)
