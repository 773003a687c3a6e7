"""Both SAM 2 backends with the zoo's checkpoints."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from skimage import data

torch = pytest.importorskip("torch")
pytest.importorskip("sam2")
pytest.importorskip("transformers")

from safetensors.torch import load_file, save_file  # noqa: E402

from models.detect.detection import Found  # noqa: E402
from models.faults import Fault, Reason  # noqa: E402
from models.geometry import Bitmap, Box, Rgb  # noqa: E402
from models.hosting import Host, SoloHost  # noqa: E402
from models.loading.transformers_spec import processor_of  # noqa: E402
from models.runtime import Runtime  # noqa: E402
from models.segment.prompted import PromptedSegmenter  # noqa: E402
from models.segment.sam2 import Sam2  # noqa: E402
from models.segment.segmentation import Segmented, SegmentRequest  # noqa: E402
from models.segment.transformers_sam2 import TransformersSam2  # noqa: E402
from models.weights import CheckpointError, Weights  # noqa: E402
from models.zoo.build import build_zoo  # noqa: E402
from resources.roles import Segmenter  # noqa: E402

COFFEE: Rgb = data.coffee()
ASTRONAUT: Rgb = data.astronaut()
CUP, SPOON, CORNER = Box(77, 12, 480, 385), Box(380, 60, 590, 300), Box(-9, -9, 200, 150)


@dataclass(frozen=True)
class Case:
    """A backend with its checkpoint."""

    made: Callable[..., PromptedSegmenter]
    checkpoint: str
    tensor: str
    """One of the image encoder's, to break."""

    def build(
        self, zoo: Path, host: Host, folder: Path | None = None, **changes: Any
    ) -> PromptedSegmenter:
        settings = {"runtime": Runtime(dtype="float32"), **changes}
        weights = Weights.at(folder or zoo / self.checkpoint)
        return self.made(weights=weights, host=host, **settings)


CASES = (
    Case(Sam2, "sam2.1", "image_encoder.neck.convs.0.conv.weight"),
    Case(TransformersSam2, "sam2.1-hf", "vision_encoder.neck.convs.0.weight"),
)
EACH = pytest.mark.parametrize("case", CASES, ids=lambda case: case.checkpoint)


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("zoo")
    for case in CASES:
        list(build_zoo(folder, (case.checkpoint,)))
    return folder


@pytest.fixture(scope="module")
def host() -> SoloHost:
    return SoloHost()


def request(image: Rgb, *boxes: Box, background: bool = False) -> SegmentRequest:
    found = [Found(name="thing", kind="object", box=box, score=1.0) for box in boxes]
    if background:
        canvas = Box.canvas(image.shape[1], image.shape[0])
        found.insert(1, Found(name="sky", kind="background", box=canvas, score=1.0))
    return SegmentRequest(image=image, found=tuple(found))


def masks_of(segmenter: PromptedSegmenter, one: SegmentRequest) -> tuple[Segmented, ...]:
    answer = segmenter.segment([one])[0]
    assert not isinstance(answer, Fault), answer
    return answer


def apart(one: Bitmap, other: Bitmap) -> float:
    """The share of the canvas on which two masks differ."""
    return float(np.mean(one != other))


def same(one: tuple[Segmented, ...], other: tuple[Segmented, ...]) -> bool:
    return all(
        apart(a.mask, b.mask) < 1e-3 and abs(a.score - b.score) < 1e-3
        for a, b in zip(one, other, strict=True)
    )


@EACH
def test_every_box_gets_a_mask_of_the_image_s_own_size(
    case: Case, zoo: Path, host: SoloHost
) -> None:
    segmenter = case.build(zoo, host)
    assert isinstance(segmenter, Segmenter)
    answers = masks_of(segmenter, request(COFFEE, CUP, SPOON, CORNER))
    assert [answer.mask.shape for answer in answers] == [(400, 600)] * 3
    assert all(answer.mask.dtype == np.bool_ and 0 <= answer.score <= 1 for answer in answers)
    assert 0 < np.mean([answer.mask.mean() for answer in answers]) < 1
    assert apart(answers[0].mask, answers[1].mask) > 1e-3


