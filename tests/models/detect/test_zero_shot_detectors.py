"""Every open-vocabulary detector with the zoo's checkpoint of its architecture."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("ultralytics")

from safetensors.torch import load_file, save_file  # noqa: E402

from models.annotation import Annotation  # noqa: E402
from models.detect.detection import DetectRequest, Found  # noqa: E402
from models.detect.grounding_dino import GroundingDino, prompts  # noqa: E402
from models.detect.open_vocabulary import OpenVocabularyDetector  # noqa: E402
from models.detect.sam3 import Sam3  # noqa: E402
from models.detect.ultralytics_import import ENVIRONMENT  # noqa: E402
from models.detect.yolo_world import YoloWorld  # noqa: E402
from models.faults import Fault, Reason  # noqa: E402
from models.geometry import Box, Rgb  # noqa: E402
from models.hosting import Host, SoloHost  # noqa: E402
from models.loading.transformers_spec import processor_of  # noqa: E402
from models.runtime import Runtime  # noqa: E402
from models.weights import CheckpointError, Weights  # noqa: E402
from models.zoo.build import build_zoo  # noqa: E402
from resources.roles import Detector  # noqa: E402

COFFEE: Rgb = data.coffee()
ASTRONAUT: Rgb = data.astronaut()
WIDE: Rgb = np.ascontiguousarray(COFFEE[100:200])
FLOAT32 = Runtime(dtype="float32")


@dataclass(frozen=True)
class Case:
    """A backend with its checkpoint."""

    made: Callable[..., OpenVocabularyDetector]
    checkpoint: str
    settings: dict[str, Any]
    tensor: str
    """One of the checkpoint's, to break."""

    def build(
        self, zoo: Path, host: Host, folder: Path | None = None, **changes: Any
    ) -> OpenVocabularyDetector:
        settings = {"runtime": FLOAT32, "least_score": 0.01, **self.settings, **changes}
        if self.made is YoloWorld:
            settings["clip"] = Weights.at(zoo / "yolo-world-clip")
        return self.made(weights=Weights.at(folder or zoo / self.checkpoint), host=host, **settings)


CASES = (
    Case(YoloWorld, "yolo-world", {"image_px": 192}, "model.0.conv.weight"),
    Case(GroundingDino, "grounding-dino", {}, "model.level_embed"),
    Case(Sam3, "sam3", {}, "detector_model.text_projection.weight"),
)
EACH = pytest.mark.parametrize("case", CASES, ids=lambda case: case.checkpoint)


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("zoo")
    with pytest.MonkeyPatch.context() as patch:
        for key, value in ENVIRONMENT.items():
            patch.setenv(key, value)
        patch.setenv("YOLO_CONFIG_DIR", str(folder))
        for case in CASES:
            list(build_zoo(folder, (case.checkpoint,)))
        list(build_zoo(folder, ("yolo-world-clip",)))
        yield folder


@pytest.fixture(scope="module")
def host() -> SoloHost:
    return SoloHost()


def request(
    image: Rgb, nouns: tuple[str, ...] = ("cup", "spoon"), sky: tuple[str, ...] = ()
) -> DetectRequest:
    return DetectRequest(
        image=image, object_nouns=nouns, background_nouns=sky, annotation=Annotation(objects=())
    )


def found_in(detector: OpenVocabularyDetector, one: DetectRequest) -> tuple[Found, ...]:
    answer = detector.detect([one])[0]
    assert not isinstance(answer, Fault), answer
    return answer


def close(one: tuple[Found, ...], other: tuple[Found, ...]) -> bool:
    """The same up to the order of sums: a pixel of a corner, a thousandth of a score."""
    pairs = list(zip(one, other, strict=True))
    return all(
        a.name == b.name
        and a.kind == b.kind
        and abs(a.score - b.score) < 1e-3
        and np.abs(np.subtract(corners(a.box), corners(b.box))).max() <= 1
        for a, b in pairs
    )


def corners(box: Box) -> tuple[int, int, int, int]:
    return box.x0, box.y0, box.x1, box.y1


