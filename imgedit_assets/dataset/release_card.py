"""What the card of a release says: backends, funnel, known errors, gates and limits."""

import json
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from imgedit_assets.dataset.gates import Nearest
from imgedit_assets.dataset.release_plan import Plan, thin_splits
from imgedit_assets.graph import GRAPH
from imgedit_assets.stages.agreement import (
    CRITERIA,
    agreement_figures,
    in_words,
    left_out,
    listed,
    measured,
    thresholds,
)
from imgedit_assets.stages.masks import Masks
from imgedit_assets.stages.probes import JudgeProbes
from imgedit_assets.stages.scores import ScoredPairs
from imgedit_assets.tally import tally
from resources.backends import BACKENDS, about
from resources.factory import Factory
from resources.releases.card import Backend, CardFacts, Figure, FunnelRow, Gate
from resources.schema import (
    ASSET_ROWS,
    Dialogue,
    EditPair,
    Instruction,
    MeasuredRegion,
    RecipeRow,
    RetriedPair,
    Row,
)
from resources.store import Store

AGREEMENT = {
    "spearman": "rank correlation of the judge with the oracle",
    "precision": "precision of the judge at {thresholds}",
    "recall": "recall of the judge at {thresholds}",
}
MEASURED: dict[type[JudgeProbes | ScoredPairs], str] = {
    JudgeProbes: "studio results of known flaw",
    ScoredPairs: "painted studio pairs",
}

ROLES = {name: role for name, line in GRAPH.items() if (role := line.load().role)}
"""The role whose backend makes an asset's rows."""

MADE_BY = {
    EditPair.TABLE: "painter",
    RetriedPair.TABLE: "painter",
    Instruction.TABLE: "writer",
    Dialogue.TABLE: "writer",
    MeasuredRegion.TABLE: "crop_score",
}
"""Columns that tell whether a row's backend had a part in it: rows beside its own came as they are,
or are of a kind that it does not look at."""

CAME_SO = ("as it came", "imported")
"""What stands there for rows that no backend made; null does as well."""


def card_facts(factory: Factory, plan: Plan, run_id: str) -> CardFacts:
    """Everything but the counts, which are taken of the files as they are written."""
    profile = factory.profile
    backends = played(factory.store, plan.rows["id"])
    return CardFacts(
        name=profile.release.name,
        version=plan.version,
        summary=f"Image-editing pairs (source, instruction, target) made by the profile "
        f"{profile.name}: {profile.description or 'no description'}.",
        profile=profile.name,
        backends=tuple(backends),
        funnel=tuple(_funnel(factory, plan)),
        known_errors=tuple(_known_errors(factory)),
        gates=tuple(_gates(plan)),
        limits=tuple(_limits(factory, plan, backends)),
        command=f"imgedit run --profile {shlex.quote(profile.name)}",
        run_id=run_id or "by hand",
    )


def _funnel(factory: Factory, plan: Plan) -> Iterator[FunnelRow]:
    for asset, counts in tally(factory.store.counted()).assets.items():
        if counts.units:
            yield FunnelRow(
                stage=asset,
                rows_in=counts.units,
                rows_out=counts.rows,
                rejects=_listed(counts.rejects),
            )
    gone = Counter(plan.gated.dropped["reason"].to_list())
    yield FunnelRow(
        stage="dataset_release",
        rows_in=plan.rows.height + plan.gated.dropped.height,
        rows_out=plan.rows.height,
        rejects=_listed(gone),
    )


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{reason} {n}" for reason, n in counts.items())


def _known_errors(factory: Factory) -> Iterator[Figure]:
    """What is measured against the studio's truth."""
    accept = factory.profile.accept
    for stage, on in MEASURED.items():
        columns = ["edit_type", *CRITERIA, "oracle_failure"]
        frame = measured(factory.store.frame(stage.record.TABLE, columns))
        figures = agreement_figures(frame, accept)
        classes = listed(set(frame["edit_type"]))
        for name, words in AGREEMENT.items():
            if name in figures:
                yield Figure(
                    name=words.format(thresholds=in_words(thresholds(accept))),
                    value=f"{figures[name]:.2f}",
                    interval=_interval(figures, name),
                    n=int(figures[f"{name}_n"]),
                    method=f"against the studio's oracle, {on}: {classes}",
                )
    masks = factory.store.frame(Masks.record.TABLE, ["truth_iou", "kind"]).drop_nulls("truth_iou")
    if masks.height:
        iou = masks["truth_iou"].to_numpy()
        yield Figure(
            name="mean IoU of masks",
            value=f"{iou.mean():.3f}",
            interval="",
            n=masks.height,
            method="against the studio's masks",
        )


def _interval(figures: Mapping[str, float], name: str) -> str:
    """Of three pairs a rank correlation has none."""
    if f"{name}_low" not in figures:
        return ""
    return f"{figures[f'{name}_low']:.2f} to {figures[f'{name}_high']:.2f}"


