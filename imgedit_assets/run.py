"""Running everything: register sources, then materialise the graph, layer by layer.

The command line, the `everything` job and the tests all come through here.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache

import dagster as dg

from imgedit_assets.assets.build import DATASET, axis_keys
from imgedit_assets.assets.editor import STUDY
from imgedit_assets.assets.leaderboard import LEADERBOARD
from imgedit_assets.graph import BENCHMARK, GRAPH
from imgedit_assets.judging.checkpoint import current_checkpoint
from imgedit_assets.judging.corpus import current_corpus
from imgedit_assets.making import STATE, made_of, make
from imgedit_assets.sample.quarantine import active
from imgedit_assets.spans import (
    Axes,
    Stretch,
    made_keys,
    missing_stretches,
    stretches_of,
    wanted_stretches,
)
from imgedit_assets.training import run_editors, run_judges, unready_editors
from imgedit_assets.up_to_date import up_to_date
from imgedit_assets.wanted import Outcome, Wanted, ingest, wanted_edit_types
from resources.benchmarks import stamp_of_benchmark
from resources.factory import Factory
from resources.recipes import digest
from resources.registration import registered_shards
from resources.releases.latest import latest_of
from resources.schema import AcceptedPair, Head, JudgeProbe, Partition, RetriedPair, ScoredPair

_NOT_OF_PAIRS = {"benchmark", "judges", "judge_corpus", "editors", "filtering_study"}
"""Sections of the profile that decide nothing of statistics and release."""

JUDGED = frozenset({ScoredPair.TABLE, RetriedPair.TABLE, AcceptedPair.TABLE, JudgeProbe.TABLE})
"""What rests on the verdicts of the profile's judge."""


def run_everything(factory: Factory, instance: dg.DagsterInstance, wanted: Wanted) -> Outcome:
    """Ingest what is wanted and materialise every asset of its shards and edit types.

    Raises:
        ImgEditError: A source cannot be listed, or an edit type is unknown.
        KeyboardInterrupt: Dagster was interrupted; what was finished is kept.
    """
    types = wanted_edit_types(factory, wanted)
    outcome = ingest(factory, instance, wanted)
    outcome.edit_types = types
    chosen = {"shard": outcome.shards, "edit_type": types}
    variant = factory.profile.judged_by
    if variant:
        # The judge learns from pairs, and scores them once it has.
        make(factory, instance, _unjudged(_wanted(factory, instance, chosen)), outcome)
        if wanted.benchmark or current_checkpoint(factory, variant) is None:
            run_judges(factory, instance, outcome)
    make(factory, instance, _wanted(factory, instance, chosen), outcome)
    if wanted.benchmark and not variant:
        run_judges(factory, instance, outcome)
    if wanted.dataset:
        _make_dataset(factory, instance, outcome)
    if wanted.benchmark:
        run_editors(factory, instance, outcome)
        run_benchmark(factory, instance, outcome)
    return outcome


def run_benchmark(
    factory: Factory,
    instance: dg.DagsterInstance,
    outcome: Outcome | None = None,
    *,
    editors: Collection[str] = (),
) -> Outcome:
    """Bring editors of the profile up to date on every suite, the leaderboard, and the study.

    One that is to be trained here, and was not yet, is left out: the leaderboard says so.

    Args:
        factory: Store and profile.
        instance: Of Dagster.
        outcome: Where what failed is noted; a new one if None.
        editors: Their names; all if empty.

    Raises:
        KeyboardInterrupt: Dagster was interrupted; what was finished is kept.
    """
    outcome = outcome or Outcome()
    keys = _benched(factory, editors)
    if all(keys.values()):
        make(factory, instance, _wanted(factory, instance, keys), outcome)
        _make_leaderboard(factory, instance, outcome)
    return outcome


def _benched(factory: Factory, editors: Collection[str] = ()) -> Axes:
    """The benchmark's keys, without editors that cannot be asked yet."""
    keys, unready = factory.profile.benchmark.keys, unready_editors(factory)
    wanted = [e for e in keys["editor"] if e not in unready and (not editors or e in editors)]
    return {**keys, "editor": wanted}


def backfill(factory: Factory, instance: dg.DagsterInstance) -> Outcome:
    """Materialise what failed, was never made or was forgotten, of every registered shard.

    Of judges and editors those that were never trained or tried.

    Raises:
        KeyboardInterrupt: Dagster was interrupted; what was finished is kept.
    """
    types = wanted_edit_types(factory, Wanted())
    outcome = Outcome(shards=registered_shards(factory.store), edit_types=types)
    instance.add_dynamic_partitions("shard", outcome.shards)
    axes = _axes(factory, instance)
    pairs = {axis: axes[axis] for axis in axes.keys() - factory.profile.benchmark.keys.keys()}
    layers = missing_stretches(instance, pairs, _there(factory))
    judged_by = factory.profile.judged_by
    make(factory, instance, _unjudged(layers) if judged_by else layers, outcome)
    run_judges(factory, instance, outcome, only_missing=True)
    if judged_by:
        make(factory, instance, missing_stretches(instance, pairs, _there(factory)), outcome)
    _make_dataset(factory, instance, outcome)
    run_editors(factory, instance, outcome, only_missing=True)
    if all((keys := _benched(factory)).values()):
        make(factory, instance, missing_stretches(instance, keys, _there(factory)), outcome)
        _make_leaderboard(factory, instance, outcome)
    return outcome