@EACH
def test_objects_come_best_first_inside_the_image_then_backgrounds(
    case: Case, zoo: Path, host: SoloHost
) -> None:
    # Backgrounds compete with objects, and with random weights they may win every box.
    detector = case.build(zoo, host, nms_iou=1.0)
    assert isinstance(detector, Detector)
    found = found_in(detector, request(COFFEE, ("cup", "spoon", "cup "), ("table", "sky", "cup")))
    kinds = [one.kind for one in found]
    assert kinds == sorted(kinds, reverse=True)
    objects = [one for one in found if one.kind == "object"]
    backgrounds = [one for one in found if one.kind == "background"]
    assert len(objects) > 1
    assert {one.name for one in objects} <= {"cup", "spoon"}
    assert {one.name for one in backgrounds} == {"table", "sky"}
    assert {one.box for one in backgrounds} == {Box(0, 0, 600, 400)}
    for group in (objects, backgrounds):
        scores = [one.score for one in group]
        assert scores == sorted(scores, reverse=True)
        assert all(0.01 <= score <= 1 for score in scores)
    assert all(one.box.clipped(600, 400) == one.box and one.box.area_px for one in objects)
    few = found_in(replace(detector, max_boxes=2), request(COFFEE))
    assert [one.kind for one in few] == ["object", "object", "background"]


@EACH
def test_neighbours_in_a_batch_change_nothing(case: Case, zoo: Path, host: SoloHost) -> None:
    detector = case.build(zoo, host)
    requests = [
        request(COFFEE, ("cup", "spoon", "plate"), ("table",)),
        request(ASTRONAUT, ("helmet",)),
        request(WIDE, ("cup", "tray")),
        request(COFFEE, ("dog",)),
    ]
    together = detector.detect(requests)
    for one, answer in zip(requests, together, strict=True):
        assert not isinstance(answer, Fault)
        assert close(answer, found_in(detector, one))
    small = replace(detector, batch_size=1).detect(requests)
    assert all(close(a, b) for a, b in zip(together, small, strict=True) if isinstance(a, tuple))


@EACH
def test_the_image_and_the_nouns_matter(case: Case, zoo: Path, host: SoloHost) -> None:
    detector = case.build(zoo, host)
    cup = found_in(detector, request(COFFEE, ("cup",)))
    assert cup != found_in(detector, request(np.ascontiguousarray(COFFEE[:, ::-1]), ("cup",)))
    other = found_in(detector, request(COFFEE, ("giraffe",)))
    assert [one.score for one in cup] != [one.score for one in other]


@EACH
def test_bad_rows_are_faults_in_their_places(case: Case, zoo: Path, host: SoloHost) -> None:
    pixel, strip = np.zeros((1, 1, 3), np.uint8), np.zeros((2, 700, 3), np.uint8)
    answers = case.build(zoo, host).detect(
        [
            request(COFFEE, ()),
            request(COFFEE),
            request(pixel),
            request(strip),
            request(COFFEE, ("", "  "), ("sky",)),
        ]
    )
    reasons = [answer.reason if isinstance(answer, Fault) else None for answer in answers]
    assert reasons == [Reason.NO_OBJECT, None, *[Reason.NO_OBJECT] * 3]
    strict = case.build(zoo, host, least_score=1.01).detect([request(COFFEE)])[0]
    assert isinstance(strict, Fault)
    assert strict.reason is Reason.NO_OBJECT
    assert "cup, spoon" in strict.detail


@EACH
def test_small_images_are_looked_at(case: Case, zoo: Path, host: SoloHost) -> None:
    detector = case.build(zoo, host)
    for image in (COFFEE[:16, :16], COFFEE[:, :7], COFFEE[:5]):
        answer = detector.detect([request(np.ascontiguousarray(image))])[0]
        assert isinstance(answer, tuple) or answer.reason is Reason.NO_OBJECT


