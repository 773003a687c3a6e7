"""Editors in the graph: trained, continued, put on the leaderboard, compared, told as stale."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from imgedit_assets.artefacts.checkpoint import facts_of
from imgedit_assets.artefacts.publishing import publish
from imgedit_assets.artefacts.staleness import stale
from imgedit_assets.automation import bench_trained
from imgedit_assets.editing.board import missing_lines, trained_markdown
from imgedit_assets.editing.checkpoint import current_editor, editor_stages
from imgedit_assets.editing.study import publish_study
from imgedit_assets.figures import headline_figures
from imgedit_assets.leaderboard import standings
from imgedit_assets.run import run_benchmark
from imgedit_assets.sample.descent import descent
from imgedit_assets.sample.quarantine import Selector, mark
from imgedit_assets.training import run_editors
from imgedit_assets.wanted import Outcome
from models.judge.lesson import is_held_out
from resources.factory import Factory
from resources.home import Home
from resources.schema import BenchmarkOutput, ScoredPair
from tests.imgedit_assets.editing.scored_pairs import put_scored

pytest.importorskip("torch")
pytest.importorskip("diffusers")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

SCORES = (*[4.5] * 8, *[1.5] * 4)

DEBUG = {
    "size": "debug",
    "connector_steps": 2,
    "steps": 4,
    "rows": 2,
    "rows_at_once": 2,
    "save_every": 1,
    "sample_every": 2,
    "learning_rate": 1e-3,
    "side_px": 32,
}

PROFILE = """
name = "trained"
[[benchmark.suites]]
name = "mine"
suite = "studio-basic"
limit = "2"
[filtering_study]
variants = ["good_1", "good_2", "half_1"]
baseline = "accepted"
[benchmark]
epochs = 1
editors = [{ name = "copy-input" }, { name = "good_1" }, { name = "half", trained = "half_1" }]
[editors]
e1_studio = { enabled = false }
"""


@dataclass
class Lab:
    """A home with pairs, a suite of two scenes, and variants of debug size."""

    root: Path
    zoo: Path
    pairs: list[ScoredPair]

    def open(self, home: str = "home", **variants: Mapping[str, Any]) -> Factory:
        """The home by a profile with these variants."""
        bases = {"reader": "qwen2.5-vl", "siglip": "siglip2", "painter": "flux1-dev"}
        weights = {role: str(self.zoo / name) for role, name in bases.items()}
        lines = [
            f"{name} = {{ " + ", ".join(f"{k} = {json.dumps(v)}" for k, v in given.items()) + " }"
            for name, one in variants.items()
            for given in [{"kind": "e1", **DEBUG, **weights, **one}]
        ]
        path = self.root / "trained.toml"
        path.write_text(PROFILE + "\n".join(lines) + "\n")
        return Factory.open(Home.of(self.root / home), profile=str(path))


VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "good_1": {"seed": 1},
    "good_2": {"seed": 2, "in_run": False},
    "half_1": {"seed": 1, "bad_frac": 0.5},
}


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from models.zoo.build import build_zoo

    folder = tmp_path_factory.mktemp("zoo")
    list(build_zoo(folder, ("qwen2.5-vl", "siglip2", "flux1-dev")))
    return folder


@pytest.fixture
def lab(tmp_path: Path, zoo: Path) -> Lab:
    lab = Lab(tmp_path, zoo, [])
    lab.pairs = put_scored(lab.open(**VARIANTS).store, SCORES)
    return lab


def weights_of(folder: Path) -> dict[str, str]:
    """The digest of each file with weights."""
    files = sorted(folder.rglob("*.safetensors"))
    return {str(f.relative_to(folder)): sha256(f.read_bytes()).hexdigest() for f in files}


def asked_by_the_sensor(factory: Factory, instance: dg.DagsterInstance) -> list[str]:
    """The editors that it asks for."""
    told = bench_trained(dg.build_sensor_context(instance=instance), factory=factory)
    requests = told.run_requests or [] if isinstance(told, dg.SensorResult) else []
    configs = [r.run_config["ops"]["materialise_benchmark"]["config"] for r in requests]
    return [name for config in configs for name in config["editors"]]


def test_an_editor_goes_from_pairs_to_the_leaderboard_and_into_the_study(
    lab: Lab, instance: dg.DagsterInstance
) -> None:
    factory = lab.open(**VARIANTS)
    settings = factory.profile.benchmark
    assert "good_1 is missing: it is not trained yet" in missing_lines(factory.home, settings)[0]
    assert asked_by_the_sensor(factory, instance) == []
    # Without it, the others go on.
    assert not run_benchmark(factory, instance).errors
    assert {s.editor for s in standings(factory.store, settings)} == {"copy-input"}

    outcome = Outcome()
    run_editors(factory, instance, outcome)
    assert not outcome.errors
    assert asked_by_the_sensor(factory, instance) == ["good_1", "half"]
    assert not run_benchmark(factory, instance).errors
    factory.close()
    assert {s.editor for s in standings(factory.store, settings)} == {
        "copy-input",
        "good_1",
        "half",
    }
    event = instance.get_latest_materialization_event(dg.AssetKey("e1_checkpoint"))
    assert event
    assert event.asset_materialization
    shown = event.asset_materialization.metadata
    for name in ("losses", "samples"):
        assert "data:image/" in str(shown[name].value)
    assert "bad 4" in str(shown["trained on"].value)
    told = trained_markdown(factory.store, settings)
    assert "accepted, pairs 7" in told
    assert "steps 4" in told

    # The same again trains nothing and asks nobody.
    runs = len(instance.get_runs())
    run_editors(factory, instance, Outcome())
    run_benchmark(factory, instance)
    assert len(instance.get_runs()) == runs

    study = publish_study(factory)
    assert study.missing == ("good_2: not trained yet",)
    assert {"study_accepted_mine", "study_accepted_50_bad_mine"} <= study.figures.keys()
    assert "| accepted, 50 % bad | 1 | 7 | 57% |" in study.page
    assert study.plot
    assert (study.folder / "report.md").is_file()

    # Down from a pair to what learnt from it; a pair that is bad makes both stages stale, and the
    # next training leaves it out, and its outputs with it.
    made = current_editor(factory, "good_1")
    assert made
    used = next(p for n, p in enumerate(lab.pairs) if p.score > 4 and not is_held_out(str(n)))
    held = {one.name: one.kind for one in descent(factory.store, used.id).holdings}
    assert held[made.name] == "checkpoint"
    assert "connector" in held.values()
    outputs = factory.store.current(BenchmarkOutput, editor="good_1", suite="mine")
    mark(factory.store, Selector(kind="row", value=used.id), why="wrong", who="ann")
    assert made.name in {one.name for one in stale(factory.store)}
    assert headline_figures(factory.store, factory.profile)["e1_checkpoint"]["stale_good_1"] == 1
    assert "(stale" in trained_markdown(factory.store, settings)

    run_editors(factory, instance, Outcome())
    run_benchmark(factory, instance)
    factory.close()
    again = current_editor(factory, "good_1")
    assert again
    assert facts_of(again)["pairs"] == facts_of(made)["pairs"] - 1
    anew = factory.store.current(BenchmarkOutput, editor="good_1", suite="mine")
    assert not {row.id for row in anew} & {row.id for row in outputs}
    assert headline_figures(factory.store, factory.profile)["e1_checkpoint"]["stale_good_1"] == 0


class Killed(BaseException):
    """Ends a training as a signal does."""


def test_a_killed_training_goes_on_where_it_was_and_ends_at_the_same_weights(lab: Lab) -> None:
    ended = {}
    put_scored(lab.open(home="whole", **VARIANTS).store, SCORES)
    for home in ("home", "whole"):
        factory, told = lab.open(home=home, **VARIANTS), list[str]()

        def tell(line: str, told: list[str] = told, home: str = home) -> None:
            told.append(line)
            first = not any(said.startswith("going on") for said in told)
            if home == "home" and first and line.startswith("step 3 of"):
                raise Killed

        try:
            for _ in range(2):
                stages = editor_stages(factory, "good_1", tell=tell)
                publish(factory, stages.connector.artefact(), run_id="r")
                try:
                    publish(factory, stages.editor.artefact(), run_id="r")
                except Killed:
                    assert current_editor(factory, "good_1") is None
        finally:
            factory.close()
        made = current_editor(factory, "good_1")
        assert made
        assert any(line.startswith("going on after step 2") for line in told) == (home == "home")
        ended[home] = weights_of(made)
    assert ended["home"] == ended["whole"]


def test_what_cannot_be_trained_is_left_out_with_the_reason(
    lab: Lab, instance: dg.DagsterInstance
) -> None:
    by_hand = {"in_run": False}
    factory = lab.open(good_1={"min_score": 4.9}, good_2=by_hand, half_1=by_hand)
    outcome = Outcome()
    run_editors(factory, instance, outcome, only_missing=True)
    (note,) = outcome.notes
    assert note.startswith("the editor good_1 is not trained: good_1 has no pair to learn from")
    assert not outcome.errors
    assert not instance.get_runs()
