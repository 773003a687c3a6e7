"""SAM 2 and 2.1 through transformers."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from models.geometry import Rgb
from models.loading.transformers_spec import TransformersSpec, computing, processor_of
from models.segment.prompted import (
    WORKING_BYTES_PER_BOX,
    WORKING_BYTES_PER_IMAGE,
    Answers,
    Floats,
    PromptedSegmenter,
    Prompts,
    decoded,
)

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformersSam2(PromptedSegmenter):
    """Masks by SAM 2. Its weights are a folder in transformers' layout."""

    name = "transformers_sam2"
    version = "1"

    @property
    def spec(self) -> TransformersSpec:
        """The network."""
        images = self.batch_size * WORKING_BYTES_PER_IMAGE
        boxes = self.boxes_at_once * WORKING_BYTES_PER_BOX
        return TransformersSpec(
            class_name="Sam2Model",
            # Published as the video model, which holds the image model.
            kinds=("sam2", "sam2_video"),
            weights=self.weights,
            runtime=self.runtime,
            working_bytes=images + boxes,
        )

    def prepare(self, image: Rgb) -> "torch.Tensor":
        """A square of the network's size, whatever the image's shape."""
        processor = processor_of(self.weights, "Sam2Processor").image_processor
        images = processor(image, input_data_format="channels_last", return_tensors="pt")
        pixels: torch.Tensor = images["pixel_values"][0]
        return pixels

    def answers(self, batch: Sequence[Prompts]) -> Sequence[Answers]:
        """Encode the images together, then decode each one's boxes."""
        import torch

        pixels = torch.stack([one.pixels for one in batch])
        with (
            self.host.use(self.spec) as network,
            computing(network.device, self.runtime),
        ):
            maps = network.get_image_embeddings(pixels.to(network.device))
            boxes = [one.boxes for one in batch]
            return decoded(maps, boxes, self.boxes_at_once, partial(_decoded, network))


def _decoded(
    network: Any,  # noqa: ANN401 - transformers'
    maps: "Sequence[torch.Tensor]",
    boxes: Floats,
) -> "tuple[torch.Tensor, torch.Tensor]":
    import torch

    device = maps[-1].device
    with torch.autocast(device.type, enabled=False):
        side_px = network.prompt_encoder.input_image_size
        corners = torch.from_numpy(boxes).to(device)[None] * side_px
        sparse, dense = network.get_prompt_embeddings(input_boxes=corners)
        places = network.get_image_wide_positional_embeddings()
    logits, scores, _, _ = network.mask_decoder(
        image_embeddings=maps[-1],
        image_positional_embeddings=places,
        sparse_prompt_embeddings=sparse,
        dense_prompt_embeddings=dense,
        multimask_output=False,
        high_resolution_features=maps[:-1],
    )
    return logits[0, :, 0], scores[0, :, 0]
