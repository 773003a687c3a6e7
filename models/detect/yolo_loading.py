"""YOLO-World as one callable: the detection network with the text tower it was trained with."""

import pickle
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.detect.text_tower import TextTower
from models.detect.ultralytics_import import ultralytics_tasks
from models.loading.tensors import check_tensors
from models.runtime import Runtime, ready_module, torch_dtype
from models.weights import BYTES_OF, CheckpointError, Weights

if TYPE_CHECKING:
    import torch

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