def _gates(plan: Plan) -> Iterator[Gate]:
    gone = Counter(plan.gated.dropped["reason"].to_list())
    names = ", ".join(b.name for b in plan.benchmarks)
    yield Gate(
        name="safety",
        rule=f"probability of not being safe for work at most {plan.limits.max_unsafe}",
        result=f"{gone['unsafe']} pairs left out",
        nearest="",
    )
    yield Gate(
        name="near duplicates",
        rule=f"no two sources within {plan.limits.near_duplicate_bits} of 64 bits; "
        "no source with the same instruction twice",
        result=f"{gone['near_duplicate']} pairs left out",
        nearest="",
    )
    yield Gate(
        name="decontamination",
        rule=f"no source within {plan.limits.near_duplicate_bits} bits and no instruction more "
        f"similar than {plan.limits.max_instruction_similarity} to a case of: {names or 'none'}",
        result=f"{gone['benchmark_overlap']} pairs left out"
        if plan.benchmarks
        else "no benchmark was named: nothing is proven",
        nearest="; ".join(
            nearest_in_words(plan.gated.nearest_image, plan.gated.nearest_instruction)
        ),
    )


def nearest_in_words(image: Nearest | None, instruction: Nearest | None) -> Iterator[str]:
    """How near the release comes to a benchmark."""
    if image:
        yield f"image {image.case}: {image.value:.0f} bits ({image.row_id})"
    if instruction:
        yield f"prompt {instruction.case}: {instruction.value:.2f} ({instruction.row_id})"


def _limits(factory: Factory, plan: Plan, backends: Sequence[Backend]) -> Iterator[str]:
    names = {(backend.role, backend.backend.partition(" ")[0]) for backend in backends}
    if ("judge", "metric") in names:
        yield (
            "The judge is a metric, no vision-language model: it measures pixels, so a wrong "
            "object in the right colours escapes it."
        )
    if ("painter", "classical") in names:
        yield "Edits were painted by classical image processing, no generative model."
    if old := sorted(set(plan.rows["edit_type"]) - set(factory.edit_types)):
        yield (
            f"No edit-type file declares {', '.join(old)}: a class that was renamed stands here "
            "under both names until `imgedit forget --edit-type` retires the old one."
        )
    if unmeasured := left_out(factory.edit_types):
        yield unmeasured
    if thin := thin_splits(plan.rows, factory.profile.release):
        yield thin
    yield (
        "Near duplicates are what a perceptual hash shows: another crop or view of a scene is not "
        "found."
    )
    yield "Licences are as the sources state them; nobody has checked them."


def played(store: Store, pairs: pl.Series) -> list[Backend]:
    """The backends that had a part in the rows that some accepted pairs come from, by role.

    Args:
        store: Where the rows are.
        pairs: The ids of the pairs.
    """
    recipes = store.by_ids(RecipeRow, sorted(_recipe_ids(store, pairs)))
    found = {(b.role, b.backend, b.model): b for r in recipes.values() for b in _told(r)}
    order = list(BACKENDS)
    return sorted(found.values(), key=lambda b: (order.index(b.role), b.backend, b.model))


def _recipe_ids(store: Store, pairs: pl.Series) -> set[str]:
    """Of the pairs and of all their ancestors."""
    wanted, found = pairs, set[str]()
    # Rows stand after their parents there, so one look at each table is enough.
    for record in reversed(ASSET_ROWS.values()):
        rows = _lineage(store, record).filter(pl.col("id").is_in(wanted.implode()))
        found |= set(rows.filter("is_made")["recipe_id"])
        wanted = pl.concat([wanted, rows["parent_ids"].explode().drop_nulls()]).unique()
    return found


def _lineage(store: Store, record: type[Row]) -> pl.DataFrame:
    """`id`, `parent_ids`, `recipe_id` and `is_made` of every row."""
    maker = MADE_BY.get(record.TABLE, "recipe_id")
    columns = list(dict.fromkeys(("id", "parent_ids", "recipe_id", maker)))
    told = pl.col(maker).cast(pl.String)
    made = told.is_not_null() & ~told.is_in(CAME_SO)
    return store.table_frame(record, columns).with_columns(is_made=made)


def _told(row: RecipeRow) -> Iterator[Backend]:
    """The backends that a recipe names: the asset's own, and others under the names of roles."""
    recipe = json.loads(row.json)
    params: Mapping[str, Any] = recipe["params"]
    if recipe["backend"] and (role := ROLES.get(recipe["stage"])):
        yield _backend(role, recipe["backend"], params.get("backend", {}))
    for role in BACKENDS.keys() & params.keys():
        name, version, own = params[role]
        yield _backend(role, f"{name} {version}", own)


def _backend(role: str, named: str, params: Mapping[str, Any]) -> Backend:
    return Backend(
        role=role,
        backend=named,
        model=", ".join(dict.fromkeys(_models(params))),
        about=about(role, named.partition(" ")[0]),
    )


def _models(said: object) -> Iterator[str]:
    """Every model that parameters name, however deep: "SDXL at 5f3c…" or "gpt-4.1"."""
    if isinstance(said, list):
        for one in said:
            yield from _models(one)
    if isinstance(said, Mapping):
        if "checkpoint" in said:
            yield f"{said['checkpoint']} at {said['revision']}"
        if isinstance(model := said.get("model"), str):
            yield model
        for one in said.values():
            yield from _models(one)
