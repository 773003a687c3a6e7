"""How an E1 is trained, kept and loaded again, on debug-size checkpoints and eight pairs."""

import json
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from models.e1.config import SIZES
from models.e1.editor import load_editor
from models.e1.folder import bases_of, config_said, load_e1, load_transformer
from models.edit.editor import EditRequest
from models.faults import ImgEditError
from models.judge.lesson import is_held_out
from models.training.loop import DivergedError
from models.training.saved import SavingError
from models.weights import CheckpointError, Weights
from models.zoo.build import build_zoo
from tests.models.e1.eight_pairs import EightPairs, learner

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("transformers")
pytest.importorskip("peft")

ROOT = Path(__file__).parents[3]
PAIRS = EightPairs()


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("zoo")
    list(build_zoo(folder, ("qwen2.5-vl", "siglip2", "flux1-dev", "flux2-klein")))
    return folder


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("features")


@pytest.fixture(scope="module")
def connected(zoo: Path, features: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stage 1 with the zoo's transformer."""
    folder = tmp_path_factory.mktemp("connected")
    learner(zoo, transformer={}, features=features).connect(PAIRS, folder, tell=quiet)
    return folder


@pytest.fixture(scope="module")
def taught(
    zoo: Path, features: Path, connected: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Stage 2, from a run that nobody stopped."""
    folder = tmp_path_factory.mktemp("taught")
    learner(zoo, transformer={}, features=features).learn(PAIRS, connected, folder, tell=quiet)
    return folder


def quiet(_: str) -> None:
    pass


def tensors(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return {
        f"{file.relative_to(folder).parent} {name}": tensor
        for file in folder.rglob("*.safetensors")
        for name, tensor in load_file(file).items()
    }


def request(seed: int = 3) -> EditRequest:
    return EditRequest(image=PAIRS[0].source, instruction="Paint it blue", seed=seed)


CHILD = """
import sys, time
from pathlib import Path
from tests.models.e1.eight_pairs import EightPairs, learner

def tell(said):
    print(said, flush=True)
    if said.startswith(f"step {last} "):
        time.sleep(300)

zoo, features, connected, out, last = *map(Path, sys.argv[1:5]), sys.argv[5]
recipe = learner(zoo, transformer={}, features=features)
recipe.learn(EightPairs(), connected, out, tell=tell)
"""


@pytest.mark.slow
def test_killed_at_any_step_it_comes_to_the_same_bits(
    zoo: Path, features: Path, connected: Path, taught: Path, tmp_path: Path
) -> None:
    last = random.randint(1, 3)
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, *map(str, (zoo, features, connected, tmp_path, last))],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert child.stdout
    assert any(line.startswith(f"step {last} ") for line in child.stdout)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert not (tmp_path / "recipe.json").exists()
    told: list[str] = []
    recipe = learner(zoo, transformer={}, features=features)
    recipe.learn(PAIRS, connected, tmp_path, tell=told.append)
    assert told[0].startswith("going on after step 2") == (last == 3)
    whole, resumed = tensors(taught), tensors(tmp_path)
    assert whole.keys() == resumed.keys()
    assert all(map(torch.equal, whole.values(), (resumed[name] for name in whole)))
    assert not (tmp_path / ".states").exists()


@pytest.mark.slow
# Two processes load all of torch, beside those of other tests.
@pytest.mark.timeout(420)
@pytest.mark.parametrize("sharded", [False, True])
def test_two_processes_go_on_and_come_to_what_one_comes_to(
    zoo: Path, features: Path, connected: Path, taught: Path, tmp_path: Path, sharded: bool
) -> None:
    def stop(said: str) -> None:
        if said.startswith("step 3 "):
            raise KeyboardInterrupt

    recipe = learner(zoo, transformer={}, features=features)
    with pytest.raises(KeyboardInterrupt):
        recipe.learn(PAIRS, connected, tmp_path, tell=stop)
    told: list[str] = []
    both = replace(recipe, processes=2, sharded=sharded, sample_every=2)
    figures = both.learn(PAIRS, connected, tmp_path, tell=told.append)
    assert any(line.startswith("going on after step 2") for line in told)
    assert figures["steps"] == 4
    assert (tmp_path / "samples" / "step-00000004.png").is_file()
    whole, shared = tensors(taught), tensors(tmp_path)
    assert whole.keys() == shared.keys()
    for name, tensor in whole.items():
        torch.testing.assert_close(shared[name], tensor, rtol=1e-3, atol=1e-4)
    with pytest.raises(ValueError, match="cannot share alike"):
        replace(recipe, processes=3)


LOADS = """
import hashlib, sys
from pathlib import Path
from models.e1.editor import load_editor
from tests.models.e1.test_e1_learner import request

(image,) = load_editor(Path(sys.argv[1])).edit([request()])
print(hashlib.sha256(image.tobytes()).hexdigest())
"""


@pytest.mark.slow
def test_a_checkpoint_gives_the_same_image_in_a_fresh_process(taught: Path) -> None:
    import hashlib

    editor = load_editor(taught)
    image, other = editor.edit([request(), request(seed=4)])
    assert isinstance(image, np.ndarray)
    assert image.shape == (64, 64, 3)
    assert not np.array_equal(image, other)
    (alone,) = load_editor(taught).edit([request()])
    fresh = subprocess.run(
        [sys.executable, "-c", LOADS, str(taught)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert isinstance(alone, np.ndarray)
    assert fresh.stdout.split()[-1] == hashlib.sha256(alone.tobytes()).hexdigest()
    other_way = load_editor(taught, steps=2, guidance=1.0, side_px=48)
    assert other_way.params() != editor.params()
    (small,) = other_way.edit([request()])
    assert isinstance(small, np.ndarray)
    assert small.shape == (48, 48, 3)


def test_each_stage_trains_what_it_says_and_nothing_else(
    zoo: Path, connected: Path, taught: Path
) -> None:
    """All of it loads by the libraries; what was not trained is not in the folder."""
    from diffusers import FluxTransformer2DModel

    assert not (connected / "transformer").exists()
    assert not (connected / "sight_connector").exists()
    before = FluxTransformer2DModel.from_pretrained(zoo / "flux1-dev" / "transformer").state_dict()
    after = FluxTransformer2DModel.from_pretrained(taught / "transformer").state_dict()
    changed = {name for name in before if not torch.equal(before[name].float(), after[name])}
    image = ("attn.to_q", "attn.to_k", "attn.to_v", "attn.norm_q", "attn.norm_k")
    double = {f"transformer_blocks.0.{part}" for part in (*image, "attn.to_out.0", "norm1.linear")}
    single = {f"single_transformer_blocks.0.{part}" for part in (*image, "norm.linear")}
    assert {name.rpartition(".")[0] for name in changed} == double | single
    first, second = tensors(connected), tensors(taught)
    assert not any(torch.equal(first[n], second[n]) for n in first if n.startswith("reader"))
    recipe = json.loads((taught / "recipe.json").read_text())
    assert (recipe["kind"], recipe["stage"]) == ("e1", 2)
    assert recipe["figures"]["loss"] > 0
    assert str(zoo / "flux1-dev") in (taught / "README.md").read_text()


def test_adapters_are_kept_alone_and_change_what_is_painted(
    zoo: Path, features: Path, connected: Path, tmp_path: Path
) -> None:
    """With Prodigy, instructions left out, sources' latents beside the noise, a whole folder."""
    options = {"transformer": {}, "source_latents": True, "optimiser": "prodigy", "dropout": 0.5}
    recipe = learner(zoo, way="lora", rank=4, standalone=True, features=features, **options)
    with pytest.raises(CheckpointError, match="another recipe: its source_latents is False"):
        recipe.learn(PAIRS, connected, tmp_path / "2", tell=quiet)
    recipe.connect(PAIRS, tmp_path / "1", tell=quiet)
    recipe.learn(PAIRS, tmp_path / "1", tmp_path / "2", tell=quiet)
    assert (tmp_path / "2" / "lora" / "pytorch_lora_weights.safetensors").is_file()
    assert not (tmp_path / "2" / "transformer").exists()
    found = bases_of(tmp_path / "2", config_said(tmp_path / "2"))
    assert {base.path.parent for base in found.named().values()} == {tmp_path / "2"}
    painted = load_e1(tmp_path / "2", "cpu", "float32").network.transformer.state_dict()
    before = load_transformer(zoo / "flux1-dev" / "transformer", "float32").state_dict()
    changed = {name for name in before if not torch.equal(before[name], painted[name])}
    assert painted.keys() == before.keys()
    assert all("attn.to_" in name or "norm" in name for name in changed)
    assert any("single" in name for name in changed)
    (image,) = load_editor(tmp_path / "2").edit([request()])
    assert isinstance(image, np.ndarray)


@pytest.mark.slow
def test_it_learns_eight_pairs_by_heart(zoo: Path, features: Path, tmp_path: Path) -> None:
    """The loss falls under a twentieth of what it begins at."""
    pairs = EightPairs(sizes=((32, 32),))
    recipe = learner(
        zoo,
        way="all",
        features=features,
        connector_steps=0,
        steps=200,
        rows=8,
        rows_at_once=8,
        side_px=32,
        learning_rate=2e-3,
        warmup_frac=0.05,
        save_every=10_000,
        sight="none",
        recompute=False,
        ema=0.0,
    )
    recipe.connect(pairs, tmp_path / "1", tell=quiet)
    figures = recipe.learn(pairs, tmp_path / "1", tmp_path / "2", tell=quiet)
    log = EventAccumulator(str(tmp_path / "2" / "tensorboard")).Reload()
    assert figures["loss"] < 0.05 * log.Scalars("loss")[0].value


def test_images_are_made_while_it_learns(zoo: Path, features: Path, tmp_path: Path) -> None:
    held = next(name for name in map(str, range(99)) if is_held_out(name))

    class Some(EightPairs):
        def _card(self, index: int) -> Any:
            card = EightPairs._card(self, index)
            return replace(card, group=held) if index in (0, 5) else card

    told: list[str] = []
    recipe = learner(zoo, sample_every=2, steps=3, features=features)
    figures = recipe.connect(Some(), tmp_path / "1", tell=told.append)
    assert figures["held_out_loss"] > 0
    grids = [path.name for path in sorted((tmp_path / "1" / "samples").glob("step-*"))]
    assert grids == ["step-00000002.png", "step-00000004.png"]
    assert any("source, made, target of 2 pairs" in line for line in told)
    log = EventAccumulator(str(tmp_path / "1" / "tensorboard")).Reload()
    assert [event.step for event in log.Images("samples")] == [2, 4]
    assert [event.step for event in log.Scalars("loss")] == [1, 2, 3, 4]
    learnt = recipe.learn(Some(), tmp_path / "1", tmp_path / "2", tell=told.append)
    assert learnt["loss"] > 0, "a size's own transformer goes on from stage 1"


def test_what_was_encoded_is_not_encoded_again(zoo: Path, tmp_path: Path) -> None:
    class Gone(EightPairs):
        def __getitem__(self, index: int) -> Any:
            msg = f"row {index} has lost its picture"
            raise ImgEditError(msg)

    recipe = learner(zoo, transformer={}, features=tmp_path / "kept")
    recipe.connect(PAIRS, tmp_path / "1", tell=quiet)
    recipe.connect(Gone(), tmp_path / "again", tell=quiet)
    assert tensors(tmp_path / "1").keys() == tensors(tmp_path / "again").keys()
    with pytest.raises(ImgEditError, match="has lost its picture"):
        replace(recipe, reader_px=84).connect(Gone(), tmp_path / "other", tell=quiet)
    with pytest.raises(ImgEditError, match="has lost its picture"):
        recipe.connect(Gone(sizes=((80, 80),)), tmp_path / "more", tell=quiet)


def test_numbers_that_are_not_finite_end_it_and_keep_the_last_good_state(
    zoo: Path, features: Path, connected: Path, tmp_path: Path
) -> None:
    rash = learner(
        zoo, transformer={}, features=features, learning_rate=1e30, save_every=1, steps=8
    )
    with pytest.raises(DivergedError, match=r"lower learning_rate than 1e\+30") as ended:
        rash.learn(PAIRS, connected, tmp_path, tell=quiet)
    kept = Path(str(ended.value).partition(" is in ")[2].partition(". ")[0])
    assert all(tensor.isfinite().all() for tensor in tensors(kept).values())
    assert not (tmp_path / "recipe.json").exists()


FULL = """
import resource, signal, sys
from pathlib import Path
from models.faults import ImgEditError
from tests.models.e1.eight_pairs import EightPairs, learner

def tell(said):
    print(said, flush=True)
    if said.startswith("step 2 "):
        # After the first state: what is larger than this cannot be written any more.
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

zoo, features, out = map(Path, sys.argv[1:])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
try:
    learner(zoo, features=features, save_every=1).connect(EightPairs(), out, tell=tell)
except ImgEditError as error:
    print(type(error).__name__, error)
"""


@pytest.mark.slow
def test_a_disk_that_fills_leaves_the_last_state_and_the_run_goes_on_from_it(
    zoo: Path, features: Path, tmp_path: Path
) -> None:
    learner(zoo, features=features).connect(PAIRS, tmp_path / "whole", tell=quiet)
    out = tmp_path / "out"
    full = subprocess.run(
        [sys.executable, "-c", FULL, *map(str, (zoo, features, out))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "SavingError" in full.stdout
    assert "make room on the disk" in full.stdout
    assert [path.name for path in sorted((out / ".states").glob("step-*"))] == ["step-00000001"]
    told: list[str] = []
    learner(zoo, features=features, save_every=1).connect(PAIRS, out, tell=told.append)
    assert told[0].startswith("going on after step 1")
    whole, resumed = tensors(tmp_path / "whole"), tensors(out)
    assert all(map(torch.equal, whole.values(), (resumed[name] for name in whole)))
    assert issubclass(SavingError, ImgEditError)


def test_parts_that_do_not_fit_are_told(
    zoo: Path, features: Path, connected: Path, taught: Path, tmp_path: Path
) -> None:
    held = next(name for name in map(str, range(99)) if is_held_out(name))
    with pytest.raises(ImgEditError, match="give pairs of more sources"):
        learner(zoo).connect(EightPairs(group=held), tmp_path / "held", tell=quiet)
    with pytest.raises(CheckpointError, match='name siglip, or give sight = "none"'):
        learner(zoo, siglip=None, transformer={}).learn(
            PAIRS, connected, tmp_path / "blind", tell=quiet
        )
    other = shutil.copytree(zoo / "qwen2.5-vl", tmp_path / "other")
    (other / "more.txt").write_text("of another revision")
    changed = learner(zoo, transformer={}, reader=Weights.at(other))
    with pytest.raises(CheckpointError, match=r"was trained with the reader .*, not .*other"):
        changed.learn(PAIRS, connected, tmp_path / "no", tell=quiet)

    def broken(change: Callable[[Path], None]) -> Path:
        folder = tmp_path / f"broken {len(list(tmp_path.iterdir()))}"
        change(shutil.copytree(taught, folder))
        return folder

    def narrow(folder: Path) -> None:
        from diffusers.pipelines.flux.modeling_flux import ReduxImageEncoder

        ReduxImageEncoder(redux_dim=24, txt_in_features=32).save_pretrained(
            folder / "reader_connector"
        )

    with pytest.raises(CheckpointError, match=r"reader gives tokens of 64 numbers, .* takes 24"):
        load_editor(broken(narrow)).setup()
    with pytest.raises(CheckpointError, match="there are no safetensors"):
        load_editor(
            broken(lambda at: next((at / "sight_connector").glob("*.safetensors")).unlink())
        ).setup()
    with pytest.raises(CheckpointError, match="tells of no E1"):
        load_editor(zoo / "siglip2")
    painter = learner(zoo, painter=Weights.at(zoo / "flux2-klein"), transformer={})
    with pytest.raises(CheckpointError, match="was trained with the painter"):
        painter.learn(PAIRS, connected, tmp_path / "klein", tell=quiet)


def test_flux2_paints_too(zoo: Path, tmp_path: Path) -> None:
    klein = Weights.at(zoo / "flux2-klein")
    recipe = learner(zoo, painter=klein, transformer={}, sight="squeezed", steps=2)
    recipe.connect(PAIRS, tmp_path / "1", tell=quiet)
    recipe.learn(PAIRS, tmp_path / "1", tmp_path / "2", tell=quiet)
    e1 = load_e1(tmp_path / "2", "cpu", "float32")
    assert type(e1.network.transformer).__name__ == "Flux2Transformer2DModel"
    (image,) = load_editor(tmp_path / "2").edit([request()])
    assert isinstance(image, np.ndarray)
    assert SIZES["debug"].sight == "mlp"
