"""Running everything: register sources, then materialise the graph, layer by layer.

The command line, the `everything` job and the tests all come through here.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from types import MappingProxyType

import dagster as dg

from imgedit_assets.assets.build import DATASET
from imgedit_assets.assets.judge import CORPUS, JUDGES
from imgedit_assets.assets.leaderboard import LEADERBOARD
from imgedit_assets.graph import BENCHMARK, GRAPH, stage_of
from imgedit_assets.harness import is_up_to_date
from imgedit_assets.judging.agreement_report import agreement_of
from imgedit_assets.judging.checkpoint import agreement_state, current_checkpoint, is_current
from imgedit_assets.judging.corpus import can_teach, corpus_state, current_corpus
from imgedit_assets.launching import axis_keys, materialise_stretch, reason_of, was_interrupted
from imgedit_assets.sample.quarantine import active
from imgedit_assets.spans import (
    Axes,
    Stretch,
    made_keys,
    missing_stretches,
    stretches_of,
    wanted_stretches,
)
from imgedit_assets.wanted import Outcome, Wanted, ingest, wanted_edit_types
from models.faults import ImgEditError
from resources.benchmarks import stamp_of_benchmark
from resources.factory import Factory
from resources.profile_judges import variant_names
from resources.recipes import digest
from resources.registration import registered_shards
from resources.schema import AcceptedPair, Head, JudgeProbe, Partition, RetriedPair, ScoredPair
from resources.standing import StandingStore

STATE = ".dagster/imgedit_state"
"""The tag of a run that says what the data set was when it was made; its prefix keeps it out of the
UI."""

JUDGED = frozenset({ScoredPair.TABLE, RetriedPair.TABLE, AcceptedPair.TABLE, JudgeProbe.TABLE})
"""What rests on the verdicts of the profile's judge."""

NO_TAGS: Mapping[str, str] = MappingProxyType({})


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
        _make(factory, instance, _unjudged(_wanted(factory, instance, chosen)), outcome)
        if wanted.benchmark or current_checkpoint(factory, variant) is None:
            run_judges(factory, instance, outcome)
    _make(factory, instance, _wanted(factory, instance, chosen), outcome)
    if wanted.benchmark and not variant:
        run_judges(factory, instance, outcome)
    if wanted.dataset:
        _make_dataset(factory, instance, outcome)
    if wanted.benchmark:
        run_benchmark(factory, instance, outcome)
    return outcome


def run_benchmark(
    factory: Factory, instance: dg.DagsterInstance, outcome: Outcome | None = None
) -> Outcome:
    """Bring every editor and suite of the profile up to date, and the leaderboard.

    Args:
        factory: Store and profile.
        instance: Of Dagster.
        outcome: Where what failed is noted; a new one if None.

    Raises:
        KeyboardInterrupt: Dagster was interrupted; what was finished is kept.
    """
    outcome = outcome or Outcome()
    keys = factory.profile.benchmark.keys
    if all(keys.values()):
        _make(factory, instance, _wanted(factory, instance, keys), outcome)
        _make_leaderboard(factory, instance, outcome)
    return outcome


def run_judges(
    factory: Factory, instance: dg.DagsterInstance, outcome: Outcome, *, missing: bool = False
) -> None:
    """Bring the corpus and the profile's judge variants up to date, of whatever pairs there are.

    Where a corpus is too small to learn from, nothing is trained: its page says why.

    Args:
        factory: Store and profile.
        instance: Of Dagster.
        outcome: Where what failed is noted.
        missing: Whether to make only what there is nothing of yet, however old the rest is.

    Raises:
        KeyboardInterrupt: Dagster was interrupted; what was finished is kept.
    """
    variants = variant_names(factory.profile.judges)
    if missing:
        variants = tuple(v for v in variants if not _is_tried(factory, v))
    if not variants or outcome.failed_runs:
        return
    state, there = corpus_state(factory), current_corpus(factory)
    if there is None or not (missing or _made_of(instance, CORPUS, state)):
        stretch = Stretch(assets=frozenset({CORPUS}), span=None)
        _make(factory, instance, [[stretch]], outcome, tags={STATE: state})
    corpus = current_corpus(factory)
    if corpus is None or outcome.failed_runs or not can_teach(factory, corpus):
        return
    for variant in variants:
        state = agreement_state(factory, variant, corpus)
        made = all(_made_of(instance, asset, state, partition=variant) for asset in JUDGES)
        if not (made and is_current(factory, variant, corpus)):
            stretch = Stretch(assets=frozenset(JUDGES), span=(variant, variant))
            _make(factory, instance, [[stretch]], outcome, tags={STATE: state})
    factory.renew("judge")


def _is_tried(factory: Factory, variant: str) -> bool:
    """Whether a variant has a checkpoint, and an agreement."""
    trained = current_checkpoint(factory, variant) is not None
    return trained and bool(agreement_of(factory.home, variant))


