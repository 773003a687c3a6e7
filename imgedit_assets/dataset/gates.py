"""What may not be in a release: unsafe pairs, benchmark cases, near duplicates; and the proof.

Everything here is a function of one frame of pairs. Its columns: `id`, `instruction_id`,
`instruction`, `turns`, `root_version_id`, `group` (the same for the frames of a clip, which may be
alike), `source_phash` (16 hex digits, or null) and `unsafe` (0 to 1, or null). Earlier rows are
preferred; the turns of a dialogue stay or go together.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from models.faults import Reason
from models.similarity import phash, words
from resources.benchmarks import Benchmark
from resources.profile import Images, Release

COLUMNS = (
    *("id", "instruction_id", "instruction", "turns", "root_version_id", "group"),
    *("source_phash", "unsafe"),
)
"""What the gates look at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearest:
    """The row that is closest to a benchmark, and the case that it is closest to."""

    row_id: str
    case: str
    """The benchmark's name, and the image's path or the prompt's key in it."""
    value: float
    """Bits that two hashes differ in, 0 to 64; or the similarity of two instructions, 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a release must keep to."""

    near_duplicate_bits: int
    """Perceptual hashes that differ in this many bits, or fewer, are of one image."""
    max_instruction_similarity: float
    """The largest similarity to a benchmark's instruction that is allowed, 0 to 1."""
    max_unsafe: float
    """The largest probability of not being safe for work that is allowed, 0 to 1."""

    @classmethod
    def of(cls, release: Release, images: Images) -> "Limits":
        """The limits of a profile."""
        return cls(
            near_duplicate_bits=release.near_duplicate_bits,
            max_instruction_similarity=release.max_instruction_similarity,
            max_unsafe=images.max_unsafe,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Gated:
    """What a release may hold of some rows."""

    kept: pl.Series
    """Ids, in the order of the rows."""
    dropped: pl.DataFrame
    """The others: `id`, `reason` (a `Reason`) and `detail`."""
    nearest_image: Nearest | None
    """Of the kept rows; None where no benchmark has an image, or no row a hash."""
    nearest_instruction: Nearest | None
    """Of the kept rows; None where no benchmark has a prompt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A row that should not be in a release."""

    row_id: str
    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What a release's own rows say of it."""

    violations: tuple[Violation, ...]
    nearest_image: Nearest | None
    nearest_instruction: Nearest | None
    rows: int
    sources: int


def gate(rows: pl.DataFrame, benchmarks: Sequence[Benchmark], limits: Limits) -> Gated:
    """Decide which rows a release may hold.

    Unsafe pairs go first, then overlaps with a benchmark, then near duplicates among the rest: so
    no pair goes for being like one that is not released.
    """
    left = measured(rows, benchmarks)
    dropped = []
    for reason, faulty in _GATES:
        found = faulty(left, limits).unique("id", keep="first", maintain_order=True)
        episodes = found.join(left.select("id", "episode"), on="id", maintain_order="left")
        gone = episodes.select("episode", "detail").unique("episode", keep="first")
        out = left.join(gone, on="episode", maintain_order="left")
        dropped.append(out.select("id", pl.lit(str(reason)).alias("reason"), "detail"))
        left = left.join(gone, on="episode", how="anti", maintain_order="left")
    return Gated(
        kept=left["id"],
        dropped=pl.concat(dropped),
        nearest_image=nearest_image(left),
        nearest_instruction=nearest_instruction(left),
    )


def prove(rows: pl.DataFrame, benchmarks: Sequence[Benchmark], limits: Limits) -> Proof:
    """Measure a release's own rows again; nothing that `gate` noted is used.

    A source without a hash, where there are benchmark images, is a violation as well: nothing is
    proven of it. So is a dialogue that lacks a turn.
    """
    found = measured(rows, benchmarks)
    checks = (*_GATES, (Reason.BAD_ROW, _unproven), (Reason.BAD_ROW, _incomplete))
    return Proof(
        violations=tuple(
            Violation(row_id=row_id, reason=reason, detail=detail)
            for reason, faulty in checks
            for row_id, detail in faulty(found, limits).iter_rows()
        ),
        nearest_image=nearest_image(found),
        nearest_instruction=nearest_instruction(found),
        rows=rows.height,
        sources=rows["root_version_id"].n_unique(),
    )


def _unsafe(rows: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    detail = pl.format("{}, above {}", pl.col("unsafe").round(3), pl.lit(limits.max_unsafe))
    return rows.filter(pl.col("unsafe") > limits.max_unsafe).select("id", detail=detail)


def _on_benchmark_images(rows: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    near = rows.filter(pl.col("bits") <= limits.near_duplicate_bits)
    detail = pl.format("source within {} bits of {}", "bits", "image_case")
    return near.select("id", detail=detail)


def _with_benchmark_prompts(rows: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    alike = rows.filter(pl.col("similarity") > limits.max_instruction_similarity)
    detail = pl.format("instruction {} like {}", pl.col("similarity").round(3), "prompt_case")
    return alike.select("id", detail=detail)


def _near_sources(rows: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """Every pair of a source that is a near duplicate of an earlier one of another group."""
    sources = rows.drop_nulls("hash").unique("root_version_id", keep="first", maintain_order=True)
    first = phash.groups(sources["hash"].to_numpy(), limits.near_duplicate_bits)
    near = sources.select(
        "root_version_id",
        of=sources["root_version_id"].gather(first),
        apart=sources["group"] != sources["group"].gather(first),
    ).filter("apart")
    detail = pl.format("source within {} bits of {}", pl.lit(limits.near_duplicate_bits), "of")
    return rows.join(near, on="root_version_id", maintain_order="left").select("id", detail=detail)


def _repeated(rows: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """Pairs, and whole dialogues, that ask of a source what an earlier one asks of it."""
    del limits
    asked = rows.group_by("episode", maintain_order=True).agg(
        pl.first("id", "root_version_id"), pl.col("words").sort().str.join("\n")
    )
    first = pl.first("id").over("root_version_id", "words")
    detail = pl.format("same source and instruction as {}", "of")
    return (
        asked.with_columns(of=first)
        .filter(pl.col("of") != pl.col("id"))
        .select("id", detail=detail)
    )


def _unproven(rows: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    del limits
    compared = rows["bits"].count() > 0
    unknown = rows.filter(pl.col("hash").is_null() & compared)
    return unknown.select("id", detail=pl.lit("its source has no perceptual hash to compare"))


def _incomplete(rows: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    del limits
    present = pl.len().over("episode")
    detail = pl.format("{} of {} turns are here", present, "turns")
    return (
        rows.with_columns(detail=detail).filter(present != pl.col("turns")).select("id", "detail")
    )


_GATES: tuple[tuple[Reason, Callable[[pl.DataFrame, Limits], pl.DataFrame]], ...] = (
    (Reason.UNSAFE, _unsafe),
    (Reason.BENCHMARK_OVERLAP, _on_benchmark_images),
    (Reason.BENCHMARK_OVERLAP, _with_benchmark_prompts),
    (Reason.NEAR_DUPLICATE, _near_sources),
    (Reason.NEAR_DUPLICATE, _repeated),
)
"""Each gives the `id` and a `detail` of the rows that should not be there."""


def measured(rows: pl.DataFrame, benchmarks: Sequence[Benchmark]) -> pl.DataFrame:
    """The rows with what the gates judge them by.

    Returns:
        The rows and `episode` (shared by the turns of a dialogue), `hash`, `words` (normalised),
        `bits` and `image_case` (the nearest benchmark image), `similarity` and `prompt_case` (the
        nearest prompt). Null where there is nothing to compare.
    """
    found = rows.with_columns(
        pl.when(pl.col("turns") > 1).then("instruction_id").otherwise("id").alias("episode"),
        pl.col("source_phash").str.to_integer(base=16, dtype=pl.UInt64, strict=False).alias("hash"),
        pl.Series("words", [*map(words.normalised, rows["instruction"])], pl.String),
    )
    return _with_prompts(_with_images(found, benchmarks), benchmarks)


def nearest_image(rows: pl.DataFrame) -> Nearest | None:
    """The measured row whose source is nearest to a benchmark image; None if none is known."""
    closest = rows.filter(pl.col("bits") == pl.col("bits").min()).head(1)
    return _as_nearest(closest.select("id", "image_case", "bits"))


def nearest_instruction(rows: pl.DataFrame) -> Nearest | None:
    """The measured row whose instruction is most like a prompt; None if there are no prompts."""
    closest = rows.filter(pl.col("similarity") == pl.col("similarity").max()).head(1)
    return _as_nearest(closest.select("id", "prompt_case", "similarity"))


def _as_nearest(closest: pl.DataFrame) -> Nearest | None:
    if closest.is_empty():
        return None
    row_id, case, value = closest.row(0)
    return Nearest(row_id=row_id, case=case, value=float(value))


def _with_images(rows: pl.DataFrame, benchmarks: Sequence[Benchmark]) -> pl.DataFrame:
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


def _with_prompts(rows: pl.DataFrame, benchmarks: Sequence[Benchmark]) -> pl.DataFrame:
    prompts = [(f"{b.name}/{p.key}", p.text) for b in benchmarks for p in b.prompts]
    if not prompts:
        nothing = {"similarity": pl.lit(None, pl.Float32), "prompt_case": pl.lit(None, pl.String)}
        return rows.with_columns(**nothing)
    cases, texts = zip(*prompts, strict=True)
    others = [*map(words.normalised, texts)]
    similarity, index = words.nearest_normalised(rows["words"].to_list(), others)
    case = pl.Series(cases).gather(index)
    return rows.with_columns(similarity=pl.Series(similarity), prompt_case=case)
