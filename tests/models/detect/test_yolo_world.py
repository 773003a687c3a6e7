"""What is YOLO-World's own: its view, its texts, its pickled checkpoints, ultralytics' manners."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from skimage import data

torch = pytest.importorskip("torch")
pytest.importorskip("ultralytics")
pytest.importorskip("open_clip")

from models.annotation import Annotation  # noqa: E402
from models.detect.detection import DetectRequest, Found  # noqa: E402
from models.detect.ultralytics_import import ENVIRONMENT  # noqa: E402
from models.detect.yolo_world import Letterbox, YoloWorld, YoloWorldSpec  # noqa: E402
from models.faults import Fault  # noqa: E402
from models.geometry import Rgb  # noqa: E402
from models.hosting import SoloHost  # noqa: E402
from models.runtime import Runtime  # noqa: E402
from models.weights import CheckpointError, Weights  # noqa: E402
from models.zoo.build import build_zoo  # noqa: E402

COFFEE: Rgb = data.coffee()
FLOAT32 = Runtime(dtype="float32")
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("zoo")
    with pytest.MonkeyPatch.context() as patch:
        for key, value in ENVIRONMENT.items():
            patch.setenv(key, value)
        patch.setenv("YOLO_CONFIG_DIR", str(folder))
        list(build_zoo(folder, ("yolo-world",)))
        list(build_zoo(folder, ("yolo-world-clip",)))
        yield folder


def spec(zoo: Path, **changes: Any) -> YoloWorldSpec:
    weights = {"weights": "yolo-world", "clip": "yolo-world-clip"}
    found = {key: Weights.at(zoo / name) for key, name in weights.items()}
    return YoloWorldSpec(**{"runtime": FLOAT32, **found, **changes})


def looked_at(zoo: Path, *nouns: str, **settings: Any) -> list[Found]:
    one = spec(zoo)
    detector = YoloWorld(
        weights=one.weights, clip=one.clip, host=SoloHost(), runtime=FLOAT32, **settings
    )
    asked = DetectRequest(
        image=COFFEE, object_nouns=nouns, background_nouns=(), annotation=Annotation(objects=())
    )
    answer = detector.detect([asked])[0]
    assert not isinstance(answer, Fault)
    return [found for found in answer if found.kind == "object"]


@pytest.mark.parametrize("shape", [(400, 600), (600, 401), (33, 1000), (5, 5), (640, 640)])
def test_the_view_is_ultralytics_letterbox(zoo: Path, shape: tuple[int, int]) -> None:
    from ultralytics.data.augment import LetterBox

    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    expected = LetterBox(new_shape=(320, 320), auto=True, stride=32)(image=image)
    view = Letterbox.around(image, 320)
    assert np.array_equal(view.pixels, expected)
    height, width = shape
    inner = np.float32(
        [
            [
                view.left_px,
                view.top_px,
                view.left_px + width * view.scale,
                view.top_px + height * view.scale,
            ]
        ]
    )
    assert np.allclose(view.to_native(inner), [[0, 0, width, height]], atol=1e-2)


def test_boxes_are_those_of_ultralytics_own_predictor(zoo: Path, tmp_path: Path) -> None:
    """Before near-duplicates go: the library compares boxes that reach outside the image."""
    from ultralytics import YOLOWorld

    nouns = ["cup", "spoon"]
    network = spec(zoo).load("cpu")
    library = YOLOWorld(next((zoo / "yolo-world").glob("*.pt")))
    library.model.txt_feats = network._texts(nouns)[None]
    library.model.model[-1].nc = 2
    library.model.names = dict(enumerate(nouns))
    settings = {"imgsz": 320, "conf": 0.05, "iou": 1.0, "agnostic_nms": True, "max_det": 100}
    [expected] = library.predict(
        COFFEE[:, :, ::-1], verbose=False, save=False, project=str(tmp_path), **settings
    )
    found = looked_at(zoo, *nouns, image_px=320, least_score=0.05, least_side_px=1, nms_iou=1.0)
    assert len(found) == len(expected.boxes) == 100
    for one, box, score, noun in zip(
        found, expected.boxes.xyxy, expected.boxes.conf, expected.boxes.cls, strict=True
    ):
        assert one.score == pytest.approx(float(score), abs=2e-3)
        assert one.name == nouns[int(noun)]
        corners = np.float32([one.box.x0, one.box.y0, one.box.x1, one.box.y1])
        assert np.abs(corners - box.numpy()).max() <= 1.5


def test_other_nouns_would_change_a_score_but_filling_up_does_not(zoo: Path) -> None:
    """So a batch cannot simply look for the union of its images' nouns."""
    network = spec(zoo).load("cpu")
    view = torch.from_numpy(Letterbox.around(COFFEE, 192).pixels).permute(2, 0, 1)[None]
    _, alone = network(view, [("cup",)])
    _, beside = network(view, [("cup", "aeroplane", "sky")])
    _, filled = network(view.repeat(2, 1, 1, 1), [("cup",), ("cup", "aeroplane", "sky")])
    assert (alone - beside[..., :1]).abs().max() > 1e-3
    assert (alone[0] - filled[0, :, :1]).abs().max() < 1e-5
    assert (beside[0] - filled[1]).abs().max() < 1e-5


