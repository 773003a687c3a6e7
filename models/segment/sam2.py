"""SAM 2 and 2.1 (Ravi et al., 2024) through the sam2 package: the paper's segmenter."""

import pickle
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.geometry import Rgb
from models.loading.tensors import check_tensors
from models.loading.transformers_spec import computing
from models.runtime import Runtime, ready_module
from models.segment.prompted import (
    WORKING_BYTES_PER_BOX,
    WORKING_BYTES_PER_IMAGE,
    Answers,
    Floats,
    PromptedSegmenter,
    Prompts,
    decoded,
)
from models.weights import CheckpointError, Weights

if TYPE_CHECKING:
    import torch


_STABLE = {
    "dynamic_multimask_via_stability": True,
    "dynamic_multimask_stability_delta": 0.05,
    "dynamic_multimask_stability_thresh": 0.98,
}
"""The package's own settings for images: where the single mask is unstable, the best of the three
others is taken (`sam2.build_sam`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sam2Spec:
    """A checkpoint of the package with its configuration.

    Weights stay in float32, as the package's own do; the encoder and the mask decoder compute in
    the runtime's dtype, the boxes' embedding in float32.
    """

    weights: Weights
    """A folder with one `.yaml` and one `.pt`, as the hub has them."""
    runtime: Runtime = field(default_factory=Runtime)
    working_bytes: int = 0

    @property
    def name(self) -> str:
        """The checkpoint."""
        return f"SAM 2 of {self.weights.source}"

    def size_bytes(self) -> int:
        """The weights, and a batch's activations."""
        return _only(self.weights, "*.pt").stat().st_size + self.working_bytes

    def load(self, device: str) -> "Sam2Network":
        """The network with every tensor from the checkpoint.

        Raises:
            CheckpointError: A file is missing or broken, or tensors are missing, of another shape
                or not the network's.
        """
        import torch

        network = build(configuration(self.weights)["model"], self.weights.source)
        file = _only(self.weights, "*.pt")
        try:
            tensors = torch.load(file, map_location="cpu", weights_only=True)["model"]
        except (
            OSError,
            KeyError,
            TypeError,
            RuntimeError,
            EOFError,
            pickle.UnpicklingError,
        ) as error:
            msg = f"{file}: no checkpoint of SAM 2, or a broken one: {error}; download it again"
            raise CheckpointError(msg) from error
        check_tensors(str(file), tensors, network.state_dict())
        network.load_state_dict(tensors)
        return Sam2Network(ready_module(network, self.runtime.resident(), device), self.runtime)


class Sam2Network:
    """Masks for boxes."""

    def __init__(self, network: Any, runtime: Runtime) -> None:  # noqa: ANN401 - the package's
        self._network, self._runtime = network, runtime

    def __call__(
        self, pixels: "torch.Tensor", boxes: Sequence[Floats], boxes_at_once: int
    ) -> list[Answers]:
        """Masks of a batch.

        Args:
            pixels: Images x 3 x side x side, normalised.
            boxes: For each image n x 4, `xyxy` as shares of its sides; at least one box.
            boxes_at_once: How many boxes of an image are decoded together.
        """
        with computing(self._network.device, self._runtime):
            features = self._encoded(pixels.to(self._network.device))
            return decoded(features, boxes, boxes_at_once, self._decoded)

    def _encoded(self, pixels: "torch.Tensor") -> "list[torch.Tensor]":
        """Feature maps of each image, finest first."""
        network = self._network
        seen = network.forward_image(pixels)
        maps: list[torch.Tensor] = seen["backbone_fpn"][-network.num_feature_levels :]
        if network.directly_add_no_mem_embed:
            # An image is a video's first frame: nothing is remembered.
            maps[-1] = maps[-1] + network.no_mem_embed.reshape(1, -1, 1, 1)
        return maps

    def _decoded(
        self, features: "Sequence[torch.Tensor]", boxes: Floats
    ) -> "tuple[torch.Tensor, torch.Tensor]":
        import torch

        network = self._network
        device = features[-1].device
        with torch.autocast(device.type, enabled=False):
            corners = torch.from_numpy(boxes).to(device).reshape(-1, 2, 2) * network.image_size
            labels = torch.tensor([[2, 3]], dtype=torch.int, device=device).repeat(len(boxes), 1)
            sparse, dense = network.sam_prompt_encoder(
                points=(corners, labels), boxes=None, masks=None
            )
            places = network.sam_prompt_encoder.get_dense_pe()
        logits, scores, _, _ = network.sam_mask_decoder(
            image_embeddings=features[-1],
            image_pe=places,
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            multimask_output=False,
            repeat_image=True,
            high_res_features=features[:-1],
        )
        return logits[:, 0], scores[:, 0]


