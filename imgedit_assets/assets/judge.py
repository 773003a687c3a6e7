"""The judges that are trained here: their lessons, their checkpoints, and their agreement."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from imgedit_assets.assets.checkpoint import published_checkpoint, shown_picture, teller
from imgedit_assets.assets.covered import covered_keys
from imgedit_assets.assets.rows import OWNERS
from imgedit_assets.graph import GPU
from resources.dagster_factory import FactoryParam

if TYPE_CHECKING:
    from models.judge.lesson import LessonCard
    from resources.factory import Factory

VARIANT = "judge"
"""The axis of judge variants: the sections [judges.<name>] of the profile."""

CORPUS, PREFERENCES = "judge_corpus", "preference_pairs"
CHECKPOINT, AGREEMENT = JUDGES = ("judge_checkpoint", "judge_agreement")


@dg.asset(
    name=CORPUS,
    group_name="judge",
    deps=["edit_pairs"],
    kinds={"parquet"},
    owners=OWNERS,
    description="What judges learn from: pairs with the three scores that they deserve, and why. "
    "Studio pairs as they were painted, as they should be and with flaws of known kind, by the "
    "oracle; and pairs that people rated. Balanced over classes and grades, split by source image; "
    "also as a chat that trainers of vision-language models read.",
)
def judge_corpus(context: dg.AssetExecutionContext, factory: FactoryParam) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Plan, write what is not written yet, and show what each cell holds."""
    from imgedit_assets.artefacts.publishing import publish
    from imgedit_assets.judging.corpus import corpus_artefact, corpus_lessons, plan_corpus

    plan = plan_corpus(factory)
    made = publish(factory, corpus_artefact(factory, plan), run_id=context.run.run_id)
    cards = corpus_lessons(factory, made.folder).cards
    return dg.MaterializeResult(
        metadata={
            "corpus": dg.MetadataValue.path(str(made.folder)),
            "megabytes": round(made.n_bytes / 1e6, 1),
            **corpus_metadata(cards, factory.profile.judge_corpus.most_per_cell, plan.notes),
        }
    )