@EACH
def test_lower_precision_moves_boxes_little(case: Case, zoo: Path, host: SoloHost) -> None:
    full = found_in(case.build(zoo, host), request(COFFEE))
    lower = found_in(case.build(zoo, host, runtime=Runtime(dtype="bfloat16")), request(COFFEE))
    boxes = np.array([corners(one.box) for one in lower])
    # Of scores that are nearly equal another may come first; the box is still there.
    assert np.abs(boxes - corners(full[0].box)).max(axis=1).min() <= 12


@EACH
def test_a_detector_that_is_built_again_shares_its_model(
    case: Case, zoo: Path, host: SoloHost
) -> None:
    detector = case.build(zoo, host)
    assert case.build(zoo, host).spec == detector.spec
    assert detector.spec.size_bytes() > detector.weights.size_bytes("bfloat16")


def break_tensor(
    case: Case, zoo: Path, folder: Path, change: Callable[[dict[str, Any], str], None]
) -> Path:
    """A copy of a checkpoint in which one tensor was changed."""
    for file in (zoo / case.checkpoint).iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    if case.made is YoloWorld:
        checkpoint = torch.load(zoo / "yolo-world" / "yolov8t-worldv2.pt", weights_only=False)
        module, _, name = case.tensor.rpartition(".")
        part = checkpoint["model"].get_submodule(module)
        change(part._parameters, name)
        torch.save(checkpoint, folder / "yolov8t-worldv2.pt")
    else:
        tensors = load_file(folder / "model.safetensors")
        change(tensors, case.tensor)
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


@EACH
def test_a_missing_tensor_is_named(case: Case, zoo: Path, tmp_path: Path) -> None:
    folder = break_tensor(case, zoo, tmp_path, lambda tensors, name: tensors.pop(name))
    with pytest.raises(CheckpointError, match="lacks 1 tensors") as raised:
        case.build(zoo, SoloHost(), folder).setup()
    assert case.tensor.removeprefix("detector_model.") in str(raised.value)