@lru_cache(maxsize=8)
def configuration(weights: Weights) -> dict[str, Any]:
    """The configuration beside a checkpoint.

    Raises:
        CheckpointError: It is missing, or is none of SAM 2.
    """
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    file = _only(weights, "*.yaml")
    try:
        config = OmegaConf.to_container(OmegaConf.load(file), resolve=True)
        side = config["model"]["image_size"]
    except (OSError, YAMLError, OmegaConfBaseException, KeyError, TypeError) as error:
        msg = f"{file}: no configuration of SAM 2: {error}; download it again"
        raise CheckpointError(msg) from error
    config["model"].setdefault("sam_mask_decoder_extra_args", dict(_STABLE))
    return {"model": config["model"], "side_px": int(side)}


def build(model: dict[str, Any], name: str) -> Any:  # noqa: ANN401 - the package's
    """The network that a configuration describes, without weights.

    A configuration names classes to call; only those of the package are called.

    Raises:
        CheckpointError: It describes no network of the package.
    """
    from hydra.errors import HydraException
    from hydra.utils import instantiate

    try:
        return instantiate(model, _recursive_=True, _target_whitelist_="sam2.*")
    except (HydraException, TypeError, AssertionError) as error:
        msg = f"{name}: the configuration describes no SAM 2: {error}"
        raise CheckpointError(msg) from error


def _only(weights: Weights, pattern: str) -> Path:
    files = sorted(weights.path.glob(pattern))
    if len(files) != 1:
        has = ", ".join(file.name for file in files) or "none"
        msg = (
            f"{weights.path}: one {pattern} is expected, there is {has}: download the folder again"
        )
        raise CheckpointError(msg)
    return files[0]


_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""ImageNet's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sam2(PromptedSegmenter):
    """Masks by SAM 2. Its weights are a folder with the package's `.yaml` and `.pt`."""

    name = "sam2"
    version = "1"

    @property
    def spec(self) -> Sam2Spec:
        """The network."""
        images = self.batch_size * WORKING_BYTES_PER_IMAGE
        boxes = self.boxes_at_once * WORKING_BYTES_PER_BOX
        return Sam2Spec(weights=self.weights, runtime=self.runtime, working_bytes=images + boxes)

    def prepare(self, image: Rgb) -> "torch.Tensor":
        """A square of the network's size, whatever the image's shape, as `SAM2Transforms` does."""
        import torch
        from torchvision.transforms.v2 import functional

        side_px = configuration(self.weights)["side_px"]
        pixels = torch.from_numpy(image).permute(2, 0, 1).float() / 255
        view = functional.resize(pixels, [side_px, side_px], antialias=True)
        normal: torch.Tensor = functional.normalize(view, list(_MEAN), list(_STD))
        return normal

    def answers(self, batch: Sequence[Prompts]) -> Sequence[Answers]:
        """Encode the images together, then decode each one's boxes."""
        import torch

        pixels = torch.stack([one.pixels for one in batch])
        with self.host.use(self.spec) as network:
            return network(pixels, [one.boxes for one in batch], self.boxes_at_once)
