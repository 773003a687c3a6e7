from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from shutil import copytree
from typing import Any

import numpy as np
import pytest

from models.edit.editor import Editor, EditRequest
from models.edit.flux2 import Flux2Editor, Flux2KleinEditor
from models.edit.kontext import KontextEditor
from models.edit.pipeline_editor import output_size, within
from models.edit.qwen_image_edit import QwenImageEditor
from models.faults import Fault, Reason
from models.geometry import Bitmap, Rgb
from models.hosting import SoloHost
from models.paint.diffusion.editor_workflow import EditorWorkflow
from models.paint.diffusion.sdxl import rendered
from models.painting import Painting, PaintRequest
from models.runtime import Runtime
from models.vocabulary import PaintKind, Target
from models.weights import CheckpointError, Weights
from models.zoo import flux, flux2, qwen_image

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("transformers")

CHECKPOINTS = {
    Flux2KleinEditor: "flux2-klein",
    Flux2Editor: "flux2",
    KontextEditor: "flux1-kontext",
    QwenImageEditor: "qwen-image-edit",
}
FLUX = (Flux2KleinEditor, Flux2Editor, KontextEditor)
REFERRING = (Flux2KleinEditor, Flux2Editor)
TRANSFORMER = "transformer/diffusion_pytorch_model.safetensors"


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The editors' checkpoints of debug size."""
    root = tmp_path_factory.mktemp("zoo")
    builders = flux.BUILDERS | flux2.BUILDERS | qwen_image.BUILDERS
    for name, build in ((name, builders[name]) for name in CHECKPOINTS.values()):
        (root / name).mkdir()
        build(root / name)
    return root


@pytest.fixture(scope="module")
def host() -> SoloHost:
    return SoloHost()


def editor(kind: type, zoo: Path, host: SoloHost, **changes: Any) -> Editor:
    options: dict[str, Any] = {
        "weights": Weights.at(zoo / CHECKPOINTS[kind]),
        "host": host,
        "runtime": Runtime(dtype="float32"),
        "steps": 2,
        "area_px": 96 * 96,
    }
    if kind is QwenImageEditor:
        # It encodes every image at a million pixels; a step is a second and more.
        options |= {"guidance": 1.0}
    else:
        # FLUX.2's own words before the instruction are 200 bytes, of which each is a token here.
        options["max_sequence_length"] = 320
    return kind(**options | changes)


def noise(height: int, width: int, seed: int) -> Rgb:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def request(seed: int = 1, instruction: str = "Make the cup red") -> EditRequest:
    return EditRequest(image=noise(80, 120, seed), instruction=instruction, seed=seed)


def sound(answers: Sequence[Rgb | Fault]) -> list[Rgb]:
    assert not [answer for answer in answers if isinstance(answer, Fault)]
    return [answer for answer in answers if not isinstance(answer, Fault)]


def one(edits: Editor, asked: EditRequest) -> Rgb:
    (answer,) = sound(edits.edit([asked]))
    return answer


@pytest.mark.parametrize("kind", FLUX)
def test_all_that_is_asked_takes_effect(kind: type, zoo: Path, host: SoloHost) -> None:
    edits, asked = editor(kind, zoo, host), request()
    first = one(edits, asked)
    assert (one(edits, asked) == first).all()
    others = (
        replace(asked, seed=2),
        replace(asked, instruction="Remove the old bicycle"),
        replace(asked, image=255 - asked.image),
    )
    assert all((one(edits, other) != first).any() for other in others)


@pytest.mark.parametrize("kind", REFERRING)
def test_reference_takes_effect(kind: type, zoo: Path, host: SoloHost) -> None:
    edits, asked = editor(kind, zoo, host), request()
    first, second = (replace(asked, reference=noise(64, 96, seed)) for seed in (5, 6))
    assert (one(edits, first) != one(edits, asked)).any()
    assert (one(edits, first) != one(edits, second)).any()


def test_reference_that_is_not_looked_at_is_a_fault(zoo: Path, host: SoloHost) -> None:
    asked = replace(request(), reference=noise(64, 96, 5))
    (answer,) = editor(KontextEditor, zoo, host).edit([asked])
    assert isinstance(answer, Fault)
    assert answer.reason is Reason.UNPAINTABLE


