"""What CLIP costs on a GPU: the image tower alone, and the way from a JPEG to an answer."""

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gpu_bench import Setting, Side, built, compare, making, require
from gpu_engine import Computing, opened, photographs_for, through_engine
from gpu_networks import MadeHost, clip_config, clip_network, random_weights
from gpu_report import Gate, Measurement

from models.aesthetics.laion import LaionAestheticScorer
from models.aesthetics.laion_head import Head, head_network
from models.embed.clip_flops import flops_per_image
from models.embed.clip_loading import CONFIG, Clip
from models.embed.open_clip import OpenClipEmbedder
from models.geometry import Rgb
from models.images import decode_reduced
from models.runtime import Runtime, ready_module, torch_dtype

if TYPE_CHECKING:
    import torch

_FILTER_PX = 512
"""What the image filter reduces a photograph to before it looks at it."""
_CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
_CLIP_STD = (0.26862954, 0.26130258, 0.27577711)


class ClipMade:
    """A CLIP ready as its backend has it, and as open_clip's example has it."""

    def __init__(self, name: str, setting: Setting, folder: Path) -> None:
        import torch

        self.config = clip_config(name, debug=setting.debug)
        self.runtime = setting.runtime()
        settings = {"mean": _CLIP_MEAN, "std": _CLIP_STD}
        text = json.dumps({"model_cfg": self.config, "preprocess_cfg": settings})
        (folder / CONFIG).write_text(text, "utf-8")
        self.folder, self._setting = folder, setting
        ready, self.bytes = built(lambda: self._network(setting.dtype, self.runtime), setting)
        self.clip = Clip(
            model=ready,
            device=setting.device,
            dtype=torch_dtype(self.runtime),
            logit_scale=float(ready.logit_scale.exp()),
        )
        # The example's: weights in float32, products in autocast's dtype.
        self.plain = self._network(torch.float32, Runtime(dtype="float32"))

    def _network(self, dtype: "torch.dtype", runtime: Runtime) -> Any:
        with making(self._setting.device, dtype):
            network = clip_network(self.config)
        return ready_module(network, runtime, self._setting.device)

    @property
    def side_px(self) -> int:
        return int(self.config["vision_cfg"]["image_size"])

    def shown_plainly(self, pixels: "torch.Tensor") -> Any:
        """Vectors, as open_clip's README computes them."""
        import torch

        device = self._setting.device
        with torch.no_grad(), torch.autocast(device, enabled=device != "cpu"):
            vectors = self.plain.encode_image(pixels.to(device))
            return vectors / vectors.norm(dim=-1, keepdim=True)


def clip_l14(setting: Setting) -> Iterator[Measurement]:
    """The image tower of ViT-L/14 alone."""
    require("open_clip")
    import torch

    setting = setting.sized(items=1024, batch=256)
    with tempfile.TemporaryDirectory() as place:
        made = ClipMade("ViT-L-14-quickgelu", setting, Path(place))
    single = torch.rand(setting.batch, 3, made.side_px, made.side_px, device=setting.device)
    pixels = single.to(made.clip.dtype)
    passes = max(1, setting.items // setting.batch)

    def ours() -> None:
        with torch.inference_mode():
            for _ in range(passes):
                made.clip.model.encode_image(pixels)

    def plain() -> None:
        for _ in range(passes):
            made.shown_plainly(single)

    items = passes * setting.batch
    words = f"ViT-L/14, {setting.words(made.runtime)}, batch {setting.batch}"
    yield compare(
        "clip-l14",
        Side(words=words, run=ours, items=items, bytes=made.bytes),
        Side(words="open_clip eager, autocast, the same batch", run=plain, items=items),
        setting,
        flops=flops_per_image(made.config),
        gates=[Gate(name="clip_l14_per_s", of="per_s")],
    )


def aesthetic(setting: Setting) -> Iterator[Measurement]:
    """From JPEG to aesthetic score, as the image filter does it."""
    require("open_clip")
    import torch

    setting = setting.sized(items=512, batch=64)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        made = ClipMade("ViT-L-14-quickgelu", setting, folder)
        with torch.device(setting.device):
            network = head_network(made.config["embed_dim"])
        head = Head(
            model=ready_module(network, Runtime(dtype="float32"), setting.device),
            device=setting.device,
        )
        scorer = LaionAestheticScorer(
            weights=random_weights(folder),
            head=random_weights(),
            host=MadeHost({"ClipSpec": made.clip, "HeadSpec": head}),
            runtime=made.runtime,
            batch_size=setting.batch,
        )

        def scored(pixels: "torch.Tensor") -> float:
            return float(head.model(made.shown_plainly(pixels).float()))

        stage: Computing[Rgb, float] = Computing(
            batch_size=setting.batch,
            decode=lambda _, data: decode_reduced(data, _FILTER_PX),
            compute=scorer.score,
            encode=lambda score: score,
        )
        yield _from_jpeg(
            "aesthetic",
            made,
            stage,
            scored,
            setting,
            gates=[Gate(name="aesthetic_per_s", of="per_s")],
        )


def clip_h14(setting: Setting) -> Iterator[Measurement]:
    """Embeddings of ViT-H/14 at 378 px, the paper's for the gate of regions, from JPEG."""
    require("open_clip")
    setting = setting.sized(items=128, batch=32)
    with tempfile.TemporaryDirectory() as place:
        made = ClipMade("ViT-H-14-378-quickgelu", setting, Path(place))
        embedder = OpenClipEmbedder(
            weights=random_weights(Path(place)),
            host=MadeHost({"ClipSpec": made.clip}),
            runtime=made.runtime,
            batch_size=setting.batch,
        )
        stage: Computing[Rgb, Any] = Computing(
            batch_size=setting.batch,
            decode=lambda _, data: decode_reduced(data, _FILTER_PX),
            compute=embedder.embed_images,
            encode=lambda vector: vector,
        )
        yield _from_jpeg(
            "clip-h14", made, stage, lambda p: made.shown_plainly(p).float().cpu().numpy(), setting
        )


def _from_jpeg(
    part: str,
    made: ClipMade,
    stage: Computing[Rgb, Any],
    answer: Any,
    setting: Setting,
    *,
    gates: Sequence[Gate] = (),
) -> Measurement:
    """A backend over a CLIP against open_clip's example: Pillow, its transform, one image."""
    from open_clip import image_transform

    steps = image_transform(made.side_px, is_train=False, mean=_CLIP_MEAN, std=_CLIP_STD)
    images = photographs_for(setting.items, setting.size_px)

    def plain() -> None:
        for data in images[: setting.plain_items]:
            answer(steps(opened(data)).unsqueeze(0))

    words = f"{part}, {setting.words(made.runtime)}, batch {setting.batch}, from JPEG"
    return compare(
        part,
        Side(
            words=words,
            run=lambda: through_engine(stage, images),
            items=len(images),
            bytes=made.bytes,
        ),
        Side(words="open_clip, one by one", run=plain, items=setting.plain_items),
        setting,
        flops=flops_per_image(made.config),
        gates=gates,
    )
