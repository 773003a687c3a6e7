"""The one harness under every row asset.

Units of parents by recipe, minus those done, through the engine, committed batch by batch; rejects,
counts, figures and a contact sheet on the way. A killed run resumes at its last batch.
"""

import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import polars as pl

from imgedit_assets.sheets import contact_sheet
from imgedit_assets.stages.base import AssetStage
from resources.arrow import to_arrow
from resources.engine.local import EngineClock
from resources.engine.stage import Finished
from resources.factory import Progress
from resources.recipes import Recipe, canonical_json, digest
from resources.schema import Head, RecipeRow, Reject, Row, Sheet, Unit
from resources.store import Batch, Partition, quoted

PICTURES_PER_SHEET = 8

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
    busy_frac: float
    figures: dict[str, float]
    sheet: bytes | None = field(repr=False, default=None)
    """A contact sheet, JPEG."""

    @property
    def rejected(self) -> int:
        """Rejects of any reason."""
        return sum(self.rejects.values())


def materialise(stage: AssetStage[Any, Any, Any]) -> PartitionReport:
    """Bring one partition of an asset up to date; does only the units that are not done."""
    started = time.perf_counter()
    store, partition = stage.store, stage.partition
    work = stage.work()
    done = {u.id: u for u in store.select(Unit, partition.where)}
    todo = [w for w in work if w.id not in done]
    progress = Progress(asset=partition.asset, shard=partition.shard, edit_type=partition.edit_type)
    stage.factory.on_progress(progress.at(total=len(todo)))
    clock = EngineClock(lanes=stage.factory.engine.lanes)
    made: dict[str, Unit] = {}
    if todo:
        _record_recipes(stage)
        _forget_retried(stage, {w.id for w in todo})
    for finished in _gathered(stage.factory.engine.run(stage, todo, clock)):
        batch = _batch(stage, [stage.settle(f) for f in finished])
        store.commit(batch)
        made |= {u.id: u for u in batch.units}
        stage.factory.on_progress(progress.at(total=len(todo), advanced=len(finished)))
    units = {**done, **made}
    row_ids = tuple(i for w in work if w.id in units for i in units[w.id].row_ids)
    head = _finish(stage, [w.id for w in work], row_ids, time.perf_counter() - started)
    rows = store.current(stage.record, partition.shard, partition.edit_type)
    return PartitionReport(
        partition=partition,
        units=len(work),
        computed=len(todo),
        rows=len(rows),
        expected_rows=len(row_ids),
        rejects=json.loads(head.rejects),
        seconds=time.perf_counter() - started,
        busy_frac=clock.busy_frac,
        figures=stage.figures(_as_frame(stage.record, rows)),
        sheet=_sheet(stage, rows, refresh=bool(todo)),
    )


def _gathered(batches: Iterator[list[Finished[Any]]]) -> Iterator[list[Finished[Any]]]:
    """The engine's batches, joined so that a commit stands for some seconds of work."""
    held: list[Finished[Any]] = []
    last = time.monotonic()
    for batch in batches:
        held += batch
        if time.monotonic() - last >= COMMIT_EVERY_S:
            yield held
            held, last = [], time.monotonic()
    if held:
        yield held


def _batch(stage: AssetStage[Any, Any, Any], finished: Sequence[Finished[Any]]) -> Batch:
    where = stage.partition
    shared = {"asset": where.asset, "shard": where.shard, "edit_type": where.edit_type}
    return Batch(
        rows=[row for f in finished for row in f.output.rows],
        versions=[v for f in finished for v in f.output.versions],
        rejects=[
            Reject(
                id=digest(f.work.id, fault.reason, fault.detail),
                unit_id=f.work.id,
                parent_ids=f.work.parents,
                subject=f.work.subject,
                reason=fault.reason,
                detail=fault.detail,
                run_id=stage.run_id,
                **shared,
            )
            for f in finished
            for fault in f.output.faults
        ],
        units=[
            Unit(
                id=f.work.id,
                row_ids=tuple(row.id for row in f.output.rows),
                rejects=len(f.output.faults),
                seconds=f.seconds,
                run_id=stage.run_id,
                **shared,
            )
            for f in finished
            if not any(fault.reason.is_passing for fault in f.output.faults)
        ],
    )


def _forget_retried(stage: AssetStage[Any, Any, Any], todo: set[str]) -> None:
    """Drop the rejects of units about to be tried again."""
    where = stage.partition.where
    stale = todo.intersection(stage.store.column(Reject, "unit_id", where))
    for unit_id in stale:
        stage.store.forget(Reject, f"{where} AND unit_id = {quoted(unit_id)}")


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
    unit_ids: Sequence[str],
    row_ids: tuple[str, ...],
    seconds: float,
) -> Head:
    """Make the rows current, unless the partition is already just so."""
    store, where = stage.store, stage.partition
    belongs = set(unit_ids)
    rejects = Counter(r.reason for r in store.select(Reject, where.where) if r.unit_id in belongs)
    before = store.head(where)
    head = Head(
        id=where.id,
        asset=where.asset,
        shard=where.shard,
        edit_type=where.edit_type,
        row_ids=row_ids,
        rejects=canonical_json(dict(rejects)),
        units=len(unit_ids),
        recipe_id=stage.recipe.id,
        seconds=seconds,
        run_id=stage.run_id,
        finished_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    if before and (before.row_ids, before.rejects, before.units, before.recipe_id) == (
        head.row_ids,
        head.rejects,
        head.units,
        head.recipe_id,
    ):
        return before
    store.finish(head, unit_ids)
    return head


def _as_frame(record: type[Row], rows: Sequence[Row]) -> pl.DataFrame:
    frame = pl.from_arrow(to_arrow(record, rows))
    assert isinstance(frame, pl.DataFrame)
    return frame


def _sheet(stage: AssetStage[Any, Any, Any], rows: Sequence[Row], *, refresh: bool) -> bytes | None:
    """The partition's contact sheet; the stored one where nothing was computed."""
    sheet_id = stage.partition.id
    if not refresh:
        stored = stage.store.by_ids(Sheet, [sheet_id])
        return stored[sheet_id].jpeg if stored else None
    step = max(1, len(rows) // PICTURES_PER_SHEET)
    pictures = stage.pictures(rows[::step][:PICTURES_PER_SHEET])
    if not pictures:
        return None
    jpeg = contact_sheet(pictures)
    stage.store.upsert(Sheet, [Sheet(id=sheet_id, jpeg=jpeg)])
    return jpeg