def test_texts_must_be_as_wide_as_the_network_s(zoo: Path, tmp_path: Path) -> None:
    import open_clip
    from safetensors.torch import save_file

    text = (zoo / "yolo-world-clip" / "open_clip_config.json").read_text("utf-8")
    (tmp_path / "open_clip_config.json").write_text(text.replace("512", "64"), "utf-8")
    narrow = open_clip.create_model(f"local-dir:{tmp_path}")
    save_file(narrow.state_dict(), tmp_path / "open_clip_model.safetensors")
    with pytest.raises(CheckpointError, match=r"512 wide.* gives 64"):
        spec(zoo, clip=Weights.at(tmp_path)).load("cpu")


def test_a_clip_without_weights_is_told(zoo: Path, tmp_path: Path) -> None:
    config = (zoo / "yolo-world-clip" / "open_clip_config.json").read_bytes()
    (tmp_path / "open_clip_config.json").write_bytes(config)
    with pytest.raises(CheckpointError, match="open_clip"):
        spec(zoo, clip=Weights.at(tmp_path)).load("cpu")


class _Touch:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self.path),)


def test_a_pickle_cannot_run_code(zoo: Path, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    torch.save({"model": _Touch(ran)}, tmp_path / "evil.pt")
    with pytest.raises(CheckpointError, match=r"evil\.pt"):
        spec(zoo, weights=Weights.at(tmp_path / "evil.pt")).load("cpu")
    assert not ran.exists()


def test_a_folder_of_several_needs_a_name(zoo: Path, tmp_path: Path) -> None:
    [file] = (zoo / "yolo-world").glob("*.pt")
    for name in ("a-worldv2.pt", "b-worldv2.pt"):
        (tmp_path / name).write_bytes(file.read_bytes())
    with pytest.raises(CheckpointError, match=r"a-worldv2\.pt, b-worldv2\.pt"):
        spec(zoo, weights=Weights.at(tmp_path)).load("cpu")
    assert spec(zoo, weights=Weights.at(tmp_path), file="b-worldv2.pt").size_bytes() > 0
    with pytest.raises(CheckpointError, match="there is"):
        spec(zoo, weights=Weights.at(tmp_path), file="c.pt").load("cpu")


def test_a_cut_off_or_foreign_file_is_told(zoo: Path, tmp_path: Path) -> None:
    [file] = (zoo / "yolo-world").glob("*.pt")
    (tmp_path / "cut.pt").write_bytes(file.read_bytes()[:5000])
    torch.save({"model": {"weight": torch.zeros(3)}}, tmp_path / "foreign.pt")
    for name in ("cut.pt", "foreign.pt"):
        with pytest.raises(CheckpointError, match=name):
            spec(zoo, weights=Weights.at(tmp_path / name)).load("cpu")


def test_ultralytics_leaves_the_process_and_the_home_as_they_were(tmp_path: Path) -> None:
    code = """
import socket, cv2, torch
def refuse(*a, **k): raise SystemExit("the network was asked")
socket.getaddrinfo = socket.create_connection = refuse
cv2.setNumThreads(3)
save = torch.save
from models.detect.ultralytics_import import ultralytics_tasks
tasks = ultralytics_tasks()
from ultralytics.utils import SETTINGS, checks
assert cv2.getNumThreads() == 3 and torch.save is save
assert tasks.SAFE_LOAD and not SETTINGS["sync"] and not checks.AUTOINSTALL
"""
    home, settings = tmp_path / "home", tmp_path / "settings"
    home.mkdir()
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("YOLO_")},
        **ENVIRONMENT,
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "YOLO_CONFIG_DIR": str(settings),
        "MPLCONFIGDIR": str(settings),
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not [path for path in home.rglob("*") if "ltralytics" in path.name]
    assert cv2.getNumThreads() > 0
