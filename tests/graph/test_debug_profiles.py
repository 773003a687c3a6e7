"""The whole graph on debug-size checkpoints of the production models."""

import gc
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import dagster as dg
import pytest

pytest.importorskip("torch")
pytest.importorskip("diffusers")

from imgedit_assets.run import run_everything
from imgedit_assets.wanted import Outcome, Wanted
from models.faults import Reason
from models.zoo.build import build_zoo
from resources.checkpoints import Checkpoints
from resources.devices.quiet import hush
from resources.doctor import examine
from resources.factory import Factory
from resources.home import Home
from resources.schema import Reject

OTHER = Path(__file__).with_name("debug_other.toml")


@dataclass
class Ran:
    """One run of everything, with what was noted of the models."""

    factory: Factory
    instance: dg.DagsterInstance
    outcome: Outcome
    notes: list[str]

    def rejects(self) -> list[Reject]:
        return list(self.factory.store.select(Reject, "id != ''"))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home with the zoo in it."""
    made = tmp_path_factory.mktemp("home")
    hush(made)
    assert len(dict(build_zoo(Checkpoints(home=made).zoo))) > 20
    # What all those libraries hold by now is not looked through at each of the many evictions.
    gc.freeze()
    yield made
    gc.unfreeze()


def run(home: Path, profile: str, instance: dg.DagsterInstance) -> Ran:
    factory = Factory.open(Home.of(home), profile=profile)
    notes: list[str] = []
    tell = factory.journal.tell
    factory.journal.tell = lambda line: (notes.append(line), tell(line))[1]  # type: ignore[method-assign]
    outcome = run_everything(factory, instance, Wanted())
    factory.close()
    return Ran(factory=factory, instance=instance, outcome=outcome, notes=notes)


@pytest.fixture(scope="module")
def ran(home: Path):  # noqa: ANN201
    with dg.instance_for_test() as instance:
        yield run(home, "debug", instance)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_edit_type_is_made_by_the_production_backends(ran: Ran) -> None:
    assert not ran.outcome.errors
    accepted = ran.factory.store.frame("accepted_pairs", ["edit_type", "judge"])
    assert set(accepted["edit_type"]) == set(ran.factory.edit_types)
    assert set(accepted["judge"]) == {"chat qwen2.5-vl 1"}
    painters = ran.factory.store.frame("edit_pairs", ["painter"])["painter"]
    assert set(painters) == {"workflows 1", "as it came"}
    embedded = ran.factory.store.frame("image_embeddings", ["id"])
    assert embedded.height == ran.factory.store.frame("filtered_images", ["id"]).height


@pytest.mark.slow
def test_nothing_is_lost_and_no_worker_broke(ran: Ran) -> None:
    made = ran.factory.store.frame("edit_pairs", ["instruction_id"])["instruction_id"].n_unique()
    frames = [ran.factory.store.frame(a, ["id"]) for a in ("instructions", "dialogues")]
    rejected = [r for r in ran.rejects() if r.asset == "edit_pairs"]
    assert made + len(rejected) == sum(frame.height for frame in frames)
    assert not [r for r in ran.rejects() if r.reason == Reason.WORKER_ERROR]


@pytest.mark.slow
def test_models_are_loaded_shared_and_evicted_under_a_small_memory(ran: Ran) -> None:
    loaded = [note for note in ran.notes if note.startswith("loaded ")]
    assert any("flux1-fill" in note for note in loaded)
    assert any(note.startswith("evicted ") for note in ran.notes)


@pytest.mark.slow
def test_a_second_run_loads_and_computes_nothing(ran: Ran) -> None:
    seen = []
    again = replace(ran.factory, on_progress=seen.append)
    outcome = run_everything(again, ran.instance, Wanted())
    assert not outcome.errors
    assert sum(p.total for p in seen) == 0
    assert "pool" not in vars(again)


@pytest.mark.slow
def test_doctor_knows_every_checkpoint(
    home: Path, monkeypatch: pytest.MonkeyPatch, ran: Ran
) -> None:
    del ran
    monkeypatch.setenv("IMGEDIT_HOME", str(home))
    findings = examine("debug")
    weights = [f for f in findings if f.name.endswith(" weights")]
    assert all(f.ok for f in findings if f.needed), [f for f in findings if not f.ok]
    assert {"painter weights", "judge weights", "detector weights"} <= {f.name for f in weights}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_other_backends_of_each_role_make_pairs_too(home: Path) -> None:
    with dg.instance_for_test() as instance:
        other = run(home / "other", str(_with_zoo(home)), instance)
    assert not other.outcome.errors
    accepted = other.factory.store.frame("accepted_pairs", ["edit_type", "judge"])
    assert set(accepted["edit_type"]) == {"remove", "alter", "background_change"}
    assert set(accepted["judge"]) == {"chat qwen3-vl 1"}
    assert not [r for r in other.rejects() if r.reason == Reason.WORKER_ERROR]


def _with_zoo(home: Path) -> Path:
    """The profile, with the first home's zoo by its path."""
    profile = home / "other.toml"
    text = OTHER.read_text("utf-8").replace('"zoo:', f'"{home}/zoo/')
    profile.write_text(text, "utf-8")
    return profile
