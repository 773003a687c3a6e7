"""The release: what leaves the graph, with the proof that it may."""

from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from imgedit_assets.assets.rows import OWNERS
from resources.dagster_factory import FactoryParam
from resources.releases.latest import LATEST, point_nowhere

if TYPE_CHECKING:
    from imgedit_assets.dataset.release_plan import Plan
    from resources.factory import Factory

NAME = "dataset_release"

CHECKS = [
    dg.AssetCheckSpec(
        "decontaminated",
        asset=NAME,
        blocking=True,
        description="Measured on the files as written: no source and no instruction is a near "
        "duplicate of a case of the benchmarks that the profile names, or of another pair.",
    ),
    dg.AssetCheckSpec(
        "one_split_each",
        asset=NAME,
        blocking=True,
        description="No source image, and no clip, is in two splits.",
    ),
]


@dg.asset(
    name=NAME,
    group_name="dataset",
    deps=["accepted_pairs"],
    kinds={"parquet", "huggingface"},
    owners=OWNERS,
    check_specs=CHECKS,
    description="The accepted pairs that pass the gates, as files that load at the first try: "
    "Parquet for `datasets.load_dataset`, a WebDataset twin, Croissant metadata, checksums and a "
    "card. Under `releases/` of the home, `latest` being the last; the same rows are not written "
    "twice. `imgedit verify` checks one, `imgedit export` writes others.",
)
def dataset_release(
    context: dg.AssetExecutionContext, factory: FactoryParam
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Plan, write what is not written yet, and prove it."""
    from imgedit_assets.artefacts.publishing import publish
    from imgedit_assets.artefacts.staleness import stale
    from imgedit_assets.dataset.release import SHELF, release
    from imgedit_assets.dataset.release_plan import plan_release, thin_splits

    plan = plan_release(factory)
    dropped = Counter(plan.gated.dropped["reason"].to_list())
    shown: dict[str, Any] = {
        "pairs": plan.rows.height,
        "left out by reason": ", ".join(f"{r} {n}" for r, n in dropped.items()) or "none",
    }
    if plan.rows.is_empty():
        point_nowhere(factory.home.folder / SHELF / LATEST)
        return dg.MaterializeResult(
            metadata={**shown, "release": "nothing to release: no accepted pair passed the gates"},
            check_results=[dg.AssetCheckResult(check_name=c.name, passed=True) for c in CHECKS],
        )
    run_id = context.run.run_id
    proof = partial(_proof, factory, plan)
    made = publish(factory, release(factory, plan, run_id=run_id, prove=proof), run_id=run_id)
    return dg.MaterializeResult(
        metadata={
            "release": dg.MetadataValue.path(str(made.folder))
            if made.is_proven
            else "a check failed: it is not put into its place, or `latest` not set to it",
            **shown,
            "megabytes": round(made.n_bytes / 1e6, 1),
            "by class and split": _by_class(plan),
            "held out": thin_splits(plan.rows, factory.profile.release) or "enough of each split",
            "stale": ", ".join(held.name for held in stale(factory.store)) or "none",
        },
        check_results=made.findings,
    )


def _by_class(plan: "Plan") -> dg.MetadataValue[Any]:
    counts = plan.rows.group_by("edit_type", "split").len().pivot("split", index="edit_type")
    rows = counts.fill_null(0).rename({"edit_type": "class"}).sort("class")
    return dg.MetadataValue.table(
        [dg.TableRecord(dict(row)) for row in rows.iter_rows(named=True)],
        schema=dg.TableSchema(
            [dg.TableColumn(n, "string" if n == "class" else "int") for n in rows.columns]
        ),
    )


def _proof(factory: "Factory", plan: "Plan", folder: Path) -> list[dg.AssetCheckResult]:
    from imgedit_assets.dataset.gates import prove
    from imgedit_assets.dataset.release import released_rows, torn_groups
    from imgedit_assets.dataset.release_card import nearest_in_words

    rows = released_rows(factory.store, folder)
    proof, torn = prove(rows, plan.benchmarks, plan.limits), torn_groups(rows)
    nearest = "; ".join(nearest_in_words(proof.nearest_image, proof.nearest_instruction))
    found = [f"{v.row_id}: {v.reason}: {v.detail}" for v in proof.violations]
    unread = [f"{b.name}: {problem}" for b in plan.benchmarks for problem in b.problems]
    against = ", ".join(b.name for b in plan.benchmarks) or "no benchmark: none is named"
    return [
        dg.AssetCheckResult(
            check_name="decontaminated",
            passed=not found,
            description=f"{proof.rows} pairs of {proof.sources} sources against {against}",
            metadata={
                "nearest": nearest or "nothing to compare with",
                "violations": "\n".join(found[:20]) or "none",
                "benchmark cases that could not be read": "\n".join(unread) or "none",
            },
        ),
        dg.AssetCheckResult(
            check_name="one_split_each",
            passed=not torn,
            description=f"{len(torn)} sources are in two splits",
            metadata={"torn": ", ".join(torn[:20]) or "none"},
        ),
    ]
