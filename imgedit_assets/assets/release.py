"""The release: what leaves the graph, with the proof that it may."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from imgedit_assets.assets.rows import OWNERS
from resources.dagster_factory import FactoryParam
from resources.locks import held
from resources.releases.latest import point_nowhere, point_to

if TYPE_CHECKING:
    from imgedit_assets.dataset.release import Plan
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
    from imgedit_assets.dataset.release import plan_release, record, release_folder

    plan = plan_release(factory)
    dropped = Counter(plan.gated.dropped["reason"].to_list())
    shown: dict[str, Any] = {
        "pairs": plan.rows.height,
        "left out by reason": ", ".join(f"{r} {n}" for r, n in dropped.items()) or "none",
    }
    folder = release_folder(factory, plan)
    if plan.rows.is_empty():
        point_nowhere(folder.with_name("latest"))
        return dg.MaterializeResult(
            metadata={**shown, "release": "nothing to release: no accepted pair passed the gates"},
            check_results=[dg.AssetCheckResult(check_name=c.name, passed=True) for c in CHECKS],
        )
    _write_once(factory, plan, folder, context.run.run_id)
    # Also of a run that was killed between writing and noting.
    record(factory, plan, folder, run_id=context.run.run_id)
    proof = _proven(factory, plan, folder)
    if all(result.passed for result in proof):
        point_to(folder.with_name("latest"), folder)
    return dg.MaterializeResult(
        metadata={
            "release": dg.MetadataValue.path(str(folder)),
            **shown,
            "megabytes": sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / 1e6,
            "by class and split": _by_class(plan),
        },
        check_results=proof,
    )


def _write_once(factory: "Factory", plan: "Plan", folder: Path, run_id: str) -> None:
    """Write the release where it is not there yet; waits for another run that writes it."""
    from imgedit_assets.dataset.release import LAYOUTS, write

    if folder.is_dir():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Not the lock of the export itself: of two runs, the second must find the first one's folder.
    lock = folder.with_name(f".{folder.name}.once.lock")
    with held(lock, f"the release {folder.name}", tell=factory.journal.warn):
        if not folder.is_dir():
            write(factory, plan, folder, LAYOUTS, run_id=run_id)


def _by_class(plan: "Plan") -> dg.MetadataValue[Any]:
    counts = plan.rows.group_by("edit_type", "split").len().pivot("split", index="edit_type")
    rows = counts.fill_null(0).rename({"edit_type": "class"}).sort("class")
    return dg.MetadataValue.table(
        [dg.TableRecord(dict(row)) for row in rows.iter_rows(named=True)],
        schema=dg.TableSchema(
            [dg.TableColumn(n, "string" if n == "class" else "int") for n in rows.columns]
        ),
    )


def _proven(factory: "Factory", plan: "Plan", folder: Path) -> list[dg.AssetCheckResult]:
    from imgedit_assets.dataset.gates import prove
    from imgedit_assets.dataset.release_card import nearest_in_words
    from imgedit_assets.dataset.released import released_rows, torn_groups

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
