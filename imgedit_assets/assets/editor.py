"""The editors that are trained here: both stages of each, and whether filtering pays."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from imgedit_assets.assets.checkpoint import published_checkpoint, shown_picture, teller
from imgedit_assets.assets.covered import covered_keys
from imgedit_assets.assets.rows import OWNERS, TRAINED_EDITOR
from imgedit_assets.graph import GPU
from resources.dagster_factory import FactoryParam

if TYPE_CHECKING:
    from resources.factory import Factory

EDITOR_VARIANT = "editor_variant"
"""The axis of editor variants: the sections [editors.<name>] of the profile."""

CONNECTOR, CHECKPOINT = EDITORS = ("e1_connector_checkpoint", TRAINED_EDITOR)
STUDY = "filtering_study"


def editor_assets(variants: Sequence[str]) -> list[dg.AssetsDefinition]:
    """Both stages of each variant, and the study.

    Args:
        variants: The partition keys.
    """
    partitions = dg.StaticPartitionsDefinition(list(variants))
    # Of every edit type and shard: no dimension of theirs is one of the variants'.
    pairs = [
        dg.AssetDep(name, partition_mapping=dg.AllPartitionMapping())
        for name in ("accepted_pairs", "scored_pairs")
    ]

    @dg.asset(
        name=CONNECTOR,
        group_name="editor",
        partitions_def=partitions,
        deps=pairs,
        kinds={"safetensors"},
        owners=OWNERS,
        pool=GPU,
        description="The first stage of an editor: what connects that which reads with that which "
        "paints, trained by a variant's recipe, [editors.<name>] of the profile, on the pairs of "
        "its data filter but for held-out source images. The same recipe and pairs are not "
        "trained twice; a killed training is continued.",
    )
    def e1_connector_checkpoint(
        context: dg.AssetExecutionContext, factory: FactoryParam
    ) -> dg.MaterializeResult:  # type: ignore[type-arg]
        """Train what is not trained yet."""
        return _trained(context, factory, "connector")

    @dg.asset(
        name=CHECKPOINT,
        group_name="editor",
        partitions_def=partitions,
        deps=[CONNECTOR, *pairs],
        kinds={"safetensors"},
        owners=OWNERS,
        pool=GPU,
        description="An editor, trained from its first stage on the same pairs: weights, recipe "
        "and card, which `models.e1.editor.load_editor` reads. Of a variant that "
        "[[benchmark.editors]] names, outputs and scores are made anew once it is another. The "
        "page shows its losses and what it paints.",
    )
    def e1_checkpoint(
        context: dg.AssetExecutionContext, factory: FactoryParam
    ) -> dg.MaterializeResult:  # type: ignore[type-arg]
        """Train what is not trained yet."""
        return _trained(context, factory, "editor")

    return [e1_connector_checkpoint, e1_checkpoint, filtering_study]


@dg.asset(
    name=STUDY,
    group_name="editor",
    deps=[CHECKPOINT, "benchmark_scores"],
    kinds={"polars"},
    owners=OWNERS,
    description="Does filtering pay? The benchmark's scores of the variants that [filtering_study] "
    "of the profile names, by what they were trained on: mean over seeds with its interval, "
    "difference to the baseline, plot and table. What is not trained or not scored yet is named.",
)
def filtering_study(factory: FactoryParam) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Compute, write, and show."""
    from imgedit_assets.editing.study import publish_study

    made = publish_study(factory)
    return dg.MaterializeResult(
        metadata={
            "study": dg.MetadataValue.md(made.page),
            **({"plot": shown_picture("plot", made.plot)} if made.plot else {}),
            "missing": dg.MetadataValue.md("\n".join(f"- {m}" for m in made.missing) or "none"),
            "figures": dg.MetadataValue.json(dict(made.figures)),
            "report": dg.MetadataValue.path(str(made.folder / "report.md")),
        }
    )


def _trained(
    context: dg.AssetExecutionContext, factory: "Factory", stage: str
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    from imgedit_assets.editing.checkpoint import editor_stages

    for variant in covered_keys(context):
        stages = editor_stages(factory, variant, tell=teller(context, factory, variant))
        training = stages.connector if stage == "connector" else stages.editor
        shown = published_checkpoint(context, factory, training)
        context.add_asset_metadata(
            {**shown, **_told_of(training.folder, training.facts)}, partition_key=variant
        )
    return dg.MaterializeResult()


def _told_of(folder: Path, facts: Any) -> dict[str, Any]:  # noqa: ANN401 - as JSON has it
    """Data, curve and samples of a checkpoint."""
    from imgedit_assets.editing.curves import loss_curve, sample_grid

    said = {name: value for name, value in facts.items() if name != "given"}
    data = ", ".join(f"{name} {value}" for name, value in said.items() if value not in ("", None))
    curve, samples = loss_curve(folder), sample_grid(folder)
    return {
        "trained on": dg.MetadataValue.text(data),
        **({"losses": shown_picture("losses", curve)} if curve else {}),
        **({"samples": shown_picture("samples", samples, "jpeg")} if samples else {}),
    }
