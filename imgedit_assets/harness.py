"""The one harness under every row asset.

Units of parents by recipe, minus those done, through the engine, committed batch by batch; rejects,
counts, figures and a contact sheet on the way. A killed run resumes at its last batch.
"""

import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import groupby, islice
from threading import Event
from typing import Any

from imgedit_assets.abroad import names_of
from imgedit_assets.origins import origin_of
from imgedit_assets.sample.links import sample_links
from imgedit_assets.sheets import contact_sheet
from imgedit_assets.stages.agreement import thresholds
from imgedit_assets.stages.base import AssetStage
from models.faults import ImgEditError, Reason
from resources.arrow import as_frame
from resources.engine.local import EngineClock
from resources.engine.stage import Finished, Work
from resources.factory import Progress
from resources.filters import quoted
from resources.recipes import Recipe, canonical_json, digest
from resources.schema import (
    BenchmarkScore,
    Head,
    PairRow,
    Partition,
    RecipeRow,
    Reject,
    Row,
    ScoredRow,
    Sheet,
    Unit,
    Version,
)
from resources.store import Batch

PICTURES_PER_SHEET = 8
REJECTS_PER_REASON = 5


class StoppedError(ImgEditError):
    """A partition stopped on a fault of the system; what was done is kept."""


COMMIT_EVERY_S = 1.0
"""A crash loses about so much work; more often, and the store fills with tiny fragments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionReport:
    """What one materialisation of one partition did."""

    partition: Partition
    units: int
    computed: int
    """Units done now; the others were done before."""
    rows: int
    expected_rows: int
    """Rows that the units say they made; fewer are there only if the store lost some."""
    rejects: dict[str, int]
    """Count by reason, of the whole partition."""
    seconds: float
    cost_usd: float
    """What was billed now; `Unit.cost_usd` also holds what its answers cost earlier."""
    gpu_busy_frac: float | None
    """None where nothing was computed, or none is used."""
    figures: dict[str, float]
    samples: str
    """Markdown: links to the worst and the best rows."""
    notes: tuple[str, ...] = ()
    """What happened to models: loaded, evicted, halved batches, endpoints that were slow."""
    rejected_rows: tuple[Reject, ...] = ()
    """The first of them."""
    sheet: bytes | None = field(repr=False, default=None)
    """A contact sheet, JPEG."""

    @property
    def rejected(self) -> int:
        """Rejects of any reason."""
        return sum(self.rejects.values())


def materialise(stage: AssetStage[Any, Any, Any]) -> PartitionReport:
    """Bring one partition of an asset up to date; does only the units that are not done."""
    places = [Partition(stage.record.TABLE)] * stage.alone + [stage.partition]
    with ExitStack() as locks:
        for place in places:
            locks.enter_context(stage.store.locked(place, tell=stage.factory.journal.warn))
        return _materialised(stage)


def _materialised(stage: AssetStage[Any, Any, Any]) -> PartitionReport:
    started = time.perf_counter()
    # Told before the rows are read: of what changes in between, the next run looks again.
    origin = origin_of(stage)
    work = stage.work()
    done = {u.id: u for u in stage.store.units(stage.partition)}
    todo = [w for w in work if w.id not in done]
    head = stage.store.head(stage.partition)
    clock = EngineClock(lanes=stage.factory.engine.lanes)
    if head is None or not _is_current(stage, head, work, done):
        made = _do(stage, todo, clock)
        stage.conclude()
        # Not to be taken for a sheet of the new rows, should nobody live to draw that.
        stage.store.forget(Sheet, f"id = {quoted(stage.partition.id)}")
        head = _finish(stage, work, done | made, origin, time.perf_counter() - started)
        stage.store.compact([stage.record, Version, Unit, Reject, Head, Sheet])
    elif head.origin != origin:
        stage.store.note([replace(head, origin=origin)])
    return _report(stage, head, todo=len(todo), clock=clock, started=started)


def is_up_to_date(stage: AssetStage[Any, Any, Any]) -> bool:
    """Whether making a partition again would change nothing, and has nothing to tell."""
    head = stage.store.head(stage.partition)
    if head is None or Reason.WORKER_ERROR in json.loads(head.rejects):
        return False
    work = stage.work()
    done = {u.id: u for u in stage.store.units(stage.partition)}
    return stage.store.has_sheet(stage.partition) and _is_current(stage, head, work, done)


def _is_current(
    stage: AssetStage[Any, Any, Any], head: Head, work: Sequence[Work[Any]], done: dict[str, Unit]
) -> bool:
    """Whether the partition as last finished is what finishing it now would give."""
    same_units = done.keys() == {w.id for w in work}
    same_recipe = head.recipe_id == stage.recipe.id
    told, least = json.loads(head.figures), thresholds(stage.profile.accept)
    same_figures = all(told.get(name, value) == value for name, value in least.items())
    same_rows = head.row_ids == _row_ids(work, done)
    return same_units and same_recipe and same_figures and same_rows


def _row_ids(work: Sequence[Work[Any]], units: dict[str, Unit]) -> tuple[str, ...]:
    return tuple(i for w in work if w.id in units for i in units[w.id].row_ids)


def _do(
    stage: AssetStage[Any, Any, Any], todo: Sequence[Work[Any]], clock: EngineClock
) -> dict[str, Unit]:
    """Do units and commit them as they finish; returns those marked done."""
    where, listen = stage.partition, stage.factory.on_progress
    progress = Progress(asset=where.asset, partition=where.key)
    listen(progress.at(total=len(todo)))
    if todo:
        _record_recipes(stage)
        _forget_retried(stage, {w.id for w in todo})
    made: dict[str, Unit] = {}
    try:
        batches = stage.factory.engine.run(stage, todo, clock, names_of(stage))
        for finished in _gathered(batches, stage.factory.stopping):
            batch = _batch(stage, [stage.settle(f) for f in finished])
            stage.store.commit(batch)
            made |= {u.id: u for u in batch.units}
            listen(progress.at(total=len(todo), advanced=len(finished)))
            if stage.factory.stopping.is_set() and len(made) < len(todo):
                msg = "another partition was stopped"
                raise ImgEditError(msg)
    except ImgEditError as error:
        left = len(todo) - len(made)
        msg = f"{error} ({where.id}: {len(made)} units done and kept, {left} left; run again)"
        raise StoppedError(msg) from error
    return made


def _report(
    stage: AssetStage[Any, Any, Any],
    head: Head,
    *,
    todo: int,
    clock: EngineClock,
    started: float,
) -> PartitionReport:
    """What the UI is told. Where nothing was computed, what was noted the last time."""
    sheet = stage.store.by_ids(Sheet, [head.id]).get(head.id)
    rows, figures = len(head.row_ids), json.loads(head.figures)
    if todo or sheet is None:
        present = stage.store.current(stage.record, **head.place.keys)
        rows, sheet = len(present), sheet or _drawn_sheet(stage, present)
    return PartitionReport(
        partition=stage.partition,
        units=head.units,
        computed=todo,
        rows=rows,
        expected_rows=len(head.row_ids),
        rejects=json.loads(head.rejects),
        seconds=time.perf_counter() - started,
        cost_usd=clock.paid_usd,
        gpu_busy_frac=clock.busy_frac if todo and clock.on_gpu else None,
        figures=figures,
        samples=head.samples,
        notes=stage.factory.journal.drain(),
        rejected_rows=_some_rejects(stage) if head.rejects != "{}" else (),
        sheet=sheet.jpeg or None,
    )


def _some_rejects(stage: AssetStage[Any, Any, Any]) -> tuple[Reject, ...]:
    """A few rejects of every reason."""
    rejects = sorted(stage.store.select(Reject, stage.partition.where), key=lambda r: r.reason)
    by_reason = groupby(rejects, key=lambda r: r.reason)
    return tuple(r for _, some in by_reason for r in islice(some, REJECTS_PER_REASON))


def _gathered(
    batches: Iterator[list[Finished[Any]]], stopping: Event
) -> Iterator[list[Finished[Any]]]:
    """The engine's batches, joined so that a commit stands for some seconds of work."""
    held: list[Finished[Any]] = []
    last = time.monotonic()
    try:
        for batch in batches:
            held += batch
            if time.monotonic() - last >= COMMIT_EVERY_S or stopping.is_set():
                yield held
                held, last = [], time.monotonic()
    except ImgEditError:
        # What was finished before is kept.
        if held:
            yield held
        raise
    if held:
        yield held


