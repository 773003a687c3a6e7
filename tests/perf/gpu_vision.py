"""Measures what looks at images on one GPU: CLIP, SAM 2.1 L and YOLO-World L at their real size.

  python tests/perf/gpu_vision.py --json h100.json           everything, 10 minutes or so
  python tests/perf/gpu_vision.py --part aesthetic           from JPEG to aesthetic score
  python tests/perf/gpu_vision.py --part sam2 --batch 16     larger batches
  python tests/perf/gpu_vision.py --debug                    the path alone, without a GPU

`clip-l14` and `sam2-encoder` time the network alone, on images that lie ready on the device. The
others time the way from a JPEG to the answer: ours is the product's backend in its engine, plain
use is the library's own example, one image after the other. `--size` is the photographs' short
side. With random weights YOLO-World finds nothing on either side; suppression is as good as free.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from gpu_bench import Part, Setting, Side, built, compare, making, require
from gpu_clip import aesthetic, clip_h14, clip_l14
from gpu_engine import Computing, opened, photographs_for, through_engine
from gpu_networks import (
    MadeHost,
    clip_config,
    clip_network,
    random_weights,
    sam2_config,
    sam2_network,
)
from gpu_report import Gate, Measurement
from gpu_run import run

from models.annotation import Annotation
from models.detect.base import DetectRequest, Found
from models.detect.letterbox import Letterbox
from models.detect.transformers_loading import computing
from models.detect.ultralytics_import import ENVIRONMENT, ultralytics_tasks
from models.detect.yolo_loading import TextTower, YoloWorldNetwork
from models.detect.yolo_world import YoloWorld
from models.faults import Fault, Reason
from models.geometry import Box
from models.images import decode
from models.runtime import Runtime, ready_module, torch_dtype
from models.segment.base import SegmentRequest
from models.segment.hiera_flops import encoder_flops
from models.segment.sam2 import Sam2
from models.segment.sam2_loading import Sam2Network

if TYPE_CHECKING:
    import torch

_NOUNS = ("bench", "dog", "red bicycle", "tree", "person", "car")
_BOXES = 8
"""Objects of one image."""
_YOLO_PX = 640

DEFAULTS = Setting(
    device="cuda",
    debug=False,
    steps=1,
    size_px=1280,
    rounds=5,
    items=0,
    batch=0,
    compiled=True,
)


def sam2(setting: Setting) -> Iterator[Measurement]:
    """SAM 2.1 L: the encoder alone, then masks for eight boxes of an image, from JPEG."""
    require("sam2", "hydra", "omegaconf", "torchvision")
    import torch

    setting = setting.sized(items=64, batch=8)
    runtime = setting.runtime()
    with tempfile.TemporaryDirectory() as place:
        model = sam2_config(Path(place), debug=setting.debug)
        network, held = built(lambda: _sam2(model, setting, runtime), setting)
        eager, _ = built(lambda: _sam2(model, setting, Runtime(dtype=runtime.dtype)), setting)
        flops, side = encoder_flops(model), int(model["image_size"])
        batch = torch.rand(setting.batch, 3, side, side, device=setting.device)

        def encoded(net: Any, pixels: "torch.Tensor", times: int) -> None:
            with computing(net.device, runtime):
                for _ in range(times):
                    net.forward_image(pixels)

        passes = max(1, setting.items // setting.batch)
        how = f"{setting.words(runtime)}, batch {setting.batch}"
        yield compare(
            "sam2-encoder",
            Side(
                words=f"SAM 2.1 L, {how}",
                run=lambda: encoded(network, batch, passes),
                items=passes * setting.batch,
                bytes=held,
            ),
            Side(
                words="sam2 eager, one by one",
                run=lambda: encoded(eager, batch[:1], setting.plain_items),
                items=setting.plain_items,
            ),
            setting,
            flops=flops,
            gates=[Gate(name="sam2_encoder_per_s", of="per_s")],
        )
        segmenter = Sam2(
            weights=random_weights(Path(place)),
            host=MadeHost({"Sam2Spec": Sam2Network(network, runtime)}),
            runtime=runtime,
            batch_size=setting.batch,
        )
        yield _masks(
            segmenter, eager, setting, words=f"SAM 2.1 L, {how}, from JPEG", held=held, flops=flops
        )


def _sam2(model: dict[str, Any], setting: Setting, runtime: Runtime) -> Any:
    """Weights in float32, as ours and the package's own; products in the runtime's dtype."""
    import torch

    with making(setting.device, torch.float32):
        network = sam2_network(model)
    return ready_module(network, runtime, setting.device)


def _masks(
    segmenter: Sam2, eager: Any, setting: Setting, *, words: str, held: int | None, flops: float
) -> Measurement:
    """The backend against the package's own example. The mask decoder is not counted."""
    from sam2.sam2_image_predictor import SAM2ImagePredictor

    images = photographs_for(setting.items, setting.size_px)
    boxes = _boxes(*decode(images[0]).shape[:2])
    found = tuple(Found(name="thing", kind="object", box=box, score=1.0) for box in boxes)
    corners = np.float32([(box.x0, box.y0, box.x1, box.y1) for box in boxes])
    stage: Computing[SegmentRequest, Any] = Computing(
        batch_size=setting.batch,
        decode=lambda _, data: SegmentRequest(image=decode(data), found=found),
        compute=segmenter.segment,
        encode=lambda masks: masks,
    )
    predictor = SAM2ImagePredictor(eager)
    # The package has these in numbers, for 1024 px alone.
    predictor._bb_feat_sizes = [(eager.image_size // n,) * 2 for n in (4, 8, 16)]

    def plain() -> None:
        for data in images[: setting.plain_items]:
            with computing(eager.device, segmenter.runtime):
                predictor.set_image(np.array(opened(data)))
                predictor.predict(box=corners, multimask_output=False)

    return compare(
        "sam2",
        Side(words=words, run=lambda: through_engine(stage, images), items=len(images), bytes=held),
        Side(words="sam2's predictor, one by one", run=plain, items=setting.plain_items),
        setting,
        flops=flops,
    )


def yolo_world(setting: Setting) -> Iterator[Measurement]:
    """Boxes of YOLO-World L for six nouns, from JPEG."""
    require("ultralytics", "open_clip")
    setting = setting.sized(items=256, batch=32)
    with tempfile.TemporaryDirectory() as place:
        for name, value in {**ENVIRONMENT, "YOLO_CONFIG_DIR": place}.items():
            os.environ.setdefault(name, value)
        yield _boxes_found(setting)


def _boxes_found(setting: Setting) -> Measurement:
    import torch

    runtime = setting.runtime()
    size = "n" if setting.debug else "l"
    made, held = built(lambda: _yolo(f"yolov8{size}-worldv2.yaml", setting, runtime), setting)
    detector = YoloWorld(
        weights=random_weights(),
        clip=random_weights(),
        host=MadeHost({"YoloWorldSpec": made}),
        runtime=runtime,
        image_px=setting.size_px if setting.debug else _YOLO_PX,
        batch_size=setting.batch,
    )
    nouns = {"object_nouns": _NOUNS[:-1], "background_nouns": _NOUNS[-1:]}
    stage: Computing[DetectRequest, Any] = Computing(
        batch_size=setting.batch,
        decode=lambda _, data: DetectRequest(image=decode(data), annotation=Annotation(), **nouns),
        compute=lambda requests: [_nothing(one) for one in detector.detect(requests)],
        encode=lambda found: found,
    )
    images = photographs_for(setting.items, setting.size_px)
    plain = _plain_yolo(f"yolov8{size}-worldv2.yaml", setting)
    options = {"imgsz": detector.image_px, "conf": detector.least_score, "verbose": False}

    def looked() -> None:
        for data in images[: setting.plain_items]:
            plain.predict(opened(data), device=setting.device, **options)

    view = Letterbox.around(decode(images[0]), detector.image_px).pixels
    how = f"{setting.words(runtime)}, batch {setting.batch}, {detector.image_px} px, from JPEG"
    zeros = torch.zeros(1, 3, *view.shape[:2], device=setting.device)
    return compare(
        "yolo-world",
        Side(
            words=f"YOLO-World {size.upper()}, {how}",
            run=lambda: through_engine(stage, images),
            items=len(images),
            bytes=held,
        ),
        Side(words="ultralytics' predict, one by one", run=looked, items=setting.plain_items),
        setting,
        flops=_yolo_flops(f"yolov8{size}-worldv2.yaml", zeros),
    )


def _nothing(found: Any) -> Any:
    """Finding nothing is what random weights do; the image was looked at all the same."""
    return () if isinstance(found, Fault) and found.reason is Reason.NO_OBJECT else found


def _yolo(file: str, setting: Setting, runtime: Runtime) -> YoloWorldNetwork:
    import open_clip

    network = ultralytics_tasks().WorldModel(file, verbose=False).to(torch_dtype(runtime))
    config = clip_config("ViT-B-32-quickgelu", debug=setting.debug) | {"embed_dim": 512}
    texts = clip_network(config)
    texts.visual = None
    texts = texts.requires_grad_(False).to(setting.device)
    tower = TextTower(texts, open_clip.get_tokenizer("ViT-B-32-quickgelu"), setting.device)
    ready = ready_module(network, runtime, setting.device)
    return YoloWorldNetwork(ready, tower, torch_dtype(runtime))


def _plain_yolo(file: str, setting: Setting) -> Any:
    """Ultralytics' own object; `set_classes` would fetch its own CLIP, so texts are random."""
    import torch
    from ultralytics import YOLOWorld

    model = YOLOWorld(file)
    texts = torch.randn(1, len(_NOUNS), 512, device=setting.device)
    model.model.txt_feats = texts / texts.norm(dim=-1, keepdim=True)
    model.model.model[-1].nc = len(_NOUNS)
    model.model.names = list(_NOUNS)
    return model


def _yolo_flops(file: str, zeros: "torch.Tensor") -> float:
    """Counted by torch; the texts' part grows with their number, so they are as many as asked."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    network = ultralytics_tasks().WorldModel(file, nc=len(_NOUNS), verbose=False)
    network = network.eval().to(zeros.device)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network.predict(zeros)
    return float(counter.get_total_flops())


def _boxes(height: int, width: int) -> list[Box]:
    """Boxes of a third of the image's sides, spread over it."""
    rng = np.random.default_rng(2)
    corners = rng.uniform(0, 2 / 3, (_BOXES, 2))
    return [
        Box(
            round(x * width),
            round(y * height),
            round((x + 1 / 3) * width),
            round((y + 1 / 3) * height),
        )
        for x, y in corners.tolist()
    ]


PARTS: dict[str, Part] = {
    "clip-l14": clip_l14,
    "aesthetic": aesthetic,
    "clip-h14": clip_h14,
    "sam2": sam2,
    "yolo-world": yolo_world,
}

if __name__ == "__main__":
    sys.exit(run(__doc__ or "", PARTS, DEFAULTS))
