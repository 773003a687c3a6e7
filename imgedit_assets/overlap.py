"""The partitions of an asset in order, of which the next begins before one is finished.

Where a partition is short, listing its units, committing them and drawing its sheet take as long as
the units: the lanes have those of the next to do meanwhile.
"""

from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue

from imgedit_assets.graph import stage_of
from imgedit_assets.harness import PartitionReport, materialise
from resources.factory import Factory, Progress
from resources.schema import Partition

AT_ONCE = 2


def materialise_each(
    factory: Factory, places: Sequence[Partition], *, run_id: str
) -> Generator[PartitionReport, None, None]:
    """Bring partitions of one asset up to date; progress is told in the calling thread.

    Whatever ends it, an error, Ctrl-C or `close`, ends the partitions in work after their next
    batch: what is done of them is kept.

    Raises:
        ImgEditError: One of them stopped.
    """

    def made(place: Partition) -> PartitionReport:
        return materialise(stage_of(factory, place, run_id=run_id))

    if len(places) < AT_ONCE or not _may_overlap(factory, places[0]):
        yield from map(made, places)
        return
    listen, heard = factory.on_progress, SimpleQueue[Progress | None]()
    factory.on_progress = heard.put
    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="partition")
    try:
        futures = [pool.submit(made, place) for place in places]
        for future in futures:
            future.add_done_callback(lambda _: heard.put(None))
        for future in futures:
            for progress in _until(future, heard):
                listen(progress)
            yield future.result()
    finally:
        # Where all are finished, nobody is left to hear it.
        factory.stopping.set()
        pool.shutdown(cancel_futures=True)
        factory.stopping.clear()
        factory.on_progress = listen


def _may_overlap(factory: Factory, place: Partition) -> bool:
    """Whether two partitions get on: models would drive each other off a device."""
    return "edit_type" in place.keys and factory.computes_here


def _until(
    future: Future[PartitionReport], heard: SimpleQueue[Progress | None]
) -> Iterator[Progress]:
    """What is heard until a partition is finished."""
    while not (future.done() and heard.empty()):
        if progress := heard.get():
            yield progress
