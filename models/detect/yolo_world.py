"""YOLO-World (Cheng et al., 2024) through ultralytics: the paper's detector."""

import pickle
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from models.batches import in_batches
from models.detect.candidates import Candidates
from models.detect.open_vocabulary import NounSearch, OpenVocabularyDetector
from models.detect.ultralytics_import import ultralytics_tasks
from models.faults import Fault
from models.geometry import Rgb
from models.loading.tensors import check_tensors
from models.runtime import Runtime, ready_module, torch_dtype
from models.weights import BYTES_OF, CheckpointError, Weights

if TYPE_CHECKING:
    import torch


_MOST_TEXTS = 20_000
"""Remembered embeddings: 40 MB."""


class TextTower:
    """CLIP's texts, each embedded once."""

    def __init__(self, network: Any, tokenizer: Any, device: str) -> None:  # noqa: ANN401 - open_clip's
        self._network, self._tokenizer, self._device = network, tokenizer, device
        self._known: dict[str, torch.Tensor] = {}

    @classmethod
    def load(cls, weights: Weights, device: str) -> "TextTower":
        """Load a folder in open_clip's hub layout and keep what encodes texts.

        Raises:
            CheckpointError: It is missing, unreadable or lacks tensors.
        """
        import open_clip
        from safetensors import SafetensorError

        place = f"local-dir:{weights.path}"
        try:
            network = open_clip.create_model(place, precision="fp32", require_pretrained=True)
            tokenizer = open_clip.get_tokenizer(place)
        except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
            msg = f"{weights.source} is no open_clip checkpoint: {error}; download it again"
            raise CheckpointError(msg) from error
        network.visual = None
        return cls(network.eval().requires_grad_(False).to(device), tokenizer, device)

    @property
    def width(self) -> int:
        """Numbers of one embedding."""
        return int(self(["a"]).shape[-1])

    def __call__(self, texts: Sequence[str]) -> "torch.Tensor":
        """Embeddings of unit length, texts x width, float32."""
        import torch

        if len(self._known) > _MOST_TEXTS:
            self._known.clear()
        if new := [text for text in dict.fromkeys(texts) if text not in self._known]:
            with torch.inference_mode():
                tokens = self._tokenizer(new).to(self._device)
                vectors = self._network.encode_text(tokens, normalize=True)
            self._known |= dict(zip(new, vectors, strict=True))
        return torch.stack([self._known[text] for text in texts])


