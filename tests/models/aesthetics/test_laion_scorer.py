"""LAION's aesthetic predictor on debug-size checkpoints."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.aesthetics.laion import LaionAestheticScorer
from models.embed.open_clip import OpenClipEmbedder
from models.faults import Fault, Reason
from models.geometry import Rgb
from models.hosting import SoloHost
from models.runtime import Runtime
from models.weights import CheckpointError, Weights

torch = pytest.importorskip("torch")
pytest.importorskip("open_clip")

HEAD = "sac+logos+ava1-l14-linearMSE.pth"
EXACT = Runtime(dtype="float32")


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from models.zoo.open_clip import BUILDERS

    folder = tmp_path_factory.mktemp("aesthetics")
    for name, build in BUILDERS.items():
        (folder / name).mkdir()
        build(folder / name)
    return folder


@pytest.fixture(scope="module")
def images() -> list[Rgb]:
    random = np.random.default_rng(1)
    return [random.integers(0, 255, (90 + 7 * i, 120, 3), dtype=np.uint8) for i in range(5)]


@pytest.fixture
def changed_head(zoo: Path, tmp_path: Path) -> Callable[[Callable[[dict[str, Any]], Any]], Path]:
    """Copies the head and changes its tensors."""

    def change(how: Callable[[dict[str, Any]], Any]) -> Path:
        file = Path(shutil.copy(zoo / "laion-aesthetic-head" / HEAD, tmp_path))
        tensors = torch.load(file, weights_only=True)
        how(tensors)
        torch.save(tensors, file)
        return file

    return change


def scorer(
    zoo: Path, head: Path | None = None, clip: str = "clip-vit-l-14"
) -> LaionAestheticScorer:
    return LaionAestheticScorer(
        weights=Weights.at(zoo / clip),
        head=Weights.at(head or zoo / "laion-aesthetic-head"),
        host=SoloHost(),
        runtime=EXACT,
        batch_size=2,
    )


def test_a_score_is_the_layers_on_the_unit_embedding(zoo: Path, images: list[Rgb]) -> None:
    ours = scorer(zoo)
    ours.setup()
    embedder = OpenClipEmbedder(
        weights=Weights.at(zoo / "clip-vit-l-14"), host=SoloHost(), runtime=EXACT
    )
    tensors = torch.load(zoo / "laion-aesthetic-head" / HEAD, weights_only=True)
    assert list(tensors)[::2] == [f"layers.{i}.weight" for i in (0, 2, 4, 6, 7)]
    for image, score in zip(images, ours.score(images), strict=True):
        value = torch.from_numpy(np.asarray(embedder.embed_images([image])[0]))
        for i in (0, 2, 4, 6, 7):
            value = tensors[f"layers.{i}.weight"] @ value + tensors[f"layers.{i}.bias"]
        assert score == pytest.approx(float(value), abs=1e-4)
    assert ours.score([]) == []


def test_a_head_for_another_clip_is_refused(zoo: Path) -> None:
    with pytest.raises(CheckpointError, match=r"takes vectors of 24 numbers and .* gives 32"):
        scorer(zoo, clip="clip-vit-h-14").setup()


def test_a_head_without_a_tensor_is_refused(zoo: Path, changed_head: Callable[..., Path]) -> None:
    head = changed_head(lambda t: t.pop("layers.6.bias"))
    with pytest.raises(CheckpointError, match=r"1 tensors missing: layers\.6\.bias"):
        scorer(zoo, head).setup()


def test_a_head_with_renamed_tensors_is_refused(
    zoo: Path, changed_head: Callable[..., Path]
) -> None:
    def rename(tensors: dict[str, Any]) -> None:
        for name in list(tensors):
            tensors[name.replace("layers", "mlp")] = tensors.pop(name)

    with pytest.raises(CheckpointError, match=r"no layers\.0\.weight but mlp\.0\.weight"):
        scorer(zoo, changed_head(rename)).setup()


def test_a_head_of_other_layers_is_refused(zoo: Path, changed_head: Callable[..., Path]) -> None:
    head = changed_head(lambda t: t.update({"layers.2.weight": torch.zeros(64, 1024)}))
    with pytest.raises(CheckpointError, match=r"of another shape: layers\.2\.weight"):
        scorer(zoo, head).setup()


def test_a_file_that_is_no_checkpoint_is_refused(zoo: Path, tmp_path: Path) -> None:
    (tmp_path / HEAD).write_bytes(b"<html>404</html>")
    with pytest.raises(CheckpointError, match="download it again"):
        scorer(zoo, tmp_path / HEAD).setup()


def test_a_head_that_is_not_numbers_gives_faults(
    zoo: Path, changed_head: Callable[..., Path], images: list[Rgb]
) -> None:
    head = changed_head(lambda t: t["layers.7.bias"].fill_(float("nan")))
    faults = scorer(zoo, head).score(images)
    assert [f.reason for f in faults if isinstance(f, Fault)] == [Reason.BAD_REPLY] * len(images)
