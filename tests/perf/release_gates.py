"""Writing a release against a bare Parquet writer."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from gates import Measured, alternating, seconds

from resources.releases.card import CardFacts
from resources.releases.checksums import Digests
from resources.releases.columns import parquet_schema
from resources.releases.folder import staged
from resources.releases.huggingface import GROUP_BYTES
from resources.releases.sample import IMAGE_COLUMNS, EncodedImage, ReleaseSample
from resources.releases.write import write_release

SAMPLES = 160
SOURCE_BYTES, TARGET_BYTES, MASK_BYTES = 600_000, 1_200_000, 6_000
"""A JPEG, a lossless WebP and a mask of a 2-megapixel photograph."""

FACTS = CardFacts(
    name="gate",
    version="1.0.0",
    summary="Random bytes.",
    profile="none",
    backends=(),
    funnel=(),
    known_errors=(),
    gates=(),
    limits=(),
    command="python tests/perf/gates.py export",
    run_id="",
)


def _sample(number: int) -> ReleaseSample:
    def image(n_bytes: int) -> EncodedImage:
        return EncodedImage.of(os.urandom(n_bytes), format="webp", width=1600, height=1200)

    return ReleaseSample(
        id=f"{number:016x}",
        split="train",
        edit_type="remove",
        instruction="Remove the small dog on the left, near the lower edge of the image.",
        turn=1,
        turns=1,
        dialogue_id="",
        source=image(SOURCE_BYTES),
        target=image(TARGET_BYTES),
        reference=None,
        previous=None,
        mask=image(MASK_BYTES),
        masks=("Xm3P0W2" * 100,),
        boxes=(),
        grow_px=8,
        adherence=5.0,
        quality=4.0,
        preservation=4.5,
        score=4.5,
        dialogue_score=4.5,
        reason="gone, and the ground behind it is whole",
        judge="metric",
        changed_frac=0.1,
        unsafe=0.01,
        seed=number,
        painter="classical",
        writer="grammar",
        pair_id=f"{number:016x}",
        instruction_id=f"{number:016x}",
        image_id=f"{number:016x}",
        source_row_id=f"{number:016x}",
        run_id="0" * 36,
        recipes="{}" * 500,
        source_uri=f"file:///photographs/{number}.jpg",
        source_sha256=f"{number:064x}",
        licence="CC-BY-4.0",
        attribution="Somebody",
    )


def export() -> Iterator[Measured]:
    """A whole release with card, metadata and checksums, against a bare writer of its rows.

    Samples are encoded and their images' digests known, as they come from the store; what is
    hashed here is every file, in a second thread. The bare writer gets finished rows and groups of
    the same size, and has its usual settings; the detail also tells what it does with ours, which
    neither compress images nor look for repeats among them.
    """
    samples = [_sample(number) for number in range(SAMPLES)]
    rows = [_row(sample) for sample in samples]
    n_bytes = sum(sample.n_bytes for sample in samples)
    with TemporaryDirectory() as folder:
        release, bare = Path(folder) / "release", Path(folder) / "bare.parquet"

        def ours() -> float:
            shutil.rmtree(release, ignore_errors=True)
            return seconds(lambda: _release(release, samples))

        def theirs() -> float:
            bare.unlink(missing_ok=True)
            return seconds(lambda: _bare(bare, rows))

        def plain() -> float:
            bare.unlink(missing_ok=True)
            return seconds(lambda: _bare(bare, rows, compression="NONE", use_dictionary=False))

        mine, usual = alternating(ours, theirs)
        again, uncompressed = alternating(ours, plain)
    detail = (
        f"{n_bytes / mine / 1e6:.0f} against {n_bytes / usual / 1e6:.0f} MB/s; "
        f"uncompressed {uncompressed / again:.2f}"
    )
    yield Measured(name="export", ratio=usual / mine, detail=detail)


def _release(folder: Path, samples: list[ReleaseSample]) -> None:
    with staged(folder) as root, Digests(root) as digests:
        write_release(
            root,
            digests,
            samples,
            facts=FACTS,
            layouts=("huggingface",),
            shard_mb=500,
            published_at="2026-01-01",
        )
        digests.write_sums()


def _row(sample: ReleaseSample) -> dict[str, object]:
    images = dict(sample.images())
    cells = {
        name: {"bytes": images[name].payload, "path": None} if name in images else None
        for name in IMAGE_COLUMNS
    }
    return {**sample.values(), **cells}


def _bare(path: Path, rows: list[dict[str, object]], **settings: Any) -> None:
    size = GROUP_BYTES // (SOURCE_BYTES + TARGET_BYTES)
    with pq.ParquetWriter(path, parquet_schema(), **settings) as writer:
        for start in range(0, len(rows), size):
            writer.write_table(pa.Table.from_pylist(rows[start : start + size], parquet_schema()))