_NUMBERS_PER_PIXEL = 100
"""Activations alive at once in the widest network (X), as an upper bound: 80 channels at half the
resolution come in and go out, and 160 at a quarter are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class YoloWorldSpec:
    """A checkpoint of ultralytics with a folder of open_clip."""

    weights: Weights
    clip: Weights
    file: str = ""
    runtime: Runtime = field(default_factory=Runtime)
    batch_px: int = 8 * 640 * 640
    """Pixels of one batch."""

    @property
    def name(self) -> str:
        """The checkpoint."""
        return f"YOLO-World of {self.weights.source}"

    def size_bytes(self) -> int:
        """Both networks, and the activations of a batch."""
        # The file holds float16; a pickle's tensors cannot be counted without unpickling it.
        network = self._file().stat().st_size // 2 * BYTES_OF[self.runtime.dtype]
        working = self.batch_px * _NUMBERS_PER_PIXEL * BYTES_OF[self.runtime.dtype]
        return network + self.clip.size_bytes("float32") + working

    def load(self, device: str) -> "YoloWorldNetwork":
        """Rebuild the network that the checkpoint describes and fill in its tensors.

        The published files are pickles of whole modules. They are read with
        `torch.load(weights_only=True)` and ultralytics' list of its own layer classes, so no other
        code of theirs runs.

        Raises:
            CheckpointError: A file is missing or broken, is no YOLO-World, lacks tensors, or the
                texts' embeddings are not as wide as the network's.
        """
        network = _detection_network(self._file())
        network = ready_module(
            network.to(torch_dtype(self.runtime)), self.runtime.resident(), device
        )
        network = YoloWorldNetwork(
            network, TextTower.load(self.clip, device), torch_dtype(self.runtime)
        )
        network.check_widths(self.name)
        return network

    def _file(self) -> Path:
        path = self.weights.path / self.file if self.file else self.weights.path
        files = sorted(path.glob("*.pt")) if path.is_dir() else [path]
        if len(files) != 1 or not files[0].is_file():
            has = ", ".join(file.name for file in files) or "none"
            msg = f"{path}: one checkpoint (*.pt) is expected, there is {has}: name it with `file`"
            raise CheckpointError(msg)
        return files[0]


class YoloWorldNetwork:
    """Scores boxes for nouns."""

    def __init__(self, network: Any, texts: TextTower, dtype: "torch.dtype") -> None:  # noqa: ANN401 - ultralytics'
        self._network, self._texts, self._dtype = network, texts, dtype
        self._head = network.model[-1]
        # Its answers are decoded here in float32: bfloat16 knows no odd numbers above 256.
        self._head.training = True
        self._head.dfl.float()
        self._device = next(network.parameters()).device

    def check_widths(self, name: str) -> None:
        """Make sure that both networks fit.

        Raises:
            CheckpointError: They do not.
        """
        wants = self._head.cv3[0][-1].out_channels
        if self._texts.width != wants:
            msg = (
                f"{name} wants texts {wants} wide; its clip gives {self._texts.width}: use ViT-B/32"
            )
            raise CheckpointError(msg)

    def __call__(
        self, views: "torch.Tensor", nouns: Sequence[tuple[str, ...]]
    ) -> "tuple[torch.Tensor, torch.Tensor]":
        """Boxes and scores of a batch.

        Every image has nouns of its own. Shorter lists are filled up with their first noun again,
        which changes nothing: the network takes the maximum over the texts wherever it looks at
        several of them, and scores each by itself. Looking for the union of all lists would change
        the answers, since the maximum would then be over nouns of other images.

        Args:
            views: Batch x 3 x height x width, uint8.
            nouns: At least one for each image.

        Returns:
            Boxes, batch x n x 4, `xyxy` in pixels of the view, and scores from 0 to 1, batch x n x
            the longest list, both float32 on the CPU.
        """
        import torch

        longest = max(map(len, nouns))
        filled = [text for own in nouns for text in (*own, *own[:1] * (longest - len(own)))]
        with torch.inference_mode():
            texts = self._texts(filled).reshape(len(nouns), longest, -1)
            pixels = views.to(self._device).to(self._dtype) / 255
            self._head.nc = longest
            raw = self._network.predict(pixels, txt_feats=texts.to(self._dtype))
            boxes, scores = self._decoded(raw)
        return boxes.transpose(1, 2).cpu(), scores.transpose(1, 2).cpu()

    def _decoded(self, raw: "dict[str, Any]") -> "tuple[torch.Tensor, torch.Tensor]":
        from ultralytics.utils.tal import dist2bbox, make_anchors

        feats = [feature.float() for feature in raw["feats"]]
        anchors, strides = make_anchors(feats, self._head.stride, 0.5)
        distances = self._head.dfl(raw["boxes"].float())
        boxes = dist2bbox(distances, anchors.T.unsqueeze(0), xywh=False, dim=1) * strides.T
        return boxes, raw["scores"].float().sigmoid()


def _detection_network(file: Path) -> Any:  # noqa: ANN401 - ultralytics'
    tasks = ultralytics_tasks()
    try:
        checkpoint, _ = tasks.torch_safe_load(file, safe_only=True)
        pickled = checkpoint.get("ema") or checkpoint["model"]
        tensors, config = pickled.float().state_dict(), pickled.yaml
    except (TypeError, KeyError, AttributeError, OSError, RuntimeError, ImportError) as error:
        msg = f"{file}: no checkpoint of ultralytics, or a broken one: {error}; download it again"
        raise CheckpointError(msg) from error
    except pickle.UnpicklingError as error:
        msg = f"{file}: it asks for code that no checkpoint needs: {error}"
        raise CheckpointError(msg) from error
    if not isinstance(pickled, tasks.WorldModel):
        msg = f"{file} holds a {type(pickled).__name__}, not a YOLO-World; use a *-worldv2.pt"
        raise CheckpointError(msg)
    network = tasks.WorldModel(config, verbose=False)
    wants = network.state_dict()
    for key in tensors.keys() & wants.keys():
        # Single numbers were stored without an axis by some releases, with one by others.
        if tensors[key].numel() == wants[key].numel() == 1:
            tensors[key] = tensors[key].reshape(wants[key].shape)
    check_tensors(str(file), tensors, wants)
    network.load_state_dict(tensors)
    return network


_GREY = (114, 114, 114)
_STRIDE_PX = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterbox:
    """A reduced or enlarged image with grey borders that make its sides multiples of 32.

    The same as ultralytics' `LetterBox` with `auto=True`: the smallest such rectangle, not a
    square, so what one image becomes does not depend on its neighbours in a batch.
    """

    pixels: Rgb
    scale: float
    """Pixels of the view per native pixel."""
    left_px: int
    top_px: int

    @classmethod
    def around(cls, image: Rgb, side_px: int) -> Self:
        """View an image of any size.

        Args:
            image: The image.
            side_px: Longer side of the view.
        """
        height, width = image.shape[:2]
        scale = side_px / max(height, width)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        view = image
        if size != (width, height):
            view = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_LINEAR), np.uint8)
        across, down = ((side_px - side) % _STRIDE_PX / 2 for side in size)
        left, right = round(across - 0.1), round(across + 0.1)
        top, bottom = round(down - 0.1), round(down + 0.1)
        view = np.asarray(
            cv2.copyMakeBorder(view, top, bottom, left, right, cv2.BORDER_CONSTANT, value=_GREY),
            np.uint8,
        )
        return cls(pixels=view, scale=scale, left_px=left, top_px=top)

    def to_native(self, boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Boxes of the view, n x 4 `xyxy`, as boxes of the image."""
        corner = np.array([self.left_px, self.top_px] * 2, np.float32)
        return np.asarray((boxes - corner) / self.scale, np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class YoloWorld(OpenVocabularyDetector):
    """Boxes by YOLO-World; each noun is embedded once, each image looked at with its own nouns."""

    clip: Weights
    """CLIP ViT-B/32 of OpenAI in open_clip's hub layout: what YOLO-World was trained with."""
    file: str = ""
    """The checkpoint in a folder that holds several: "yolov8x-worldv2.pt"."""
    image_px: int = 640
    """Longer side of what the network sees, a multiple of 32: 640 in training."""
    least_score: float = 0.005
    """The paper's: near everything is kept here, and judged by its mask and its crop."""

    name = "yolo_world"
    version = "1"

    @property
    def spec(self) -> YoloWorldSpec:
        """Both networks."""
        return YoloWorldSpec(
            weights=self.weights,
            clip=self.clip,
            file=self.file,
            runtime=self.runtime,
            batch_px=self.batch_size * self.image_px**2,
        )

    def look(self, looks: Sequence[NounSearch]) -> Sequence[Candidates | Fault]:
        """All boxes of each image."""
        seen = [(Letterbox.around(look.image, self.image_px), look.nouns) for look in looks]
        return in_batches(
            seen, self._candidates, size=self.batch_size, alike=lambda one: one[0].pixels.shape
        )

    def _candidates(self, seen: Sequence[tuple[Letterbox, tuple[str, ...]]]) -> list[Candidates]:
        import torch

        pixels = np.stack([view.pixels for view, _ in seen]).transpose(0, 3, 1, 2)
        views = torch.from_numpy(np.ascontiguousarray(pixels))
        with self.host.use(self.spec) as network:
            boxes, scores = network(views, [nouns for _, nouns in seen])
        return [
            Candidates(
                boxes=view.to_native(own.numpy()), scores=own_scores.numpy()[:, : len(nouns)]
            )
            for (view, nouns), own, own_scores in zip(seen, boxes, scores, strict=True)
        ]
