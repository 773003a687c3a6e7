"""Turns a line of the graph into a Dagster asset: the glue that every row asset shares."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

import dagster as dg

from imgedit_assets.assets.axes import PARTITIONS_PER_RUN, Keys, partitions_of
from imgedit_assets.assets.columns import column_schema
from imgedit_assets.assets.covered import CoverageError, covered_keys, require_upstream
from imgedit_assets.assets.step_log import keep_apart, told
from imgedit_assets.checks import edit_types as loading
from imgedit_assets.checks.rows import check_specs, evaluate
from imgedit_assets.graph import RowAsset
from imgedit_assets.sample.links import reject_lines
from resources.dagster_factory import FactoryParam
from resources.schema import BenchmarkOutput, JudgeProbe, Partition, RetriedPair, ScoredPair

if TYPE_CHECKING:
    from imgedit_assets.harness import PartitionReport
    from resources.factory import Factory

OWNERS = ["team:imgedit"]

TRAINED_EDITOR = "e1_checkpoint"

_HANDLED = dg.AutomationCondition.newly_requested() | dg.AutomationCondition.newly_updated()

ONCE_MISSING = (
    dg.AutomationCondition.missing().newly_true().since(_HANDLED)
    & ~dg.AutomationCondition.in_progress()
    # An editor that is trained later must not hold up the others of the benchmark.
    & ~dg.AutomationCondition.any_deps_missing().ignore(dg.AssetSelection.assets(TRAINED_EDITOR))
    & ~dg.AutomationCondition.any_deps_in_progress()
).with_label("missing, and not asked for since")
"""`on_missing`, of what was missing before it was first looked at as well. What was asked for and
failed is not asked for again."""


def row_asset(
    line: RowAsset,
    keys: Keys,
    left_out: Sequence[str],
    judged_by: str = "",
    benched: Sequence[str] = (),
) -> dg.AssetsDefinition:
    """The asset of a line of the graph.

    Args:
        line: What it is.
        keys: Those of its axes but `shard`.
        left_out: What is told of edit types that have no key.
        judged_by: The judge variant that the profile's judge is, if it is trained here.
        benched: The editor variants that the benchmark names.
    """
    is_by_edit_type = "edit_type" in line.record.AXES

    @dg.asset(
        name=line.name,
        group_name=line.group,
        partitions_def=partitions_of(line.record, keys),
        description=line.description,
        deps=[*line.record.PARENTS, *_checkpoints(line, judged_by, benched)],
        kinds={"lancedb", *line.kinds},
        owners=OWNERS,
        code_version=line.record.VERSION,
        pool=line.pool,
        # The sensor that acts on it is off until somebody switches it on.
        automation_condition=ONCE_MISSING,
        backfill_policy=dg.BackfillPolicy.multi_run(PARTITIONS_PER_RUN),
        check_specs=[*check_specs(line.name), *loading.check_specs(line.name)],
        metadata={
            "dagster/column_schema": column_schema(line.record),
            **(loading.notes(left_out) if is_by_edit_type else {}),
        },
    )
    def asset(context: dg.AssetExecutionContext, factory: FactoryParam) -> dg.MaterializeResult:  # type: ignore[type-arg]
        reports = _materialised(context, factory, line)
        return dg.MaterializeResult(
            check_results=[
                *evaluate(line.name, reports, factory.profile.checks),
                *loading.evaluate(line.name, factory.edit_type_problems),
            ],
        )

    return asset


def _checkpoints(line: RowAsset, judged_by: str, benched: Sequence[str]) -> list[dg.AssetDep]:
    """The checkpoints of the judge or of the editors that an asset asks."""
    asked, variants = "", list(benched)
    if judged_by and line.record in (ScoredPair, RetriedPair, JudgeProbe):
        asked, variants = "judge_checkpoint", [judged_by]
    elif benched and line.record is BenchmarkOutput:
        asked = TRAINED_EDITOR
    mapping = dg.SpecificPartitionsPartitionMapping(variants)
    return [dg.AssetDep(asked, partition_mapping=mapping)] if asked else []


def _materialised(
    context: dg.AssetExecutionContext, factory: "Factory", line: RowAsset
) -> "list[PartitionReport]":
    """Bring the run's partitions up to date, and tell the UI of each."""
    from imgedit_assets.overlap import materialise_each

    reports: list[PartitionReport] = []
    try:
        keys = covered_keys(context) if line.record.AXES else [""]
        require_upstream(factory.store, line.record, keys)
    except CoverageError as error:
        # The UI shows what a failure says, and of any other error a traceback.
        raise dg.Failure(str(error), allow_retries=False) from None
    keep_apart(context.log)
    with told(factory, context.log):
        # Sorted by edit type first: a run may mix types, and each keeps its models warm.
        places = [Partition(line.name, key) for key in sorted(keys)]
        # Closed: what is raised here holds on to what it was raised in, and partitions would go on.
        with closing(materialise_each(factory, places, run_id=context.run.run_id)) as made:
            for report in made:
                reports.append(report)
                for note in report.notes:
                    context.log.info(note)
                key, shown = report.partition.key, partition_metadata(report)
                context.add_asset_metadata(shown, partition_key=key)
    return reports