@dg.asset(
    name=PREFERENCES,
    group_name="dataset",
    deps=[CORPUS, "retried_pairs", "accepted_pairs"],
    kinds={"parquet"},
    owners=OWNERS,
    description="Two results of one source and instruction, of which one deserves more, with the "
    "margin and what is wrong with the other: by the oracle's word, and where an instruction has "
    "further results by the judge's. In the layouts that trainers by direct preference read, of "
    "diffusion models and of vision-language judges.",
)
def preference_pairs(
    context: dg.AssetExecutionContext, factory: FactoryParam
) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Pair the lessons of the last corpus and the judged results; write what is not written yet."""
    from imgedit_assets.artefacts.publishing import publish
    from imgedit_assets.judging.corpus import current_corpus
    from imgedit_assets.judging.preferences import by_kind, plan_preferences, preference_artefact

    plan = plan_preferences(factory, current_corpus(factory))
    made = publish(factory, preference_artefact(factory, plan), run_id=context.run.run_id)
    return dg.MaterializeResult(
        metadata={
            "preferences": dg.MetadataValue.path(str(made.folder)),
            "pairs": len(plan.found),
            "megabytes": round(made.n_bytes / 1e6, 1),
            "by failure": _listed(by_kind(plan.found)),
        }
    )


def corpus_metadata(
    cards: "Sequence[LessonCard]", most: int, notes: Sequence[str]
) -> dict[str, dg.MetadataValue[Any]]:
    """What the UI shows of a corpus: how many lessons of which kind, and what is short."""
    from collections import Counter

    from benchmark.ordinal import GRADES
    from imgedit_assets.dataset.report_markdown import table
    from imgedit_assets.judging.balance import counts, shortfall
    from models.judge.lesson import is_held_out

    cells = counts(cards)
    classes = list(dict.fromkeys(name for name, _ in cells))
    by_grade = [[name, *(str(cells[name, grade]) for grade in GRADES)] for name in classes]
    short = shortfall(cells, most)
    return {
        "lessons": dg.MetadataValue.int(len(cards)),
        "held out": dg.MetadataValue.int(sum(is_held_out(card.group) for card in cards)),
        "sources": dg.MetadataValue.int(len({card.group for card in cards})),
        "by class and grade": dg.MetadataValue.md(
            table(["learnt from", *map(str, GRADES)], by_grade)
        ),
        "short cells": dg.MetadataValue.md("\n".join(f"- {line}" for line in short) or "none"),
        "by kind": _listed(Counter(card.kind for card in cards)),
        "by origin": _listed(Counter(str(card.origin) for card in cards)),
        "notes": dg.MetadataValue.md("\n".join(f"- {note}" for note in notes) or "none"),
    }


def judge_assets(variants: Sequence[str]) -> list[dg.AssetsDefinition]:
    """The corpus, the preferences, and what is made of it for each variant.

    Args:
        variants: The partition keys.
    """
    partitions = dg.StaticPartitionsDefinition(list(variants))

    @dg.asset(
        name=CHECKPOINT,
        group_name="judge",
        partitions_def=partitions,
        deps=[CORPUS],
        kinds={"safetensors"},
        owners=OWNERS,
        pool=GPU,
        description="A judge that was trained by a variant's recipe, [judges.<name>] of the "
        "profile: weights, recipe and card. The same recipe and corpus are not trained twice; a "
        'killed training is continued. `[roles.judge] backend = "trained"` scores pairs by it.',
    )
    def judge_checkpoint(
        context: dg.AssetExecutionContext, factory: FactoryParam
    ) -> dg.MaterializeResult:  # type: ignore[type-arg]
        """Train what is not trained yet."""
        for variant in covered_keys(context):
            found = _trained(context, factory, variant)
            context.add_asset_metadata(found, partition_key=variant)
        return dg.MaterializeResult()

    @dg.asset(
        name=AGREEMENT,
        group_name="judge",
        partitions_def=partitions,
        deps=[CHECKPOINT, CORPUS],
        kinds={"polars"},
        owners=OWNERS,
        description="How far a variant agrees with the oracle and with people on source images "
        "that no judge learnt from, beside the metric judge and judges that look at next to "
        "nothing. The figures `spearman_<variant>_<set>`, `within_one_<variant>_<set>` and "
        "`ece_<variant>_<set>` are plotted over time.",
    )
    def judge_agreement(
        context: dg.AssetExecutionContext, factory: FactoryParam
    ) -> dg.MaterializeResult:  # type: ignore[type-arg]
        """Try, write the report, and show."""
        for variant in covered_keys(context):
            found = _agreed(factory, variant)
            context.add_asset_metadata(found, partition_key=variant)
        return dg.MaterializeResult()

    return [judge_corpus, preference_pairs, judge_checkpoint, judge_agreement]


def _trained(context: dg.AssetExecutionContext, factory: "Factory", variant: str) -> dict[str, Any]:
    from imgedit_assets.judging.checkpoint import judge_training

    corpus = _corpus(factory)
    tell = teller(context, factory, variant)
    training = judge_training(factory, variant, corpus, tell=tell)
    found = published_checkpoint(context, factory, training)
    return {"corpus": dg.MetadataValue.path(str(corpus)), **found}


def _agreed(factory: "Factory", variant: str) -> dict[str, dg.MetadataValue[Any]]:
    from imgedit_assets.judging.agreement_report import publish_agreement
    from imgedit_assets.judging.checkpoint import current_checkpoint

    if (checkpoint := current_checkpoint(factory, variant)) is None:
        msg = f"{variant} is not trained yet: materialise judge_checkpoint of {variant} first"
        raise dg.Failure(msg, allow_retries=False)
    made = publish_agreement(factory, variant, _corpus(factory), checkpoint)
    return {
        "trial": dg.MetadataValue.text(f"failed: {made.problem}" if made.problem else "passed"),
        "agreement": dg.MetadataValue.md(made.table),
        "by class": dg.MetadataValue.md(made.by_class),
        **{name: shown_picture(name, drawn) for name, drawn in made.plots.items()},
        **{
            name: dg.MetadataValue.float(round(value, 4))
            for name, value in made.figures.items()
            if not name.endswith(("_low", "_high", "_n"))
        },
        "figures": dg.MetadataValue.json(dict(made.figures)),
        "report": dg.MetadataValue.path(str(made.folder / "report.md")),
    }


def _corpus(factory: "Factory") -> Path:
    from imgedit_assets.judging.corpus import current_corpus

    if (found := current_corpus(factory)) is None:
        msg = "there is no corpus to learn from: materialise judge_corpus first"
        raise dg.Failure(msg, allow_retries=False)
    return found


def _listed(counts: Mapping[str, int]) -> dg.MetadataValue[Any]:
    said = ", ".join(f"{name} {n}" for name, n in sorted(counts.items())) or "none"
    return dg.MetadataValue.text(said)
