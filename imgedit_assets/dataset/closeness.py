"""How close each pair is to the nearest benchmark case: its source's hash, its instruction."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.similarity import phash, words

if TYPE_CHECKING:
    import polars as pl

    from resources.benchmarks import Benchmark


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearest:
    """The row that is closest to a benchmark, and the case that it is closest to."""

    row_id: str
    case: str
    """The benchmark's name, and the image's path or the prompt's key in it."""
    value: float
    """Bits that two hashes differ in, 0 to 64; or the similarity of two instructions, 0 to 1."""


def measured(rows: "pl.DataFrame", benchmarks: "Sequence[Benchmark]") -> "pl.DataFrame":
    """The rows with what the gates judge them by.

    Returns:
        The rows and `episode` (shared by the turns of a dialogue), `hash`, `words` (normalised),
        `bits` and `image_case` (the nearest benchmark image), `similarity` and `prompt_case` (the
        nearest prompt). Null where there is nothing to compare.
    """
    import polars as pl

    found = rows.with_columns(
        pl.when(pl.col("turns") > 1).then("instruction_id").otherwise("id").alias("episode"),
        pl.col("source_phash").str.to_integer(base=16, dtype=pl.UInt64, strict=False).alias("hash"),
        pl.Series("words", [*map(words.normalised, rows["instruction"])], pl.String),
    )
    return _with_prompts(_with_images(found, benchmarks), benchmarks)


def nearest_image(rows: "pl.DataFrame") -> Nearest | None:
    """The measured row whose source is nearest to a benchmark image; None if none is known."""
    import polars as pl

    closest = rows.filter(pl.col("bits") == pl.col("bits").min()).head(1)
    return _as_nearest(closest.select("id", "image_case", "bits"))


def nearest_instruction(rows: "pl.DataFrame") -> Nearest | None:
    """The measured row whose instruction is most like a prompt; None if there are no prompts."""
    import polars as pl

    closest = rows.filter(pl.col("similarity") == pl.col("similarity").max()).head(1)
    return _as_nearest(closest.select("id", "prompt_case", "similarity"))


def _as_nearest(closest: "pl.DataFrame") -> Nearest | None:
    if closest.is_empty():
        return None
    row_id, case, value = closest.row(0)
    return Nearest(row_id=row_id, case=case, value=float(value))


def _with_images(rows: "pl.DataFrame", benchmarks: "Sequence[Benchmark]") -> "pl.DataFrame":
    import polars as pl

    images = [(f"{b.name}/{image.path}", image.phash) for b in benchmarks for image in b.images]
    if not images:
        nothing = {"bits": pl.lit(None, pl.Int64), "image_case": pl.lit(None, pl.String)}
        return rows.with_columns(**nothing)
    cases, hashes = zip(*images, strict=True)
    others = pl.Series(hashes, dtype=pl.UInt64).to_numpy()
    bits, index = phash.nearest(rows["hash"].fill_null(0).to_numpy(), others)
    known = pl.when(pl.col("hash").is_not_null())
    case = pl.Series(cases).gather(index)
    return rows.with_columns(bits=known.then(pl.Series(bits)), image_case=known.then(case))


def _with_prompts(rows: "pl.DataFrame", benchmarks: "Sequence[Benchmark]") -> "pl.DataFrame":
    import polars as pl

    prompts = [(f"{b.name}/{p.key}", p.text) for b in benchmarks for p in b.prompts]
    if not prompts:
        nothing = {"similarity": pl.lit(None, pl.Float32), "prompt_case": pl.lit(None, pl.String)}
        return rows.with_columns(**nothing)
    cases, texts = zip(*prompts, strict=True)
    others = [*map(words.normalised, texts)]
    similarity, index = words.nearest_normalised(rows["words"].to_list(), others)
    case = pl.Series(cases).gather(index)
    return rows.with_columns(similarity=pl.Series(similarity), prompt_case=case)
