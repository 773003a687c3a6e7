"""The studio's editor: what it reads, what it learns from, and that it begins as a copy."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from benchmark.suites.studio import load
from models.e1.studio_training import edits, scenes
from models.e1.studio_training.cache import Cache, render
from models.e1.studio_training.edits import LOCAL, STREAMS, Pair
from models.e1.studio_training.vocabulary import vocabulary
from models.e1.studio_words import LONGEST, UNKNOWN, content, mirrored
from models.edit.editor import EditRequest
from models.studio.frames import make_clip
from models.studio.scene import make_scene

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")

from models.e1.editor import load_editor  # noqa: E402
from models.e1.networks import E1Network  # noqa: E402
from models.e1.studio_painter import StudioPainter, WordTower  # noqa: E402
from models.e1.studio_training.export import export  # noqa: E402
from models.e1.studio_training.train import Settings, train  # noqa: E402

SMALL = Settings(pairs=16, batch=4, phases=((0.0, 32), (0.5, 64)), warmup_steps=1, threads=1)


@pytest.fixture(autouse=True)
def _torch_as_it_was() -> Iterator[None]:
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def pairs() -> list[Pair]:
    """Edits of a few scenes before one background."""
    return list(STREAMS["local"](np.random.default_rng(3)))


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Cache:
    """One file of pairs."""
    folder = tmp_path_factory.mktemp("pairs")
    render(folder, 1)
    read = Cache(folder)
    read.read()
    return read


def _network() -> E1Network:
    torch.manual_seed(0)
    painter = StudioPainter(heads=2, head_width=16, single_layers=1, joint_attention_dim=48)
    return E1Network(painter, {"reader": WordTower(out=48, layers=1)}, None)


def test_pairs_change_what_they_say_and_nothing_else(pairs: list[Pair]) -> None:
    assert {pair.edit_type for pair in pairs} <= set(LOCAL)
    for pair in pairs:
        assert pair.source.shape == pair.target.shape == (edits.SIDE_PX, edits.SIDE_PX, 3)
        changed = (np.abs(pair.source.astype(int) - pair.target) > 8).any(axis=2).mean()
        assert changed > 0.4 if pair.edit_type == "object_extraction" else 0.002 < changed < 0.4


def test_no_background_or_clip_is_one_of_the_benchmarks_or_of_a_graphs(tmp_path: Path) -> None:
    tried = [case.truth.scene for case in load("studio-uge", tmp_path).cases() if case.truth]
    drawn = [make_scene(number) for number in range(20)] + [make_clip(n)[0] for n in range(9)]
    assert max(scene.background.seed for scene in [*tried, *drawn]) < scenes.FIRST_SEED
    stage = scenes.make_bare(np.random.default_rng(0), 0.1)
    assert stage.background.seed >= scenes.FIRST_SEED
    assert edits.FIRST_CLIP > 1_000_000


def test_its_words_are_all_that_the_grammar_says(cache: Cache) -> None:
    words = vocabulary()
    unknown = (words.ids(cache.texts) == UNKNOWN).any(axis=1)
    assert unknown.mean() < 0.02
    assert words.ids(["Zeppelins flew " + "red " * 40]).shape == (1, LONGEST)


def test_a_mirror_turns_left_to_right() -> None:
    assert (
        mirrored("Erase the cat on the left-hand side.") == "Erase the cat on the right-hand side."
    )

    assert mirrored("All is left in place, right of it.") == "All is left in place, left of it."
    assert content("Please remove it from the left") == ["remove", "left"]


def test_training_gives_the_same_weights_again(cache: Cache, tmp_path: Path) -> None:
    first, again = (
        train(cache, vocabulary(), _network(), tmp_path, SMALL).state_dict() for _ in range(2)
    )
    assert all(torch.equal(first[name], again[name]) for name in first)


def test_it_begins_as_a_copy_and_is_kept_whole(tmp_path: Path) -> None:
    source = np.random.default_rng(1).integers(0, 256, (70, 90, 3), np.uint8)
    export(_network(), vocabulary(), tmp_path / "e1", {"pairs": 0})
    editor = load_editor(tmp_path / "e1", side_px=32)
    editor.setup()
    (made,) = editor.edit([EditRequest(image=source, instruction="Remove the cat.", seed=3)])
    assert np.array_equal(made, source)
    assert json.loads((tmp_path / "e1" / "recipe.json").read_text("utf-8")) == {"pairs": 0}