@pytest.mark.parametrize("kind", FLUX)
def test_batch_edits_what_each_request_alone_would(kind: type, zoo: Path, host: SoloHost) -> None:
    edits = editor(kind, zoo, host)
    words = ("Make the cup red", "Remove the old bicycle by the wall", "Add a hat")
    asked = [request(seed, text) for seed, text in enumerate(words)]
    asked[1] = replace(asked[1], image=noise(120, 80, 9))
    if kind in REFERRING:
        asked[0] = replace(asked[0], reference=noise(70, 70, 3))
    for given, answer in zip(asked, sound(edits.edit(asked)), strict=True):
        assert np.abs(one(edits, given).astype(int) - answer).max() <= 2
        assert (answer.shape[0] > answer.shape[1]) == (given.image.shape[0] > 100)


def test_qwen_edits_by_words_image_and_reference(zoo: Path, host: SoloHost) -> None:
    edits, asked = editor(QwenImageEditor, zoo, host), request()
    plain = one(edits, asked)
    referred = one(
        editor(QwenImageEditor, zoo, host, guidance=4.0),
        replace(asked, reference=noise(64, 96, 5), instruction="Put the second into the first"),
    )
    # The answer has the source's aspect and not that of the reference, which comes last.
    assert plain.shape == referred.shape == (64, 128, 3)
    assert (plain != referred).any()


@pytest.mark.parametrize("kind", CHECKPOINTS)
def test_strip_that_no_pipeline_takes_is_a_fault(kind: type, zoo: Path, host: SoloHost) -> None:
    strip = replace(request(), image=noise(20, 400, 0))
    reference = replace(request(), reference=noise(400, 20, 0))
    answers = editor(kind, zoo, host).edit([strip, reference])
    assert [a.reason for a in answers if isinstance(a, Fault)] == [Reason.UNPAINTABLE] * 2


@pytest.mark.parametrize("kind", FLUX)
def test_strip_leaves_the_others_their_places(kind: type, zoo: Path, host: SoloHost) -> None:
    edits, strip = editor(kind, zoo, host), replace(request(), image=noise(20, 400, 0))
    answers = edits.edit([request(1), strip, request(2)])
    assert isinstance(answers[1], Fault)
    for seed, answer in zip((1, 2), sound([answers[0], answers[2]]), strict=True):
        assert np.abs(one(edits, request(seed)).astype(int) - answer).max() <= 2


@pytest.mark.parametrize(
    ("height", "width"), [(1024, 1024), (3000, 4000), (100, 140), (1000, 8000), (717, 1289)]
)
def test_output_has_the_aspect_and_no_more_than_the_area(height: int, width: int) -> None:
    rows, cols = output_size(height, width, 1024 * 1024)
    assert rows % 16 == cols % 16 == 0
    assert 0.93 * 1024**2 < rows * cols <= 1024**2
    assert cols / rows == pytest.approx(width / height, rel=0.04)


def test_small_reference_is_not_enlarged() -> None:
    assert within(noise(130, 100, 0), 1024 * 1024).shape == (128, 96, 3)


def damaged(zoo: Path, into: Path, checkpoint: str, key: str, value: float | None) -> Path:
    """A copy of a checkpoint with a tensor of its transformer left out, or filled with a value."""
    from safetensors.torch import load_file, save_file

    copytree(zoo / checkpoint, into / checkpoint)
    tensors = load_file(into / checkpoint / TRANSFORMER)
    if value is None:
        del tensors[key]
    else:
        tensors[key] = torch.full_like(tensors[key], value)
    save_file(tensors, into / checkpoint / TRANSFORMER, metadata={"format": "pt"})
    return into


@pytest.mark.parametrize("kind", CHECKPOINTS)
def test_lacking_tensor_is_told_before_the_first_batch(
    kind: type, zoo: Path, tmp_path: Path
) -> None:
    copy = damaged(zoo, tmp_path, CHECKPOINTS[kind], "proj_out.weight", None)
    with pytest.raises(CheckpointError, match=r"(?s)transformer.*proj_out\.weight"):
        editor(kind, copy, SoloHost()).setup()


@pytest.mark.parametrize("kind", [*FLUX, QwenImageEditor])
def test_nan_is_a_fault_and_no_picture(kind: type, zoo: Path, tmp_path: Path) -> None:
    nan = float("nan")
    copy = damaged(zoo, tmp_path, CHECKPOINTS[kind], "proj_out.weight", nan)
    (answer,) = editor(kind, copy, SoloHost()).edit([request()])
    assert isinstance(answer, Fault)
    assert answer.reason is Reason.BAD_PIXELS