def _batch(stage: AssetStage[Any, Any, Any], finished: Sequence[Finished[Any]]) -> Batch:
    where = stage.partition
    shared = {"asset": where.asset, "partition": where.key}
    return Batch(
        rows=[row for f in finished for row in _accounted(f)],
        versions=[v for f in finished for v in f.output.versions],
        rejects=[
            Reject(
                id=digest(f.work.id, str(number), fault.reason, fault.detail),
                unit_id=f.work.id,
                parent_ids=f.work.parents,
                subject=f.work.subject,
                reason=fault.reason,
                detail=fault.detail,
                run_id=stage.run_id,
                **shared,
            )
            for f in finished
            for number, fault in enumerate(f.output.faults)
        ],
        units=[
            Unit(
                id=f.work.id,
                row_ids=tuple(row.id for row in f.output.rows),
                rejects=len(f.output.faults),
                seconds=f.seconds,
                cost_usd=f.cost_usd,
                run_id=stage.run_id,
                **shared,
            )
            for f in finished
            if not any(fault.reason.is_passing for fault in f.output.faults)
        ],
    )


def _accounted(finished: Finished[Any]) -> list[Row]:
    """A unit's rows, each with its share of the unit's time and cost."""
    n = len(finished.output.rows)
    return [
        replace(row, seconds=finished.seconds / n, cost_usd=finished.cost_usd / n)
        for row in finished.output.rows
    ]


