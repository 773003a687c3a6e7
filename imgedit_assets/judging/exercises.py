"""Which edit pairs judges learn from: some of each class with known truth, and what was rated."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from imgedit_assets.dataset.release_plan import originals
from imgedit_assets.sample.descent import below
from imgedit_assets.sample.quarantine import active, marks_on
from imgedit_assets.stages.truth import known_scene
from models.judge.judgement import Judgement
from models.judge.lesson import is_held_out
from models.judge.origin import Origin
from models.studio.known import has_truth
from resources.factory import Factory
from resources.operations import operations_from_json
from resources.profile_judges import CorpusSettings
from resources.recipes import digest
from resources.schema import EditPair
from resources.store import Store
from resources.uris import scheme_of

HELD_OUT_PER_LEARNT = 2
"""Of those with known truth, one is held out and spoilt for so many that are learnt from."""

COLUMNS = (
    *("id", "edit_type", "operations", "root_version_id", "source_version_id"),
    *("target_version_id", "turns"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exercise:
    """An edit pair, and what lessons are made of it."""

    pair_id: str
    edit_type: str
    group: str
    """Its source image: a studio URI, or what `originals` says."""
    uris: tuple[str, ...] = ()
    """The studio image, or both frames, whose truth is known; empty where a label is given."""
    flaws: int = 0
    """Spoilt results to draw of it."""
    origin: Origin = Origin.ORACLE
    label: Judgement | None = None
    """What somebody said of the pair; None where the oracle says it."""

    @property
    def is_held_out(self) -> bool:
        """Whether judges are tried on it, and learn nothing from it."""
        return is_held_out(self.group)


def exercises(
    factory: Factory, given: Mapping[str, tuple[Origin, Judgement]]
) -> tuple[Exercise, ...]:
    """The exercises of a home, those with a given label first, in an order that no run changes.

    Args:
        factory: Store and profile.
        given: What people, or another judge, said of edit pairs, by id.
    """
    frame = _pairs(factory.store)
    return (*_labelled(frame, given), *_of_studio(factory, frame))


def _pairs(store: Store) -> pl.DataFrame:
    """The pairs of images as they came, with the image's URI and group, and of frames the later's.

    Not those of a turn that starts from a painted picture, and nothing that is in quarantine.
    """
    known = originals(store).select("root_version_id", "uri", "group")
    # What an object is added to is painted, and the picture as it came is the target.
    is_later = pl.col("target_version_id") != pl.col("root_version_id")
    later = known.select(target_version_id="root_version_id", later_uri="uri")
    pairs = store.frame(EditPair.TABLE, COLUMNS)
    if marks := active(store):
        taken = below(store, pairs["id"].to_list(), lambda node: bool(marks_on(marks, node)))
        pairs = pairs.filter(~pl.col("id").is_in(list(taken)))
    return (
        pairs.filter(
            (pl.col("turns") == 1) | (pl.col("source_version_id") == pl.col("root_version_id"))
        )
        .join(known, on="root_version_id")
        .join(later, on="target_version_id", how="left")
        .with_columns(
            later_uri=pl.when(is_later).then("later_uri"),
            order=pl.col("id").map_elements(_order, return_dtype=pl.String),
        )
        .sort("edit_type", "order")
    )


def _order(pair_id: str) -> str:
    return digest("exercise", pair_id)


def _labelled(
    frame: pl.DataFrame, given: Mapping[str, tuple[Origin, Judgement]]
) -> Iterator[Exercise]:
    rows = frame.filter(pl.col("id").is_in(list(given)))
    for row in rows.iter_rows(named=True):
        origin, label = given[row["id"]]
        yield Exercise(
            pair_id=row["id"],
            edit_type=row["edit_type"],
            group=source_group(row["uri"], row["group"]),
            origin=origin,
            label=label,
        )


def _of_studio(factory: Factory, frame: pl.DataFrame) -> Iterator[Exercise]:
    drawn = frame.filter(pl.col("uri").str.starts_with("studio:"))
    for (name,), rows in drawn.group_by("edit_type", maintain_order=True):
        if name in factory.edit_types:
            known = [row for row in rows.to_dicts() if _has_truth(factory, row)]
            yield from _chosen(known, factory.profile.judge_corpus)


def _has_truth(factory: Factory, row: Mapping[str, str | None]) -> bool:
    operations = operations_from_json(row["operations"] or "")
    return has_truth(operations, factory.edit_types) and all(map(known_scene, _uris(row)))


def _chosen(
    rows: Sequence[Mapping[str, str | None]], settings: CorpusSettings
) -> Iterator[Exercise]:
    """The first to learn from, and the first to be tried on, some of these as they were painted."""
    learnt, held_out = 0, 0
    most = settings.edits_per_class
    for row in rows:
        exercise = Exercise(
            pair_id=str(row["id"]),
            edit_type=str(row["edit_type"]),
            group=source_group(str(row["uri"]), str(row["group"])),
            uris=_uris(row),
            flaws=settings.spoiled_per_edit,
        )
        if not exercise.is_held_out:
            learnt += 1
            if learnt <= most:
                yield exercise
            continue
        held_out += 1
        if held_out <= most:
            is_spoilt = held_out <= -(-most // HELD_OUT_PER_LEARNT)
            yield (
                exercise
                if is_spoilt
                else Exercise(
                    pair_id=exercise.pair_id,
                    edit_type=exercise.edit_type,
                    group=exercise.group,
                    uris=exercise.uris,
                )
            )


def _uris(row: Mapping[str, str | None]) -> tuple[str, ...]:
    return tuple(uri for uri in (row["uri"], row["later_uri"]) if uri)


def source_group(uri: str, group: str) -> str:
    """A studio scene or clip by its URI, the same in every home; else what `originals` says."""
    if scheme_of(uri) != "studio":
        return group
    return uri.rpartition("/")[0] if uri.startswith("studio://clip/") else uri
