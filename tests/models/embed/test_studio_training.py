"""The training gives the same bytes each time, and what it writes loads in open_clip as well."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
open_clip = pytest.importorskip("open_clip")
pytest.importorskip("onnx")

from PIL import Image  # noqa: E402
from tokenizers import Tokenizer  # noqa: E402

from models.embed.studio import (  # noqa: E402
    FOLDER,
    TOKENIZER,
    StudioEmbedder,
)
from models.embed.studio_pixels import network_input  # noqa: E402
from models.embed.studio_training.batches import Lessons, draw_batch  # noqa: E402
from models.embed.studio_training.calibrate import fitted_scale  # noqa: E402
from models.embed.studio_training.captions import (  # noqa: E402
    SceneCaption,
    scene_caption,
    train_tokenizer,
)
from models.embed.studio_training.crops import Renders, Split, make_renders  # noqa: E402
from models.embed.studio_training.evaluate import evaluate  # noqa: E402
from models.embed.studio_training.export import export  # noqa: E402
from models.embed.studio_training.material import Material, study  # noqa: E402
from models.embed.studio_training.train import Settings, denial_loss, matching_loss, train  # noqa: E402
from models.studio.catalogue import names  # noqa: E402
from models.studio.scene import make_scene, render  # noqa: E402

Published = tuple[Any, Any, Any]
SPLIT = Split(first=5_000_000_000, scenes=3, clips=1)
TEXTS = [*names()[::10], "not a dog", "A horse in a green meadow", "zeppelin & <s>", "", "x" * 300]


@pytest.fixture(autouse=True)
def _torch_as_it_was() -> Iterator[None]:
    threads, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(strict)


@pytest.fixture(scope="module")
def renders() -> Renders:
    """A few scenes and one clip."""
    return make_renders(SPLIT, workers=1)


@pytest.fixture(scope="module")
def lessons(renders: Renders) -> Lessons:
    """What little there is to learn from them."""
    return Lessons(
        crops=renders.crops,
        labels=renders.crop_names,
        acting=renders.crop_clip,
        scenes=renders.scenes,
        scene_objects=renders.scene_objects,
        scene_settings=renders.scene_settings,
    )


@pytest.fixture(scope="module")
def published() -> Published:
    """The shipped folder as open_clip reads it: model, preprocessing, tokenizer."""
    model, preprocess = open_clip.create_model_from_pretrained(f"local-dir:{FOLDER}")
    return model.eval(), preprocess, open_clip.get_tokenizer(f"local-dir:{FOLDER}")


@pytest.fixture(scope="module")
def embedder() -> StudioEmbedder:
    """The embedder on the same folder."""
    made = StudioEmbedder()
    made.setup()
    return made


def test_open_clip_and_the_graphs_agree_on_images(
    published: Published, embedder: StudioEmbedder, renders: Renders
) -> None:
    model, _, _ = published
    ours = np.stack(embedder.embed_images(list(renders.crops)))
    with torch.no_grad():
        pixels = torch.from_numpy(network_input(list(renders.crops)))
        theirs = model.encode_image(pixels, normalize=True).numpy()
    assert np.abs(ours - theirs).max() < 1e-4


def test_open_clip_and_the_graphs_agree_on_texts(
    published: Published, embedder: StudioEmbedder
) -> None:
    model, _, tokenize = published
    tokenizer = Tokenizer.from_file(str(FOLDER / TOKENIZER))
    tokens = tokenize(TEXTS)
    assert tokens.tolist() == [found.ids for found in tokenizer.encode_batch(TEXTS)]
    with torch.no_grad():
        theirs = model.encode_text(tokens, normalize=True).numpy()
    assert np.abs(np.stack(embedder.embed_texts(TEXTS)) - theirs).max() < 1e-4


def test_open_clip_prepares_images_much_as_the_embedder_does(
    published: Published, embedder: StudioEmbedder
) -> None:
    model, preprocess, _ = published
    rng = np.random.default_rng(3)
    crops = [*(study(name, rng) for name in names()[::25]), render(make_scene(SPLIT.first))]
    with torch.no_grad():
        pixels = torch.stack([preprocess(Image.fromarray(crop)) for crop in crops])
        theirs = model.encode_image(pixels, normalize=True).numpy()
    cosines = (np.stack(embedder.embed_images(crops)) * theirs).sum(axis=1)
    # Pillow's bicubic and OpenCV's area means are not the same filter.
    assert cosines.min() > 0.95


def test_training_twice_gives_the_same_bytes(lessons: Lessons, tmp_path: Path) -> None:
    settings = Settings(steps=2, warmup_steps=1, crops=8, scenes=3)
    for folder in ("one", "two"):
        export(train(lessons, train_tokenizer(), settings), train_tokenizer(), tmp_path / folder)
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert len(files) == 8
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    other = train(lessons, train_tokenizer(), Settings(steps=2, crops=8, scenes=3, seed=8))
    export(other, train_tokenizer(), tmp_path / "other")
    weights = [
        (tmp_path / f / "open_clip_model.safetensors").read_bytes() for f in ("one", "other")
    ]
    assert weights[0] != weights[1]
    StudioEmbedder(folder=tmp_path / "one").setup()


def test_a_trained_network_is_measured(embedder: StudioEmbedder, renders: Renders) -> None:
    found = evaluate(embedder, renders, seed=1)
    assert found.top1.n == len(renders.crops)
    parts = (found.top1_truth, found.top1_grabcut, found.top1_clip)
    assert sum(part.hits for part in parts) == found.top1.hits
    assert sum(part.n for part in parts) == found.top1.n
    assert found.own_passes.hits > found.random_passes.hits


def test_the_number_of_workers_changes_no_pixel(renders: Renders) -> None:
    again = make_renders(SPLIT, workers=2)
    for column, values in renders.columns().items():
        assert np.array_equal(values, again.columns()[column])


def test_people_of_clips_are_cut_once_for_each_frame(renders: Renders) -> None:
    people = {names()[i] for i in renders.crop_names[renders.crop_clip]}
    assert people <= {"woman", "man"}
    assert np.count_nonzero(renders.crop_clip) in (3, 4)


def test_material_is_read_as_it_was_kept(renders: Renders, tmp_path: Path) -> None:
    made = Material(
        train=renders,
        validation=renders,
        held_out=renders,
        studies=np.zeros((len(names()), 2, 2, 3), np.uint8),
        render_s=3.5,
    )
    made.save(tmp_path / "material.npz")
    read = Material.load(tmp_path / "material.npz")
    assert read.render_s == 3.5
    assert read.studies.shape == made.studies.shape
    for column, values in renders.columns().items():
        assert np.array_equal(read.held_out.columns()[column], values)


def test_every_name_is_drawn_as_often(lessons: Lessons) -> None:
    still = ~lessons.acting
    weights = lessons.weights()
    chances = np.bincount(lessons.labels[still], weights=weights[still])
    assert np.ptp(chances[chances > 0]) < 1e-9
    assert weights.sum() == pytest.approx(1)
    assert 0.1 < weights[lessons.acting].sum() < 0.2


def test_a_batch_asks_no_crop_for_its_own_name_as_a_wrong_one(lessons: Lessons) -> None:
    batch = draw_batch(lessons, lessons.weights(), crops=64, scenes=3, rng=np.random.default_rng(0))
    assert not (batch.others == batch.labels[:, None]).any()
    assert batch.caption_holds.diagonal().all()
    assert len(batch.texts) == 2 * len(names()) + 3


def test_a_caption_holds_only_of_scenes_with_all_that_it_claims() -> None:
    objects = np.array([[True, True], [True, False], [False, True]])
    settings = np.array([4, 4, 5])
    both = SceneCaption(text="", objects=(0, 1), setting=None)
    place = SceneCaption(text="", objects=(0,), setting=4)
    assert both.is_true_of(objects, settings).tolist() == [True, False, False]
    assert place.is_true_of(objects, settings).tolist() == [True, True, False]


def test_captions_claim_what_they_say(renders: Renders) -> None:
    held = renders.scene_objects[0]
    for seed in range(20):
        caption = scene_caption(held, int(renders.scene_settings[0]), np.random.default_rng(seed))
        assert caption.text
        assert all(held[i] and names()[i] in caption.text for i in caption.objects)


def test_denial_is_cheap_only_where_right_names_win_and_wrong_ones_lose() -> None:
    labels, others = torch.tensor([0]), torch.tensor([[3]])
    named = torch.tensor([[9.0, 0.0, 0.0, 0.0]])
    knows = torch.full((1, 4), 4.0)
    deaf = named.clone()
    assert denial_loss(named, knows, labels, others) < 0.1
    assert denial_loss(named, deaf, labels, others) > 1.3


def test_matching_shares_a_row_among_all_that_fits() -> None:
    holds = torch.tensor([[True, True, False]])
    even = matching_loss(torch.tensor([[5.0, 5.0, -5.0]]), holds)
    uneven = matching_loss(torch.tensor([[5.0, -5.0, -5.0]]), holds)
    assert even == pytest.approx(np.log(2), abs=1e-3)
    assert uneven > even


def test_the_scale_makes_scores_probabilities() -> None:
    rng = np.random.default_rng(0)
    margins = rng.normal(0, 0.4, 40_000)
    is_right = rng.uniform(size=margins.size) < 1 / (1 + np.exp(-12 * margins))
    found = fitted_scale(margins[is_right], margins[~is_right])
    assert found == pytest.approx(12, rel=0.05)
