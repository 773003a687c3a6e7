"""A release as an artefact: its rows, its files and its proof."""

from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import polars as pl

from imgedit_assets.artefacts.publishing import Artefact, F
from imgedit_assets.dataset.release_card import card_facts
from imgedit_assets.dataset.release_plan import RELEASE, Plan, originals
from imgedit_assets.dataset.samples import release_samples
from resources.factory import Factory, Progress
from resources.releases.checksums import Digests
from resources.releases.sample import Layout
from resources.releases.write import write_release
from resources.schema import Rendition
from resources.store import Store

LAYOUTS: tuple[Layout, ...] = ("huggingface", "webdataset")
"""What `dataset_release` writes."""

SHELF = "releases"

COLUMNS = ("id", "split", "instruction_id", "instruction", "turns", "source_row_id", "unsafe")


def release(
    factory: Factory,
    plan: Plan,
    layouts: Sequence[Layout] = LAYOUTS,
    *,
    run_id: str = "",
    prove: Callable[[Path], Sequence[F]],
) -> Artefact[F]:
    """A plan as an artefact.

    Args:
        factory: Store and profile.
        plan: What it will hold.
        layouts: How its files are laid out.
        run_id: The run that makes it.
        prove: Looks at its files.
    """
    return Artefact(
        kind=RELEASE,
        shelf=SHELF,
        name=factory.profile.release.name,
        version=plan.version,
        row_ids=tuple(plan.rows["id"]),
        write=partial(_write, factory, plan, layouts=layouts, run_id=run_id),
        prove=prove,
    )


def _write(
    factory: Factory,
    plan: Plan,
    root: Path,
    digests: Digests,
    *,
    layouts: Sequence[Layout],
    run_id: str,
) -> None:
    progress = Progress(asset="dataset_release")
    factory.on_progress(progress.at(total=plan.rows.height))
    facts = card_facts(factory, plan, run_id)
    # Closed: what failed to write one must not leave the next ones in work.
    with closing(release_samples(factory.store, plan.rows)) as samples:
        write_release(
            root,
            digests,
            samples,
            facts=facts,
            layouts=layouts,
            shard_mb=factory.profile.release.shard_mb,
            published_at=datetime.now(UTC).date().isoformat(),
            progress=lambda _: factory.on_progress(progress.at(total=plan.rows.height, advanced=1)),
        )
    # A release adds a fragment for each few dozen pairs; nothing else merges them.
    factory.store.compact([Rendition])


def released_rows(store: Store, folder: Path) -> pl.DataFrame:
    """What a release says of its pairs, with the hashes of their originals.

    Args:
        store: Knows the hashes.
        folder: A release in the layout of `datasets`.
    """
    rows = pl.read_parquet(folder / "data" / "*.parquet", columns=list(COLUMNS))
    known = originals(store).select("source_row_id", "root_version_id", "source_phash", "group")
    return rows.join(known, on="source_row_id", how="left", maintain_order="left")


def torn_groups(rows: pl.DataFrame) -> list[str]:
    """Source images and clips that are in more than one split."""
    splits = rows.drop_nulls("group").group_by("group").agg(pl.col("split").n_unique())
    return splits.filter(pl.col("split") > 1)["group"].sort().to_list()
