"""Synthetic metadata of any size: frames with the columns of the tables, and a store that has them.

The figures are drawn, not measured: only the number of rows, the lengths of the texts and how often
a value repeats are like those of a real run. `synthetic_rows.py HOME ROWS` writes a store.
"""

import sys
from pathlib import Path

import numpy as np
import polars as pl

from resources.arrow import arrow_schema
from resources.home import Home
from resources.schema import (
    ASSET_ROWS,
    AcceptedPair,
    EditPair,
    FilteredImage,
    Head,
    Record,
    ScoredPair,
    SourceImage,
    Unit,
)
from resources.store import Store

VOCABULARY = 8_700
"""Distinct words in the paper's instructions."""

WORDS = (5, 30)
"""Words in an instruction; a brief asks for 30 at most."""

PAIRS_PER_IMAGE = 2
"""The paper's 1.2 million pairs come from 600 thousand images."""

ROWS_PER_PARTITION = 154
"""1.2 million pairs in 7,800 partitions."""

EDIT_TYPES = (
    *("add", "remove", "replace", "alter", "motion_change", "object_extraction"),
    *("background_change", "style_transfer", "visual_edit", "hybrid"),
    *("content_memory", "content_understanding", "version_backtracking"),
)
DIALOGUE_TYPES = EDIT_TYPES[-3:]
TURNS = 3

PAIR_STAGES = ("instructions", EditPair.TABLE, ScoredPair.TABLE, AcceptedPair.TABLE)
IMAGE_STAGES = (
    *(SourceImage.TABLE, "measured_images", FilteredImage.TABLE, "captions"),
    *("measured_regions", "editable_regions"),
)


def accepted_pairs(rows: int, seed: int = 0) -> pl.DataFrame:
    """That many rows with every column of `accepted_pairs`, all scores at least 3.5."""
    return _scored(AcceptedPair, rows, seed, least=3.5)


def scored_pairs(rows: int, seed: int = 0) -> pl.DataFrame:
    """That many rows with every column of `scored_pairs`."""
    return _scored(ScoredPair, rows, seed, least=1.0)


def filtered_images(rows: int, seed: int = 0) -> pl.DataFrame:
    """That many rows with every column of `filtered_images`; one hash in a hundred is a near
    copy, 3 bits off, of an earlier one.
    """
    rng = np.random.default_rng(seed)
    hashes = rng.integers(0, 2**64, rows, dtype=np.uint64)
    copies = np.arange(99, rows, 100)
    hashes[copies] = hashes[copies - 50] ^ np.uint64(0b111)
    frame = pl.DataFrame({"id": _ids("image", rows), "version_id": _ids("root", rows)})
    return _whole(
        FilteredImage,
        frame.with_columns(
            pl.Series("phash", [f"{h:016x}" for h in hashes.tolist()]),
            sha256=_ids("bytes", rows),
            aesthetic=pl.lit(5.5),
            shard=_shards(rows, 1000),
            **_sizes(rng, rows),
        ),
    )


def source_images(rows: int) -> pl.DataFrame:
    """The sources of `filtered_images` of as many rows."""
    frame = pl.DataFrame({"id": _ids("source", rows), "version_id": _ids("root", rows)})
    return _whole(
        SourceImage,
        frame.with_columns(
            uri="https://images.example/" + frame["id"],
            sha256=_ids("bytes", rows),
            licence=pl.lit("CC-BY-2.0"),
            shard=_shards(rows, 1000),
        ),
    )


def instructions(rows: int, seed: int = 0) -> pl.Series:
    """Sentences of drawn words, the frequent ones far more often, as in any language."""
    rng = np.random.default_rng(seed)
    words = np.array([_word(i) for i in range(VOCABULARY)], dtype=object)
    lengths = rng.integers(*WORDS, rows, endpoint=True)
    drawn = np.minimum(rng.pareto(0.6, lengths.sum()) * 5, VOCABULARY - 1).astype(np.int64)
    flat = pl.DataFrame(
        {"row": np.repeat(np.arange(rows, dtype=np.uint32), lengths), "at": drawn}
    ).with_columns(word=pl.Series(words, dtype=pl.String).gather(drawn))
    joined = flat.group_by("row", maintain_order=True).agg(pl.col("word").str.join(" "))
    return (joined["word"] + ".").alias("instruction")


def write_store(home: Path, accepted: int) -> Store:
    """A store of so many accepted pairs of a quarter more painted ones, with heads and units."""
    store = Store(Home.of(home))
    painted, images = accepted * 5 // 4, accepted // PAIRS_PER_IMAGE
    _write(store, AcceptedPair, accepted_pairs(accepted))
    scored = scored_pairs(painted)
    _write(store, ScoredPair, scored)
    _write(store, EditPair, _whole(EditPair, scored.with_columns(painter=pl.lit("classical 1"))))
    _write(store, FilteredImage, filtered_images(images))
    _write(store, SourceImage, source_images(images))
    for asset in (AcceptedPair, ScoredPair, EditPair, FilteredImage, SourceImage):
        _write_heads(store, asset.TABLE)
    for stage in PAIR_STAGES:
        _write_units(store, stage, painted, edit_types=EDIT_TYPES)
    for stage in IMAGE_STAGES:
        _write_units(store, stage, images, edit_types=("",))
    return store


