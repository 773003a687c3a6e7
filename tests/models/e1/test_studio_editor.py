"""The studio's own editor, as it comes with the package, and what is taught further from it."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("diffusers")

from models.e1.e1_learner import E1Learner
from models.e1.editor import E1Editor, load_editor
from models.e1.studio_words import STUDIO
from models.edit.editor import EditRequest
from models.geometry import Rgb
from models.studio.scene import make_scene, render
from models.weights import CheckpointError, Weights
from tests.models.e1.eight_pairs import EightPairs


@pytest.fixture(scope="module")
def editor() -> E1Editor:
    """The shipped one."""
    made = load_editor(STUDIO)
    made.setup()
    return made


@pytest.fixture(scope="module")
def scene() -> Rgb:
    """A scene that it was not taught."""
    return render(make_scene(77))


def _edit(editor: E1Editor, *asked: tuple[Rgb, str]) -> list[Rgb]:
    requests = [EditRequest(image=image, instruction=text, seed=5) for image, text in asked]
    return [image for image in editor.edit(requests) if isinstance(image, np.ndarray)]


def test_it_gives_the_same_for_the_same_whatever_else_is_asked(
    editor: E1Editor, scene: Rgb
) -> None:
    asked = f"Remove the {make_scene(77).objects[-1].name}."
    (alone,) = _edit(editor, (scene, asked))
    other = (scene[::2, ::2], "Turn the whole picture into a faded sepia photograph, please.")
    (again,), both = _edit(editor, (scene, asked)), _edit(editor, (scene, asked), other)
    assert alone.shape == scene.shape
    assert np.array_equal(alone, again)
    # Sums of another number of rows are rounded in another way, and hard edges may fall elsewhere.
    assert np.abs(alone.astype(int) - both[0]).mean() < 0.02
    assert both[1].shape == other[0].shape


def test_a_style_is_everywhere_and_a_removal_is_not(editor: E1Editor, scene: Rgb) -> None:
    sepia, removed = _edit(
        editor,
        (scene, "In the style of a faded sepia photograph."),
        (scene, f"Remove the {make_scene(77).objects[-1].name}."),
    )
    red, green, blue = sepia.mean(axis=(0, 1))
    assert red > green > blue
    assert (sepia != scene).any(axis=2).mean() > 0.95
    assert 0.002 < (removed != scene).any(axis=2).mean() < 0.5


def test_words_that_it_does_not_know_are_no_error(editor: E1Editor, scene: Rgb) -> None:
    for text in ("", "!?", "Zxqv 漢字 " * 40):
        assert _edit(editor, (scene, text))[0].shape == scene.shape


def test_it_is_taught_further_from_what_it_knows(tmp_path: Path, scene: Rgb) -> None:
    learner = E1Learner(
        size="studio",
        way="all",
        connector_steps=0,
        steps=2,
        rows=4,
        rows_at_once=4,
        learning_rate=1e-5,
        ema=0.0,
    )
    begun, taught = tmp_path / "begun", tmp_path / "taught"
    learner.connect(EightPairs(), begun, tell=lambda _: None)
    learner.learn(EightPairs(), begun, taught, tell=lambda _: None)
    asked = (scene, "In the style of a faded sepia photograph.")
    (shipped,), (same,), (other,) = (
        _edit(load_editor(folder), asked) for folder in (STUDIO, begun, taught)
    )
    assert np.array_equal(shipped, same)
    apart = np.abs(shipped.astype(int) - other).mean()
    assert 0 < apart < 5


def test_a_recipe_without_a_reader_is_told_to_name_one() -> None:
    with pytest.raises(CheckpointError, match="name a reader"):
        E1Learner(size="debug", sight="none").bases()
    assert E1Learner(size="studio", base=Weights.at(STUDIO)).bases().reader.path.is_dir()