@EACH
def test_a_background_is_what_the_objects_leave_over(case: Case, zoo: Path, host: SoloHost) -> None:
    segmenter = case.build(zoo, host)
    cup, sky, corner = masks_of(segmenter, request(COFFEE, CUP, CORNER, background=True))
    objects = cup.mask | corner.mask
    assert not (sky.mask & objects).any()
    assert sky.score == min(cup.score, corner.score)
    wider = replace(segmenter, background_gap_px=20)
    assert masks_of(wider, request(COFFEE, CUP, CORNER, background=True))[1].mask.sum() < (
        sky.mask.sum() or 1
    )
    alone = masks_of(segmenter, request(COFFEE, background=True))
    assert [(one.mask.all(), one.score) for one in alone] == [(True, 1.0)]


@EACH
def test_neither_neighbours_nor_chunks_change_a_mask(case: Case, zoo: Path, host: SoloHost) -> None:
    segmenter = case.build(zoo, host)
    requests = [
        request(COFFEE, CUP, SPOON, CORNER, background=True),
        request(ASTRONAUT, Box(100, 0, 300, 400)),
        request(COFFEE, background=True),
        request(np.ascontiguousarray(COFFEE[:90]), Box(20, 3, 80, 88), CORNER),
    ]
    alone = [masks_of(segmenter, one) for one in requests]
    for changes in ({}, {"batch_size": 1}, {"boxes_at_once": 1}, {"boxes_at_once": 2}):
        together = replace(segmenter, **changes).segment(requests)
        for one, answer in zip(alone, together, strict=True):
            assert not isinstance(answer, Fault)
            assert same(one, answer)


@EACH
def test_bad_rows_and_tiny_images(case: Case, zoo: Path, host: SoloHost) -> None:
    pixel, small = np.zeros((1, 1, 3), np.uint8), np.ascontiguousarray(COFFEE[:16, :9])
    answers = case.build(zoo, host).segment(
        [
            request(COFFEE, CUP, Box(5000, 0, 5100, 50)),
            request(pixel, Box(0, 0, 1, 1)),
            request(small, Box(2, 2, 8, 12), background=True),
            request(COFFEE),
        ]
    )
    assert isinstance(answers[0], Fault)
    assert answers[0].reason is Reason.EMPTY_MASK
    assert "5000" in answers[0].detail
    shapes = [[one.mask.shape for one in a] for a in answers[1:] if isinstance(a, tuple)]
    assert shapes == [[(1, 1)], [(16, 9), (16, 9)], []]


@EACH
def test_lower_precision_moves_edges_little(case: Case, zoo: Path, host: SoloHost) -> None:
    full = masks_of(case.build(zoo, host), request(COFFEE, CUP, SPOON))
    low = case.build(zoo, host, runtime=Runtime(dtype="bfloat16"))
    for a, b in zip(full, masks_of(low, request(COFFEE, CUP, SPOON)), strict=True):
        assert apart(a.mask, b.mask) < 0.05
        assert a.score == pytest.approx(b.score, abs=0.02)


@EACH
def test_quantised_networks_draw_masks_too(case: Case, zoo: Path, host: SoloHost) -> None:
    pytest.importorskip("torchao")
    small = Runtime(dtype="bfloat16", quantise="int8", quantise_from=16, offload="model")
    answers = masks_of(case.build(zoo, host, runtime=small), request(COFFEE, CUP, SPOON))
    assert [answer.mask.shape for answer in answers] == [(400, 600)] * 2


def by_package(weights: Weights, image: Rgb, boxes: list[Box]) -> list[tuple[Bitmap, float]]:
    """Masks as the package's own predictor gives them."""
    from sam2.sam2_image_predictor import SAM2ImagePredictor

    from models.segment.sam2 import Sam2Spec

    network = Sam2Spec(weights=weights, runtime=Runtime(dtype="float32")).load("cpu")._network
    predictor = SAM2ImagePredictor(network)
    # It holds the sizes for 1024 px.
    predictor._bb_feat_sizes = [(32, 32), (16, 16), (8, 8)]
    predictor.set_image(image)
    found = []
    for box in boxes:
        corners = np.array([box.x0, box.y0, box.x1, box.y1])
        masks, scores, _ = predictor.predict(box=corners, multimask_output=False)
        found.append((masks[0] > 0, float(scores[0])))
    return found


