"""Runs stages on Ray: actors hold a warm factory, and run the local engine over blocks of work.

Blocks go to whichever actor is free, two at a time to each; what they make streams back to the
driver, which commits it as ever. So a unit is done once, whatever dies: what was not committed is
not done. An actor that dies is replaced; a node that joins late is used, as actors are asked for
before there is room for them.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from resources.devices.journal import Journal
from resources.engine.engine import Names, Place
from resources.engine.local import EngineClock, Item, LocalEngine, P, Result
from resources.engine.ray_blocks import Block, Blocks
from resources.engine.ray_cluster import ClusterError, connect, ray, room_for
from resources.engine.ray_crew import Crew
from resources.engine.ray_worker import Part
from resources.engine.stage import Finished, Stage, Work
from resources.profile_engine import Actors
from resources.profile_engine import Engine as Settings


class RayEngine:
    """One role's actors at a time: those of another role give their GPUs back first.

    Args:
        settings: The profile's [engine].
        local: Runs what has no names: decisions, and what reads files of the driver's machine.
        needs_device: Whether a role loads a model onto a device.
        folder: The home's local folder.
        journal: Gets what happens to workers, and what they note.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        local: LocalEngine,
        needs_device: Callable[[str], bool],
        folder: Path,
        journal: Journal,
    ) -> None:
        self.settings, self.local, self.lanes = settings, local, local.lanes
        self._needs_device, self._folder, self._journal = needs_device, folder, journal
        self._leave: Callable[[], None] | None = None
        self._crew: Crew | None = None

    def run(
        self,
        stage: Stage[P, Item, Result],
        work: Sequence[Work[P]],
        clock: EngineClock,
        names: Names | None = None,
    ) -> Iterator[list[Finished[P]]]:
        """Do the work, yielding what is finished as it comes, in any order.

        Raises:
            ClusterError: There is no cluster, no place on it, or its workers keep dying.
            ImgEditError: A fault of the system, as a worker told it.
        """
        if names is None or not work:
            yield from self.local.run(stage, work, clock)
            return
        crew, started = self._crew_of(names.actors), time.perf_counter()
        lanes = crew.place.lanes
        blocks = Blocks.of(work, batch_size=names.batch_size, lanes=lanes, workers=crew.most())
        clock.on_gpu = crew.place.has_gpu
        try:
            for block, part in crew.parts(names, blocks):
                clock.lanes = max(clock.lanes, len(crew.actors) * lanes)
                clock.wall_s = time.perf_counter() - started
                if finished := self._finished(block, part, clock):
                    yield finished
        finally:
            # An actor that still has work does it for nobody: the run has ended early.
            crew.dismiss(keep=crew.settings.min)

    def _finished(self, block: Block[P], part: Part, clock: EngineClock) -> list[Finished[P]]:
        clock.busy_s += part.busy_s
        clock.paid_usd += part.paid_usd
        for note in part.notes:
            self._journal.tell(note)
        return [
            Finished(
                work=block.left.pop(done.id),
                output=done.output,
                seconds=done.seconds,
                cost_usd=done.cost_usd,
            )
            for done in part.done
        ]

    def _crew_of(self, role: str) -> Crew:
        """The role's actors, none of which need be there yet."""
        if self._crew and self._crew.role == role:
            return self._crew
        self._dismiss()
        if self._leave is None:
            address, cores = self.settings.address, self.settings.cores
            self._leave = connect(address, self._folder, cores=cores)
        self._crew = self._new_crew(role, self.settings.actors.get(role, Actors()))
        return self._crew

    def _new_crew(self, role: str, wanted: Actors) -> Crew:
        gpus = wanted.num_gpus
        if gpus is None:
            has_gpu = ray().cluster_resources().get("GPU", 0) > 0
            gpus = float(has_gpu and self._needs_device(role))
        need = {"CPU": wanted.num_cpus, "GPU": gpus}
        if not self.settings.address and not room_for(need):
            msg = (
                f"[engine.actors.{role}] asks for {wanted.num_cpus:g} CPU and {gpus:g} GPU, which "
                "this machine does not have: lower them, or give [engine] the address of a cluster"
            )
            raise ClusterError(msg)
        place = Place(
            cores=wanted.num_cpus, has_gpu=gpus > 0, lanes=wanted.lanes or self.settings.lanes
        )
        return Crew(role=role, place=place, need=need, settings=wanted, journal=self._journal)

    def _dismiss(self) -> None:
        if self._crew:
            self._crew.dismiss()
            self._crew = None

    def close(self) -> None:
        """End the actors, and leave the cluster; the next run joins it again."""
        if self._leave is not None:
            self._dismiss()
            self._leave()
            self._leave = None
