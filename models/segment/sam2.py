"""SAM 2 and 2.1 (Ravi et al., 2024) through the sam2 package: the paper's segmenter."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from models.geometry import Rgb
from models.segment.prompted import (
    WORKING_BYTES_PER_BOX,
    WORKING_BYTES_PER_IMAGE,
    Answers,
    PromptedSegmenter,
    Prompts,
)
from models.segment.sam2_loading import Sam2Spec, configuration

if TYPE_CHECKING:
    import torch

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