def partition_metadata(report: "PartitionReport") -> dict[str, dg.MetadataValue[Any]]:
    """What the UI shows of one materialised partition."""
    shown: dict[str, dg.MetadataValue[Any]] = {}
    if report.sheet:
        encoded = base64.b64encode(report.sheet).decode("ascii")
        markdown = f"![contact sheet](data:image/jpeg;base64,{encoded})"
        shown["contact sheet"] = dg.MetadataValue.md(markdown)
    if report.samples:
        shown["samples"] = dg.MetadataValue.md(report.samples)
    if report.rejected_rows:
        shown["rejected"] = dg.MetadataValue.md(reject_lines(report.rejected_rows))
    if report.notes:
        shown["models"] = dg.MetadataValue.text("\n".join(report.notes))
    return shown | {
        "dagster/partition_row_count": dg.MetadataValue.int(report.rows),
        "rejects": dg.MetadataValue.int(report.rejected),
        "rejects by reason": dg.MetadataValue.text(_listed(report.rejects)),
        **_figures(report.figures),
        "units": dg.MetadataValue.int(report.units),
        "units computed": dg.MetadataValue.int(report.computed),
        **dict(_effort(report)),
    }


def _effort(report: "PartitionReport") -> Iterator[tuple[str, dg.MetadataValue[Any]]]:
    """What the work took; each number is a plot, so nothing of what did not happen."""
    if report.computed:
        yield "seconds", dg.MetadataValue.float(round(report.seconds, 3))
        per_second = report.computed / report.seconds
        yield "units per second", dg.MetadataValue.float(round(per_second, 3))
    if report.gpu_busy_frac is not None:
        yield "device busy share", dg.MetadataValue.float(round(report.gpu_busy_frac, 3))
    if report.cost_usd:
        yield "cost USD", dg.MetadataValue.float(round(report.cost_usd, 4))


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{reason} {n}" for reason, n in counts.items()) or "none"


def _figures(figures: Mapping[str, float]) -> dict[str, dg.MetadataValue[Any]]:
    """The figures in words; one that has an interval is one row, "0.81 (0.74 to 0.87, n = 150)"."""
    shown: dict[str, dg.MetadataValue[Any]] = {}
    bounds = {f"{name}_{end}" for name in figures for end in ("low", "high", "n")}
    for name, value in figures.items():
        if name == "rows" or name in bounds:
            continue
        label = name.replace("_", " ")
        if f"{name}_low" in figures:
            low, high, n = (figures[f"{name}_{end}"] for end in ("low", "high", "n"))
            text = f"{value:.3f} ({low:.3f} to {high:.3f}, n = {n:.0f})"
            shown[label] = dg.MetadataValue.text(text)
        else:
            shown[label] = dg.MetadataValue.float(round(float(value), 4))
    return shown