@EACH
def test_a_tensor_of_another_shape_is_named(case: Case, zoo: Path, tmp_path: Path) -> None:
    def halve(tensors: dict[str, Any], name: str) -> None:
        half = tensors[name][: len(tensors[name]) // 2 or 1, ..., :1].clone()
        tensors[name] = torch.nn.Parameter(half) if case.made is YoloWorld else half

    folder = break_tensor(case, zoo, tmp_path, halve)
    with pytest.raises(CheckpointError, match="in another shape 1 tensors") as raised:
        case.build(zoo, SoloHost(), folder).setup()
    assert case.tensor.rpartition(".")[2] in str(raised.value)


def test_a_tensor_more_is_no_harm_to_transformers(zoo: Path, tmp_path: Path) -> None:
    def add(tensors: dict[str, Any], name: str) -> None:
        tensors["detector_model.text_encoder.embeddings.position_ids"] = torch.arange(16)

    folder = break_tensor(CASES[2], zoo, tmp_path, add)
    CASES[2].build(zoo, SoloHost(), folder).setup()


@EACH
def test_quantised_networks_find_boxes_too(case: Case, zoo: Path, host: SoloHost) -> None:
    pytest.importorskip("torchao")
    small = Runtime(dtype="bfloat16", quantise="int8", quantise_from=16, offload="model")
    assert found_in(case.build(zoo, host, runtime=small), request(COFFEE))


@EACH
def test_nan_weights_are_a_fault(case: Case, zoo: Path, tmp_path: Path) -> None:
    def spoil(tensors: dict[str, Any], name: str) -> None:
        tensors[name].data.fill_(float("nan"))

    folder = break_tensor(case, zoo, tmp_path, spoil)
    answer = case.build(zoo, SoloHost(), folder).detect([request(COFFEE)])[0]
    assert isinstance(answer, Fault)
    assert answer.reason is Reason.BAD_PIXELS


@EACH
def test_another_architecture_is_told(case: Case, zoo: Path, tmp_path: Path) -> None:
    other = zoo / ("grounding-dino" if case.made is not GroundingDino else "sam3")
    with pytest.raises(CheckpointError, match=r"correct the weights' name|\*\.pt|download"):
        case.build(zoo, SoloHost(), other).setup()
    (tmp_path / "config.json").write_text("{", "utf-8")
    with pytest.raises(CheckpointError):
        case.build(zoo, SoloHost(), tmp_path).setup()


def best_by_library(made: object, weights: Weights, image: Rgb) -> tuple[NDArray[Any], float]:
    """The best box for "cup", as transformers' documentation has it."""
    import transformers

    size = [image.shape[:2]]
    if made is Sam3:
        network = transformers.Sam3Model.from_pretrained(weights.path)
        processor = processor_of(weights, "Sam3Processor")
        inputs = processor(images=image, text="cup", return_tensors="pt")
        convert = processor.post_process_object_detection
    else:
        network = transformers.GroundingDinoForObjectDetection.from_pretrained(weights.path)
        processor = processor_of(weights, "GroundingDinoProcessor")
        inputs = processor(images=image, text="cup.", return_tensors="pt")
        convert = processor.post_process_grounded_object_detection
    with torch.inference_mode():
        answer = network.float().eval()(**inputs)
    found = convert(answer, threshold=0.0, target_sizes=size)[0]
    first = found["scores"].argmax()
    return found["boxes"][first].numpy(), float(found["scores"][first])


@pytest.mark.parametrize("case", CASES[2:], ids=lambda case: case.checkpoint)
def test_the_best_box_is_the_library_s(case: Case, zoo: Path, host: SoloHost) -> None:
    best = found_in(case.build(zoo, host), request(COFFEE, ("cup",)))[0]
    box, score = best_by_library(case.made, Weights.at(zoo / case.checkpoint), COFFEE)
    assert best.score == pytest.approx(score, abs=1e-3)
    clipped = box.clip(0, [600, 400, 600, 400])
    assert np.abs(clipped - corners(best.box)).max() <= 1.01


def test_grounding_dino_s_boxes_are_the_library_s(zoo: Path, host: SoloHost) -> None:
    """The library also scores the dot after the noun, so only its boxes can be compared."""
    detector = CASES[1].build(zoo, host)
    box, _ = best_by_library(GroundingDino, detector.weights, COFFEE)
    found = found_in(replace(detector, nms_iou=1.0), request(COFFEE, ("cup",)))
    boxes = np.array([corners(one.box) for one in found])
    assert np.abs(boxes - box.clip(0, [600, 400, 600, 400])).max(axis=1).min() <= 1.01


def test_long_lists_of_nouns_are_asked_in_rounds(zoo: Path, host: SoloHost) -> None:
    tokenizer = processor_of(Weights.at(zoo / "grounding-dino"), "GroundingDinoProcessor").tokenizer
    nouns = [f"cup {'long ' * (i % 3)}{i}" for i in range(40)] + ["st. bernard", "?", "x" * 900]
    read = []
    made = prompts(nouns, tokenizer, 64)
    assert len(made) > 3
    for tokens, spans in made:
        assert len(tokens) <= 64
        assert tokenizer.convert_ids_to_tokens([tokens[0], tokens[-1]]) == ["[CLS]", "[SEP]"]
        assert all(tokens[span.stop] == 1012 for span in spans)
        inside = {token for span in spans for token in tokens[span]}
        assert not inside & {101, 102, 1012, 1029}
        read += [tokenizer.decode(list(tokens[span])) for span in spans]
    assert read[0] == "cup 0"
    assert read[40] == "st bernard"
    assert len(read) == len(nouns)
    many = found_in(CASES[1].build(zoo, host), request(COFFEE, tuple(nouns[:40] * 1), ("sky",)))
    assert {one.name for one in many if one.kind == "object"} <= set(nouns)


def test_sam3_asks_for_any_number_of_nouns_at_once(zoo: Path, host: SoloHost) -> None:
    detector = CASES[2].build(zoo, host)
    one = request(COFFEE, tuple(f"thing {i}" for i in range(5)), ("sky",))
    at_once = [found_in(replace(detector, nouns_at_once=n), one) for n in (1, 4, 8)]
    assert close(at_once[0], at_once[1])
    assert close(at_once[0], at_once[2])
