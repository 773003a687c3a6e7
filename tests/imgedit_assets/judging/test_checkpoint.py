"""A judge that is trained in the graph: its lineage, its name by content, and who it judges for."""

from pathlib import Path

import dagster as dg
import pytest

from imgedit_assets.artefacts.staleness import stale
from imgedit_assets.figures import headline_figures
from imgedit_assets.judging.checkpoint import current_checkpoint, judge_training
from imgedit_assets.judging.corpus import current_corpus
from imgedit_assets.run import run_judges
from imgedit_assets.sample.descent import descent
from imgedit_assets.sample.quarantine import Selector, mark
from imgedit_assets.stages.proven import SHELF
from imgedit_assets.wanted import Outcome
from resources.backends import uses_host
from resources.factory import Factory
from resources.home import Home
from resources.profile import ProfileError, load_profile
from resources.trained_judge import NoCheckpointError, TrainedVariant
from tests.imgedit_assets.judging.studio_pairs import HELD_OUT, LEARNT, put_pairs

PROFILE = """
name = "trained"
[judge_corpus]
edits_per_class = 3
spoiled_per_edit = 5
[judges.small]
kind = "small"
trees = 20
seed = {seed}
[roles.judge]
backend = "trained"
variant = "small"
"""


def opened(folder: Path, seed: int) -> Factory:
    profile = folder / f"seed{seed}.toml"
    profile.write_text(PROFILE.format(seed=seed))
    return Factory.open(Home.of(folder / "home"), profile=str(profile))


def test_a_variant_is_trained_tried_and_bound_to_the_judge(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    factory = opened(tmp_path, 1)
    judge = factory.backend("judge", ready=False)
    assert judge.params() == {"checkpoint": ""}
    with pytest.raises(NoCheckpointError, match="materialise judge_corpus, then judge_checkpoint"):
        judge.setup()

    pairs = put_pairs(factory.store, [*LEARNT, *HELD_OUT])
    outcome = Outcome()
    run_judges(factory, instance, outcome)
    assert not outcome.errors
    corpus, made = current_corpus(factory), current_checkpoint(factory, "small")
    assert corpus is not None
    assert made is not None

    judge = factory.backend("judge")
    assert judge.params() == {"checkpoint": made.name.removeprefix("small-")}
    figures = headline_figures(factory.store, factory.profile)["judge_agreement"]
    for name in ("spearman_small_spoiled", "within_one_metric_spoiled", "within_one_small_painted"):
        assert name in figures

    # The same again trains nothing; another seed is another checkpoint, of the same corpus.
    before = len(instance.get_runs())
    run_judges(factory, instance, Outcome())
    assert len(instance.get_runs()) == before
    other = opened(tmp_path, 2)
    assert not judge_training(other, "small", corpus).is_current
    assert judge_training(factory, "small", corpus).is_current

    # Down from a pair to what was made of it, and back up when it is bad.
    held = descent(factory.store, pairs[0].id).holdings
    names = {one.name for one in held}
    assert {corpus.name, made.name} <= names
    assert {one.kind for one in held} == {"corpus", "checkpoint"}
    mark(factory.store, Selector(kind="row", value=pairs[0].id), why="wrong", who="ann")
    assert {held.name for held in stale(factory.store)} == names


TINY = """
name = "tiny"
[judge_corpus]
edits_per_class = 3
spoiled_per_edit = 5
[judges.small]
kind = "small"
enabled = false
[judges.tiny]
kind = "qwen_vl"
base = "{base}"
steps = 2
rows = 2
rows_at_once = 2
rank = 4
min_pixels = 784
max_pixels = 3136
max_tokens = 8
"""


def test_a_qwen_variant_is_trained_by_the_graph_and_its_failed_trial_is_told(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    for package in ("torch", "transformers", "peft"):
        pytest.importorskip(package)
    from tests.models.judge.vlm.lessons import WRITERS

    WRITERS["qwen2.5-vl"](tmp_path / "base", speaks=False)
    profile = tmp_path / "tiny.toml"
    profile.write_text(TINY.format(base=tmp_path / "base"))
    factory = Factory.open(Home.of(tmp_path / "home"), profile=str(profile))
    # It loads a network onto a device, which a run has to lease.
    assert uses_host(factory.profile)
    assert not uses_host(load_profile())
    put_pairs(factory.store, [*LEARNT, *HELD_OUT])
    outcome = Outcome()
    run_judges(factory, instance, outcome, only_missing=True)
    assert not outcome.errors
    made = current_checkpoint(factory, "tiny")
    assert made is not None
    assert (made / "adapter_config.json").is_file()
    # Two steps teach nothing: it scores no pair, and its agreement is there all the same.
    report = (factory.home.folder / SHELF / "tiny" / "report.md").read_text("utf-8")
    assert "failed its trial" in report
    figures = headline_figures(factory.store, factory.profile)["judge_agreement"]
    assert any(name.endswith("metric_spoiled") for name in figures)
    before = len(instance.get_runs())
    run_judges(factory, instance, Outcome(), only_missing=True)
    assert len(instance.get_runs()) == before


def test_a_checkpoint_judges_under_any_name_and_place(tmp_path: Path) -> None:
    one = TrainedVariant(variant="a", judges=tmp_path)
    assert one.params() == TrainedVariant(variant="b", judges=tmp_path / "else").params()


def test_a_judge_that_nobody_trains_is_refused_with_those_that_are(tmp_path: Path) -> None:
    profile = tmp_path / "mine.toml"
    profile.write_text('name = "mine"\n[roles.judge]\nbackend = "trained"\nvariant = "big"\n')
    with pytest.raises(ProfileError, match=r"no \[judges.big\]; there is small"):
        load_profile(str(profile))