def by_transformers(weights: Weights, image: Rgb, boxes: list[Box]) -> list[tuple[Bitmap, float]]:
    """Masks as transformers' documentation has it."""
    import transformers

    network = transformers.Sam2Model.from_pretrained(weights.path, dtype="float32").eval()
    processor = processor_of(weights, "Sam2Processor")
    corners = [[[float(v) for v in (box.x0, box.y0, box.x1, box.y1)] for box in boxes]]
    inputs = processor(images=image, input_boxes=corners, return_tensors="pt")
    with torch.inference_mode():
        answer = network(**inputs, multimask_output=False)
    masks = processor.post_process_masks(answer.pred_masks, inputs["original_sizes"])[0]
    scores = answer.iou_scores[0, :, 0].tolist()
    return list(zip(masks[:, 0].numpy(), scores, strict=True))


@pytest.mark.parametrize(
    ("case", "library"), zip(CASES, (by_package, by_transformers), strict=True), ids=["sam2", "hf"]
)
def test_masks_are_the_library_s(
    case: Case,
    library: Callable[[Weights, Rgb, list[Box]], list[tuple[Bitmap, float]]],
    zoo: Path,
    host: SoloHost,
) -> None:
    segmenter = case.build(zoo, host)
    expected = library(segmenter.weights, COFFEE, [CUP, SPOON])
    answers = masks_of(segmenter, request(COFFEE, CUP, SPOON))
    for answer, (mask, score) in zip(answers, expected, strict=True):
        assert apart(answer.mask, mask) < 2e-3
        assert answer.score == pytest.approx(score, abs=2e-3)


def break_tensor(
    case: Case, zoo: Path, folder: Path, change: Callable[[dict[str, Any], str], None]
) -> Path:
    """A copy of a checkpoint in which one tensor was changed."""
    for file in (zoo / case.checkpoint).iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    if case.made is Sam2:
        file = folder / "sam2.1_hiera_debug.pt"
        checkpoint = torch.load(file, weights_only=True)
        change(checkpoint["model"], case.tensor)
        torch.save(checkpoint, file)
    else:
        tensors = load_file(folder / "model.safetensors")
        change(tensors, case.tensor)
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


@EACH
def test_a_renamed_tensor_is_named(case: Case, zoo: Path, tmp_path: Path) -> None:
    def rename(tensors: dict[str, Any], name: str) -> None:
        tensors[f"{name}_renamed"] = tensors.pop(name)

    folder = break_tensor(case, zoo, tmp_path, rename)
    with pytest.raises(CheckpointError, match="lacks 1 tensors") as raised:
        case.build(zoo, SoloHost(), folder).setup()
    assert case.tensor in str(raised.value)
    assert f"{case.tensor}_renamed" in str(raised.value)


@EACH
def test_nan_weights_are_a_fault(case: Case, zoo: Path, tmp_path: Path) -> None:
    folder = break_tensor(
        case, zoo, tmp_path, lambda tensors, name: tensors[name].fill_(float("nan"))
    )
    answer = case.build(zoo, SoloHost(), folder).segment([request(COFFEE, CUP)])[0]
    assert isinstance(answer, Fault)
    assert answer.reason is Reason.BAD_PIXELS


@EACH
def test_another_layout_or_a_broken_file_is_told(case: Case, zoo: Path, tmp_path: Path) -> None:
    other = zoo / next(one.checkpoint for one in CASES if one is not case)
    with pytest.raises(CheckpointError):
        case.build(zoo, SoloHost(), other).setup()
    for file in (zoo / case.checkpoint).iterdir():
        whole = file.read_bytes()
        cut = file.suffix in (".pt", ".safetensors")
        (tmp_path / file.name).write_bytes(whole[: len(whole) // 2] if cut else whole)
    with pytest.raises(CheckpointError, match="download"):
        case.build(zoo, SoloHost(), tmp_path).setup()


def test_a_configuration_calls_nothing_but_the_package(zoo: Path, tmp_path: Path) -> None:
    for file in (zoo / "sam2.1").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    file = tmp_path / "sam2.1_hiera_d.yaml"
    text = file.read_text("utf-8")
    evil = text.replace("sam2.modeling.memory_encoder.Fuser", "pathlib.Path.touch")
    file.write_text(evil, "utf-8")
    with pytest.raises(CheckpointError, match=r"pathlib\.Path\.touch"):
        CASES[0].build(zoo, SoloHost(), tmp_path).setup()


@EACH
def test_a_segmenter_that_is_built_again_shares_its_model(
    case: Case, zoo: Path, host: SoloHost
) -> None:
    segmenter = case.build(zoo, host)
    assert case.build(zoo, host).spec == segmenter.spec
    assert segmenter.spec.size_bytes() > segmenter.weights.size_bytes("float32")