def _forget_retried(stage: AssetStage[Any, Any, Any], todo: set[str]) -> None:
    """Drop the rejects of units about to be tried again."""
    where = stage.partition.where
    stale = todo.intersection(stage.store.column(Reject, "unit_id", where))
    stage.store.forget_where(Reject, where, "unit_id", sorted(stale))


def _record_recipes(stage: AssetStage[Any, Any, Any]) -> None:
    recipe: Recipe = stage.recipe
    stage.store.insert(
        RecipeRow,
        [
            RecipeRow(id=recipe.content_id, json=recipe.to_json()),
            RecipeRow(id=recipe.id, json=recipe.to_json()),
        ],
    )


def _finish(
    stage: AssetStage[Any, Any, Any],
    work: Sequence[Work[Any]],
    units: dict[str, Unit],
    origin: str,
    seconds: float,
) -> Head:
    """Make the units' rows the current ones."""
    store, where = stage.store, stage.partition
    unit_ids = [w.id for w in work]
    belongs, row_ids = set(unit_ids), _row_ids(work, units)
    rejects = Counter(r.reason for r in store.select(Reject, where.where) if r.unit_id in belongs)
    rows = store.by_ids(stage.record, row_ids)
    frame = as_frame(stage.record, list(rows.values()))
    head = Head(
        id=where.id,
        asset=where.asset,
        partition=where.key,
        row_ids=row_ids,
        rejects=canonical_json(dict(rejects)),
        figures=canonical_json(stage.figures_at(frame, stage.profile.accept)),
        samples=sample_links(list(rows.values())) or "",
        units=len(unit_ids),
        recipe_id=stage.recipe.id,
        seconds=seconds,
        run_id=stage.run_id,
        finished_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        origin=origin,
    )
    store.finish(head, unit_ids)
    return head


def _drawn_sheet(stage: AssetStage[Any, Any, Any], rows: Sequence[Row]) -> Sheet:
    """A new contact sheet of some of the rows, from the worst to the best where they have a score.

    An empty one where there is nothing to see.
    """
    rows = sorted(rows, key=_score)
    # The turns of a dialogue are shown together.
    episodes = list(dict.fromkeys(_episode(row) for row in rows))
    step = 1 if stage.shows_worst else max(1, len(episodes) // PICTURES_PER_SHEET)
    chosen = set(episodes[::step][:PICTURES_PER_SHEET])
    shown = [row for row in rows if _episode(row) in chosen]
    pictures = stage.pictures(shown)[:PICTURES_PER_SHEET]
    sheet = Sheet(id=stage.partition.id, jpeg=contact_sheet(pictures) if pictures else b"")
    stage.store.upsert(Sheet, [sheet])
    return sheet


def _score(row: Row) -> float:
    """What rows are shown in the order of: equal for those without, which keep theirs."""
    if isinstance(row, BenchmarkScore):
        return row.score
    return row.dialogue_score if isinstance(row, ScoredRow) else 0.0


def _episode(row: Row) -> str:
    """What a row is shown together with: a pair's instruction or dialogue, else itself alone."""
    return row.instruction_id if isinstance(row, PairRow) else row.id