@pytest.mark.parametrize(
    ("kind", "checkpoint"), [(Flux2Editor, "flux2-klein"), (Flux2KleinEditor, "qwen-image-edit")]
)
def test_checkpoint_of_another_editor_is_told(kind: type, checkpoint: str, zoo: Path) -> None:
    mistaken = kind(weights=Weights.at(zoo / checkpoint), host=SoloHost())
    with pytest.raises(CheckpointError, match=rf"{checkpoint} is a checkpoint of .*, not of"):
        mistaken.setup()


def painting_request(kind: PaintKind, mask: Bitmap, phrase: str = "a red cup") -> PaintRequest:
    return PaintRequest(
        kind=kind,
        image=noise(*mask.shape, 4),
        mask=mask,
        name="cup",
        target=Target(key="cup", phrase=phrase),
        grow_px=3,
        seed=3,
    )


@pytest.fixture
def mask() -> Bitmap:
    mask = np.zeros((96, 128), np.bool_)
    mask[30:60, 40:80] = True
    return mask


@pytest.fixture
def painter(zoo: Path, host: SoloHost) -> EditorWorkflow:
    return EditorWorkflow(editor=editor(Flux2KleinEditor, zoo, host), size_px=96, min_grow_px=0)


def painted(painter: EditorWorkflow, asked: PaintRequest) -> Painting:
    (painting,) = painter.paint([asked])
    assert isinstance(painting, Painting)
    return painting


@pytest.mark.parametrize("kind", [PaintKind.ERASE, PaintKind.INSERT, PaintKind.RECOLOUR])
def test_what_an_editor_does_outside_the_mask_is_left_out(
    kind: PaintKind, painter: EditorWorkflow, mask: Bitmap
) -> None:
    asked = painting_request(kind, mask)
    after = rendered(asked.image, painted(painter, asked))
    reach = np.zeros_like(mask)
    reach[27:63, 37:83] = True
    assert (after[~reach] == asked.image[~reach]).all()
    assert (after[mask] != asked.image[mask]).any(axis=1).mean() > 0.9


@pytest.mark.parametrize("kind", [PaintKind.BACKDROP, PaintKind.STYLISE])
def test_whole_image_is_edited_where_the_mask_says(
    kind: PaintKind, painter: EditorWorkflow, mask: Bitmap
) -> None:
    asked = painting_request(kind, ~mask)
    after = rendered(asked.image, painted(painter, asked))
    assert (after[mask] == asked.image[mask]).all()
    assert (after[~mask] != asked.image[~mask]).any(axis=1).mean() > 0.9


def test_isolated_object_stands_in_the_middle_of_white(
    painter: EditorWorkflow, mask: Bitmap
) -> None:
    small = np.zeros((300, 400), np.bool_)
    small[10:40, 10:50] = True
    painting = painted(replace(painter, context=1.2), painting_request(PaintKind.ISOLATE, small))
    assert painting.alpha.all()
    assert painting.rgb.shape == (300, 400, 3)
    assert (painting.rgb[:100] == 255).all()
    assert (painting.rgb[:, :150] == 255).all()
    assert (painting.rgb[130:170, 180:220] != 255).any()


def test_each_kind_is_asked_in_other_words(painter: EditorWorkflow, mask: Bitmap) -> None:
    seen = {
        painted(painter, painting_request(kind, mask)).rgb.tobytes()
        for kind in (PaintKind.ERASE, PaintKind.INSERT, PaintKind.RECOLOUR)
    }
    assert len(seen) == 3


def test_what_has_no_words_is_unpaintable(painter: EditorWorkflow, mask: Bitmap) -> None:
    answers = painter.paint(
        [
            painting_request(PaintKind.FRAME, mask),
            painting_request(PaintKind.ERASE, mask, phrase=""),
            painting_request(PaintKind.INSERT, mask, phrase=""),
            painting_request(PaintKind.ERASE, np.zeros_like(mask)),
        ]
    )
    reasons = [a.reason if isinstance(a, Fault) else None for a in answers]
    assert reasons == [Reason.UNPAINTABLE, None, Reason.UNPAINTABLE, Reason.EMPTY_MASK]
