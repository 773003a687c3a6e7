"""The embedder over open_clip, on debug-size checkpoints in the hub's layout."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.embed.open_clip import OpenClipEmbedder, TextVectors
from models.embed.vector import CropRequest
from models.faults import Fault, Reason
from models.geometry import Rgb
from models.hosting import SoloHost
from models.loading.clip_spec import ClipSpec
from models.loading.clip_tensors import expected_positions
from models.runtime import Runtime
from models.weights import CheckpointError, Weights

torch = pytest.importorskip("torch")
open_clip = pytest.importorskip("open_clip")
safetensors = pytest.importorskip("safetensors.torch")

CLIPS = ("clip-vit-l-14", "clip-vit-h-14")


def embedder(folder: Path, **settings: Any) -> OpenClipEmbedder:
    runtime = settings.pop("runtime", Runtime(dtype="float32"))
    return OpenClipEmbedder(
        weights=Weights.at(folder), host=SoloHost(), runtime=runtime, **settings
    )


@pytest.fixture(scope="module")
def images() -> list[Rgb]:
    """Coarse noise of several shapes: upright, wide, smaller than the model's input."""
    random = np.random.default_rng(0)
    shapes = [(120, 90), (90, 200), (40, 50), (300, 300), (91, 90)]
    return [
        np.kron(random.integers(0, 255, (h // 10, w // 10, 3)), np.ones((10, 10, 1))).astype(
            np.uint8
        )
        for h, w in shapes
    ]


@pytest.fixture
def damaged(clip_zoo: Path, tmp_path: Path) -> Callable[..., Path]:
    """Copies a checkpoint and changes its tensors or its configuration."""

    def change(
        tensors: Callable[[dict[str, Any]], Any] | None = None,
        config: Callable[[dict[str, Any]], Any] | None = None,
    ) -> Path:
        folder = tmp_path / "clip"
        shutil.copytree(clip_zoo / "clip-vit-l-14", folder)
        if tensors:
            file = folder / "open_clip_model.safetensors"
            stored = safetensors.load_file(file)
            tensors(stored)
            safetensors.save_file(stored, file)
        if config:
            said = json.loads((folder / "open_clip_config.json").read_text())
            config(said)
            (folder / "open_clip_config.json").write_text(json.dumps(said))
        return folder

    return change


@pytest.mark.parametrize("name", CLIPS)
def test_images_are_embedded_as_plain_open_clip_does(
    clip_zoo: Path, images: list[Rgb], name: str
) -> None:
    from PIL import Image

    model, _, preprocess = open_clip.create_model_and_transforms(f"local-dir:{clip_zoo / name}")
    with torch.inference_mode():
        batch = torch.stack([preprocess(Image.fromarray(image)) for image in images])
        plain = torch.nn.functional.normalize(model.eval().encode_image(batch), dim=-1).numpy()
    ours = np.stack([np.asarray(v) for v in embedder(clip_zoo / name).embed_images(images)])
    np.testing.assert_allclose(ours, plain, atol=1e-5)


def test_half_precision_points_the_same_way(clip_zoo: Path, images: list[Rgb]) -> None:
    folder = clip_zoo / "clip-vit-h-14"
    exact = embedder(folder).embed_images(images)
    for dtype in ("bfloat16", "float16"):
        half = embedder(folder, runtime=Runtime(dtype=dtype)).embed_images(images)  # type: ignore[arg-type]
        cosines = [float(np.dot(a, b)) for a, b in zip(exact, half, strict=True)]  # type: ignore[arg-type]
        assert min(cosines) > 0.999


def test_batches_change_nothing_but_the_speed(clip_zoo: Path, images: list[Rgb]) -> None:
    folder = clip_zoo / "clip-vit-l-14"
    whole = embedder(folder).embed_images(images)
    for batch_size in (1, 2):
        parts = embedder(folder, batch_size=batch_size).embed_images(images)
        np.testing.assert_allclose(np.stack(parts), np.stack(whole), atol=1e-5)  # type: ignore[arg-type]
    assert all(np.linalg.norm(v) == pytest.approx(1, abs=1e-5) for v in whole)  # type: ignore[arg-type]
    assert embedder(folder).embed_images([]) == []


def test_the_crop_score_is_the_softmax_of_name_against_not_name(
    clip_zoo: Path, images: list[Rgb]
) -> None:
    ours = embedder(clip_zoo / "clip-vit-l-14", batch_size=2)
    names = ["red chair", "dog", "red chair", "sky", "dog"]
    scores = ours.crop_score(
        [CropRequest(crop=i, name=n) for i, n in zip(images, names, strict=True)]
    )
    model = open_clip.create_model(f"local-dir:{clip_zoo / 'clip-vit-l-14'}")
    vectors = ours.embed_images(images)
    for score, vector, name in zip(scores, vectors, names, strict=True):
        tokens = open_clip.tokenize([name, f"not {name}"])
        with torch.inference_mode():
            texts = model.encode_text(tokens, normalize=True)
            logits = model.logit_scale.exp() * texts @ torch.from_numpy(vector)
        assert score == pytest.approx(float(logits.softmax(0)[0]), abs=1e-4)


def test_the_scale_of_the_softmax_is_not_rounded(clip_zoo: Path) -> None:
    weights = Weights.at(clip_zoo / "clip-vit-h-14")
    exact, half = (
        ClipSpec(weights=weights, runtime=Runtime(dtype=dtype)).load("cpu").logit_scale
        for dtype in ("float32", "bfloat16")
    )
    assert half == exact


def test_a_checkpoint_of_torch_s_own_format_is_the_same_model(
    damaged: Callable[..., Path], clip_zoo: Path, images: list[Rgb]
) -> None:
    folder = damaged()
    file = folder / "open_clip_model.safetensors"
    torch.save(safetensors.load_file(file), folder / "open_clip_pytorch_model.bin")
    file.unlink()
    theirs = embedder(clip_zoo / "clip-vit-l-14").embed_images(images)
    np.testing.assert_array_equal(embedder(folder).embed_images(images), theirs)
    (folder / "open_clip_pytorch_model.bin").write_bytes(b"no archive")
    with pytest.raises(CheckpointError, match=r"open_clip_pytorch_model\.bin: damaged"):
        embedder(folder).setup()


@pytest.mark.parametrize("name", ["ViT-B-32", "coca_ViT-B-32", "ViT-B-16-plus-240"])
def test_positions_are_counted_as_open_clip_builds_them(name: str) -> None:
    config = open_clip.get_model_config(name)
    with torch.device("meta"):
        model = open_clip.create_model(name, device="meta")
    built = {n: t.shape[0] for n, t in model.state_dict().items() if "positional_emb" in n}
    expected = expected_positions(config)
    assert {n: expected[n] for n in built if n in expected} == {
        n: positions for n, positions in built.items() if n in expected
    }
    assert len(built.keys() & expected.keys()) == 2


def test_memory_is_that_of_the_weights_and_a_batch(clip_zoo: Path) -> None:
    sizes = {
        dtype: ClipSpec(
            weights=Weights.at(clip_zoo / "clip-vit-h-14"),
            runtime=Runtime(dtype=dtype),  # type: ignore[arg-type]
        ).size_bytes()
        for dtype in ("float32", "bfloat16")
    }
    stored = (clip_zoo / "clip-vit-h-14" / "open_clip_model.safetensors").stat().st_size
    assert sizes["float32"] == 2 * sizes["bfloat16"]
    assert stored < sizes["bfloat16"] < 2 * stored


def test_a_text_is_computed_once() -> None:
    asked: list[str] = []

    def compute(texts: Any) -> list[Any]:
        asked.extend(texts)
        return [np.full(2, len(text), np.float32) for text in texts]

    texts = TextVectors(capacity=2)
    first = texts.of(["a", "bb", "a"], compute)
    assert [v[0] for v in first] == [1, 2, 1]
    texts.of(["bb"], compute)
    assert asked == ["a", "bb"]
    texts.of(["ccc"], compute)
    texts.of(["bb", "a"], compute)
    assert asked == ["a", "bb", "ccc", "a"]


def test_a_missing_tensor_is_named(damaged: Callable[..., Path]) -> None:
    folder = damaged(tensors=lambda t: t.pop("visual.ln_post.weight"))
    with pytest.raises(CheckpointError, match=r"1 tensors missing: visual\.ln_post\.weight"):
        embedder(folder).setup()


def test_renamed_tensors_are_named_and_counted(damaged: Callable[..., Path]) -> None:
    def rename(tensors: dict[str, Any]) -> None:
        for name in [n for n in tensors if n.startswith("transformer.resblocks.0")]:
            tensors[f"text_model.{name}"] = tensors.pop(name)

    with pytest.raises(CheckpointError, match=r"12 tensors missing: .* and 9 more; 12 tensors not"):
        embedder(damaged(tensors=rename)).setup()


def test_a_configuration_of_another_width_names_the_shapes(damaged: Callable[..., Path]) -> None:
    folder = damaged(config=lambda c: c["model_cfg"].update(embed_dim=48))
    with pytest.raises(CheckpointError, match=r"of another shape: .*\[16, 24\].*\[16, 48\]"):
        embedder(folder).setup()


def test_positions_are_never_stretched_in_silence(damaged: Callable[..., Path]) -> None:
    folder = damaged(config=lambda c: c["model_cfg"]["vision_cfg"].update(image_size=112))
    with pytest.raises(CheckpointError, match="17 positions where the configuration asks for 65"):
        embedder(folder).setup()


@pytest.mark.parametrize("cut", ["open_clip_config.json", "open_clip_model.safetensors"])
def test_a_file_that_is_cut_off_is_named(damaged: Callable[..., Path], cut: str) -> None:
    folder = damaged()
    data = (folder / cut).read_bytes()
    (folder / cut).write_bytes(data[: len(data) // 2])
    with pytest.raises(CheckpointError, match=cut.replace(".", r"\.")):
        embedder(folder).setup()


def test_a_folder_without_weights_never_becomes_a_random_model(
    damaged: Callable[..., Path],
) -> None:
    folder = damaged()
    (folder / "open_clip_model.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"open_clip_model\.safetensors"):
        embedder(folder).setup()


def test_preprocessing_that_is_not_known_is_refused(damaged: Callable[..., Path]) -> None:
    folder = damaged(config=lambda c: c["preprocess_cfg"].update(resize_mode="liquid"))
    with pytest.raises(CheckpointError, match="preprocess_cfg"):
        embedder(folder).setup()


def test_weights_that_are_not_numbers_give_faults(
    damaged: Callable[..., Path], images: list[Rgb]
) -> None:
    folder = damaged(tensors=lambda t: t["visual.proj"].fill_(float("nan")))
    broken = embedder(folder)
    assert [f.reason for f in broken.embed_images(images) if isinstance(f, Fault)] == [
        Reason.BAD_REPLY
    ] * len(images)
    (score,) = broken.crop_score([CropRequest(crop=images[0], name="dog")])
    assert isinstance(score, Fault)


def test_a_checkpoint_is_the_same_bytes_each_time(clip_zoo: Path, tmp_path: Path) -> None:
    from models.zoo.open_clip import BUILDERS

    for name, build in BUILDERS.items():
        (tmp_path / name).mkdir()
        build(tmp_path / name)
        for file in (clip_zoo / name).iterdir():
            assert (tmp_path / name / file.name).read_bytes() == file.read_bytes()