def _scored(record: type[Record], rows: int, seed: int, least: float) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    criteria = {
        name: np.clip(rng.normal(4.2, 0.6, rows), least, 5.0)
        for name in ("adherence", "quality", "preservation")
    }
    kinds = np.arange(rows) // ROWS_PER_PARTITION % len(EDIT_TYPES)
    turns = np.where(kinds >= EDIT_TYPES.index(DIALOGUE_TYPES[0]), TURNS, 1)
    dialogues = pl.Series((np.arange(rows) // turns).astype(str))
    frame = pl.DataFrame(
        {
            "id": _ids(record.TABLE, rows),
            "instruction_id": "instruction-" + dialogues,
            "edit_type": pl.Series(EDIT_TYPES).gather(kinds),
            "instruction": instructions(rows, seed),
            "turn": np.arange(rows) % turns + 1,
            "turns": turns,
            "root_version_id": _ids("root", rows, repeat=PAIRS_PER_IMAGE),
            "changed_frac": rng.beta(0.7, 4.0, rows),
            "oracle_failure": pl.Series(rng.beta(1, 6, rows)).set(
                pl.Series(rng.random(rows) < 0.7), None
            ),
            **criteria,
            **_sizes(rng, rows),
        }
    )
    score = pl.mean_horizontal("adherence", "quality", "preservation")
    return _whole(
        record,
        frame.with_columns(
            score=score,
            dialogue_score=score,
            judge=pl.lit("metric 1"),
            reason=pl.lit("the edit is there, its edges are clean, nothing else has moved"),
            shard=_shards(rows, ROWS_PER_PARTITION * len(EDIT_TYPES)),
        ),
    )


def _whole(record: type[Record], frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with all columns of a table, in its order; what is not drawn is empty."""
    wanted = pl.from_arrow(arrow_schema(record).empty_table())
    assert isinstance(wanted, pl.DataFrame)
    blank = {pl.String: "", pl.Int64: 0, pl.Float64: 0.0}
    missing = [
        pl.lit(blank.get(type(kind)), dtype=kind).alias(name)
        if not isinstance(kind, pl.List)
        else pl.lit([], dtype=kind).alias(name)
        for name, kind in wanted.schema.items()
        if name not in frame.columns
    ]
    return frame.with_columns(missing).select(wanted.columns).cast(wanted.schema)


def _write(store: Store, record: type[Record], frame: pl.DataFrame) -> None:
    store.append(record, frame.to_arrow())


def _write_heads(store: Store, asset: str) -> None:
    axes = ASSET_ROWS[asset].AXES
    rows = store.table_frame(ASSET_ROWS[asset], ["id", *axes])
    rows = rows.select("id", partition=pl.concat_str(*axes, separator="|"))
    heads = rows.group_by("partition").agg(row_ids="id", units=pl.len().cast(pl.Int64))
    heads = heads.with_columns(
        id=pl.concat_str(pl.lit(asset), "partition", separator="|"),
        asset=pl.lit(asset),
        rejects=pl.lit('{"low_score":7,"unchanged":1}'),
        figures=pl.lit("{}"),
        finished_at=pl.lit("2026-01-01T00:00:00+00:00"),
    )
    _write(store, Head, _whole(Head, heads))


def _write_units(store: Store, asset: str, rows: int, edit_types: tuple[str, ...]) -> None:
    kinds = np.arange(rows) // ROWS_PER_PARTITION % len(edit_types)
    units = pl.DataFrame(
        {
            "id": _ids(f"{asset} unit", rows),
            "partition": pl.Series(edit_types).gather(kinds) + ("|0" if edit_types[0] else "0"),
            "rejects": (np.arange(rows) % 9 == 0).astype(np.int64),
            "seconds": np.full(rows, 0.25),
            "cost_usd": np.full(rows, 1e-4),
        }
    )
    _write(store, Unit, _whole(Unit, units.with_columns(asset=pl.lit(asset))))


def _ids(kind: str, rows: int, repeat: int = 1) -> pl.Series:
    """Ids of the length and the look of real ones; each as often as `repeat` says."""
    numbers = pl.Series(np.arange(rows) // repeat)
    high = numbers.hash(seed=sum(kind.encode()))
    text = high.cast(pl.String).str.pad_start(20, "0") + numbers.cast(pl.String).str.pad_start(
        8, "0"
    )
    return text.str.slice(4)


def _shards(rows: int, size: int) -> pl.Series:
    return pl.Series("shard", np.arange(rows) // size).cast(pl.String)


def _sizes(rng: np.random.Generator, rows: int) -> dict[str, pl.Series]:
    short = rng.integers(1024, 1600, rows)
    return {"width": pl.Series(short * 3 // 2), "height": pl.Series(short)}


def _word(index: int) -> str:
    """A word of letters alone, the shorter the more frequent, as in any language."""
    letters = "aeioustrnlmdphcgbkfv"
    text = letters[index % 20] + letters[(index * 7 + 3) % 20]
    while index:
        index, rest = divmod(index, 20)
        text += letters[rest]
    return text


if __name__ == "__main__":
    write_store(Path(sys.argv[1]), int(sys.argv[2]))