def refresh_accepted(
    factory: Factory, instance: dg.DagsterInstance, keys: Collection[str]
) -> Outcome:
    """Bring partitions of `accepted_pairs`, given by their keys, up to date."""
    accepted = AcceptedPair.TABLE
    outcome = Outcome(shards=sorted({Partition(accepted, key).shard for key in keys}))
    axes = _axes(factory, instance)
    # A home from before there were further results has none to choose from yet.
    unmade = set(keys) - _there(factory)[RetriedPair.TABLE]
    layers = [stretches_of(RetriedPair.TABLE, axes, unmade), stretches_of(accepted, axes, keys)]
    make(factory, instance, layers, outcome)
    return outcome


def _there(factory: Factory) -> dict[str, set[str]]:
    """The partition keys of each asset that the store holds."""
    found = defaultdict[str, set[str]](set)
    for asset, key in factory.store.table_frame(Head, ["asset", "partition"]).iter_rows():
        found[asset].add(key)
    return found


def _axes(factory: Factory, instance: dg.DagsterInstance) -> Axes:
    """Every key of every axis."""
    return {
        "shard": instance.get_dynamic_partitions("shard"),
        **axis_keys(factory.profile, factory.made_types),
    }


def _wanted(
    factory: Factory, instance: dg.DagsterInstance, chosen: Axes
) -> Iterator[list[Stretch]]:
    """What has to be made of the chosen keys of some axes."""
    axes = _axes(factory, instance)
    made = cache(lambda asset: made_keys(instance, asset))
    return wanted_stretches(axes, chosen, lambda: up_to_date(factory, made))


def _unjudged(layers: Iterable[Sequence[Stretch]]) -> Iterator[list[Stretch]]:
    """Layers without what a judge makes."""
    for layer in layers:
        kept = (replace(stretch, assets=stretch.assets - JUDGED) for stretch in layer)
        yield [stretch for stretch in kept if stretch.assets]


def _make_dataset(factory: Factory, instance: dg.DagsterInstance, outcome: Outcome) -> None:
    """Bring statistics and release up to date, unless they were made of just these partitions."""
    # Preferences are drawn of the corpus as well.
    state = digest(_state(factory, of_benchmark=False), str(current_corpus(factory)))
    stretch = Stretch(assets=frozenset(DATASET), span=None)
    # Of nothing accepted there is no release.
    there = (factory.home.releases / "latest").exists() or not factory.store.count(AcceptedPair)
    if not outcome.failed_runs and not (
        there and all(made_of(instance, asset, state) for asset in stretch.assets)
    ):
        make(factory, instance, [[stretch]], outcome, tags={STATE: state})


def _make_leaderboard(factory: Factory, instance: dg.DagsterInstance, outcome: Outcome) -> None:
    """Bring the leaderboard and the study up to date, of whatever verdicts there are."""
    state = _state(factory, of_benchmark=True)
    studied = [STUDY] if factory.profile.filtering_study.variants else []
    for asset in (LEADERBOARD, *studied):
        if not made_of(instance, asset, state):
            stretch = Stretch(assets=frozenset({asset}), span=None)
            make(factory, instance, [[stretch]], outcome, tags={STATE: state})


def _state(factory: Factory, *, of_benchmark: bool) -> str:
    """Changes with any partition that is finished anew, and with the settings.

    Args:
        factory: Store and profile.
        of_benchmark: Whether of the benchmark alone, or of all the rest.
    """
    heads = factory.store.table_frame(Head, ["asset", "id", "finished_at", "run_id"]).sort("id")
    measured = {line.name for line in GRAPH.values() if line.group == BENCHMARK}
    rows = [
        "|".join(row) for asset, *row in heads.iter_rows() if (asset in measured) is of_benchmark
    ]
    if of_benchmark:
        marks = sorted(mark.id for mark in active(factory.store))
        said = factory.profile.model_dump_json(include={"benchmark", "filtering_study"})
        trained = (latest_of(factory.home.editors / name) for name in factory.profile.editors)
        return digest(said, *marks, *rows, *(str(folder) for folder in trained))
    stamps = [stamp_of_benchmark(folder) for folder in factory.profile.release.benchmarks]
    settings = factory.profile.model_dump_json(exclude=_NOT_OF_PAIRS)
    return digest(settings, *factory.edit_types, *stamps, *rows)