def backfill(factory: Factory, instance: dg.DagsterInstance) -> Outcome:
    """Materialise what failed, was never made or was forgotten, of every registered shard.

    Of judges those that were never trained or tried.

    Raises:
        KeyboardInterrupt: Dagster was interrupted; what was finished is kept.
    """
    types = wanted_edit_types(factory, Wanted())
    outcome = Outcome(shards=registered_shards(factory.store), edit_types=types)
    instance.add_dynamic_partitions("shard", outcome.shards)
    axes, keys = _axes(factory, instance), factory.profile.benchmark.keys
    pairs = {axis: axes[axis] for axis in axes.keys() - keys.keys()}
    layers = missing_stretches(instance, pairs, _there(factory))
    if factory.profile.judged_by:
        _make(factory, instance, _unjudged(layers), outcome)
    else:
        _make(factory, instance, layers, outcome)
    run_judges(factory, instance, outcome, missing=True)
    if factory.profile.judged_by:
        _make(factory, instance, missing_stretches(instance, pairs, _there(factory)), outcome)
    _make_dataset(factory, instance, outcome)
    if all(keys.values()):
        _make(factory, instance, missing_stretches(instance, keys, _there(factory)), outcome)
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
    _make(factory, instance, layers, outcome)
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
        **axis_keys(factory),
    }


def _wanted(
    factory: Factory, instance: dg.DagsterInstance, chosen: Axes
) -> Iterator[list[Stretch]]:
    """What has to be made of the chosen keys of some axes."""
    axes = _axes(factory, instance)
    made = cache(lambda asset: made_keys(instance, asset, axes))
    return wanted_stretches(
        axes, chosen, lambda: partial(_is_done, factory, StandingStore(factory.store), made)
    )


def _unjudged(layers: Iterable[Sequence[Stretch]]) -> Iterator[list[Stretch]]:
    """Layers without what a judge makes."""
    for layer in layers:
        kept = (replace(stretch, assets=stretch.assets - JUDGED) for stretch in layer)
        yield [stretch for stretch in kept if stretch.assets]


def _is_done(
    factory: Factory,
    store: StandingStore,
    made: Callable[[str], Collection[str]],
    asset: str,
    key: str,
) -> bool:
    """Whether the store holds just what a partition should be, and Dagster knows that it does."""
    if key not in made(asset):
        return False
    stage = stage_of(factory, Partition(asset, key))
    stage.store = store
    try:
        return is_up_to_date(stage)
    except ImgEditError:  # the run says it
        return False


def _make_dataset(factory: Factory, instance: dg.DagsterInstance, outcome: Outcome) -> None:
    """Bring statistics and release up to date, unless they were made of just these partitions."""
    # Preferences are drawn of the corpus as well.
    state = digest(_state(factory, of_benchmark=False), str(current_corpus(factory)))
    stretch = Stretch(assets=frozenset(DATASET), span=None)
    there = (factory.home.releases / "latest").exists()
    if not outcome.failed_runs and not (
        there and all(_made_of(instance, asset, state) for asset in stretch.assets)
    ):
        _make(factory, instance, [[stretch]], outcome, tags={STATE: state})


def _make_leaderboard(factory: Factory, instance: dg.DagsterInstance, outcome: Outcome) -> None:
    """Bring the leaderboard up to date, of whatever verdicts there are."""
    state = _state(factory, of_benchmark=True)
    if not _made_of(instance, LEADERBOARD, state):
        stretch = Stretch(assets=frozenset({LEADERBOARD}), span=None)
        _make(factory, instance, [[stretch]], outcome, tags={STATE: state})


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
        return digest(factory.profile.benchmark.model_dump_json(), *marks, *rows)
    stamps = [stamp_of_benchmark(folder) for folder in factory.profile.release.benchmarks]
    settings = factory.profile.model_dump_json(exclude={"benchmark", "judges", "judge_corpus"})
    return digest(settings, *factory.edit_types, *stamps, *rows)


def _made_of(
    instance: dg.DagsterInstance, asset: str, state: str, *, partition: str | None = None
) -> bool:
    asked = dg.AssetRecordsFilter(
        asset_key=dg.AssetKey(asset), asset_partitions=[partition] if partition else None
    )
    found = instance.fetch_materializations(asked, limit=1).records
    run = instance.get_run_by_id(found[0].run_id) if found else None
    # A release that failed its checks was materialised as well.
    return run is not None and run.is_success and run.tags.get(STATE) == state


def _make(
    factory: Factory,
    instance: dg.DagsterInstance,
    layers: Iterable[Sequence[Stretch]],
    outcome: Outcome,
    *,
    tags: Mapping[str, str] = NO_TAGS,
) -> None:
    """Make layer after layer, noting what failed."""
    failed_before = len(outcome.failed_runs)
    for layer in layers:
        for stretch in layer:
            result = materialise_stretch(factory, instance, stretch, tags)
            if was_interrupted(result):
                raise KeyboardInterrupt
            if not result.success:
                outcome.failed_runs.append(result.run_id)
                outcome.errors += [reason_of(event) for event in result.get_step_failure_events()]
        if len(outcome.failed_runs) > failed_before:
            # Made from half a layer, the next would drop rows that are only missing for now.
            break
    factory.store.compact()
