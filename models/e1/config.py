"""How an E1 is put together and at which size it works; sizes differ in these values alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from models.recorded import Recorded

Sight = Literal["mlp", "squeezed", "none"]
Autoencoder = Literal["vae", "pixels"]


@dataclass(frozen=True, kw_only=True)
class E1Config(Recorded):
    """What is kept beside an editor's weights, and what it is built by (docs/editor.md)."""

    side_px: int = 1024
    """Images have about the square of it in pixels."""
    reader_px: int = 448
    """The same of the image that the reader is shown: 256 tokens of Qwen2.5-VL."""
    sight: Sight = "mlp"
    """What becomes of SigLIP's tokens of the source: a token of the painter each, or of four
    together ("squeezed"), or the painter is not given them."""
    source_latents: bool = False
    """Whether the source's latents follow the noisy ones, as in FLUX.1 Kontext."""
    autoencoder: Autoencoder = "vae"
    """That of the painter's checkpoint, or blocks of pixels as they are: exact both ways."""
    block_px: int = 8
    """Sides of such a block."""
    square: bool = False
    """Every image is made square, in place of the nearest of eleven aspects."""
    guidance: float = 3.5
    """An input of the painter when images are made; 1 while it is trained."""
    steps: int = 28
    """When images are made."""
    overlay: bool = False
    """Whether answers are laid over the source at its own size, so that the rest stays exact
    (`models.e1.overlay`): of a painter that says of each pixel what becomes of it."""
    transformer: Mapping[str, Any] = field(default_factory=dict)
    """Of a painter that begins with random weights: the arguments of its class but for those that
    follow from the other parts; of FluxTransformer2DModel, or of what `_class_name` says."""

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> "E1Config":
        """A configuration from its own parameters; what a later release added is as it was."""
        return cls(**{key: said[key] for key in cls.__dataclass_fields__ if key in said})

    def changed(self, **values: Any) -> "E1Config":  # noqa: ANN401 - of any field
        """The same with other values; None is no value."""
        return replace(self, **{key: value for key, value in values.items() if value is not None})

    def sizes(self, multiple_px: int) -> list[tuple[int, int]]:
        """Heights and widths of the images, each a multiple of so many pixels."""
        if self.square:
            return [(self.side_px // multiple_px * multiple_px,) * 2]
        from diffusers.training_utils import generate_aspect_ratio_buckets

        made: list[tuple[int, int]] = generate_aspect_ratio_buckets(self.side_px, multiple_px)
        return made

    def size(self, shape: Sequence[int], multiple_px: int) -> tuple[int, int]:
        """The height and width that an image of such a height and width is worked on at.

        The nearest of `sizes` by aspect. The image is then resized to it, its own aspect not kept:
        it changes by a few per cent, and nothing is cut off.
        """
        from diffusers.training_utils import find_nearest_bucket

        sizes = self.sizes(multiple_px)
        nearest: int = find_nearest_bucket(shape[0], shape[1], sizes)
        return sizes[nearest]


SIZES: Mapping[str, E1Config] = {
    "paper": E1Config(),
    "debug": E1Config(
        side_px=64,
        reader_px=56,
        steps=4,
        transformer={
            "num_layers": 1,
            "num_single_layers": 2,
            "attention_head_dim": 32,
            "num_attention_heads": 4,
            "axes_dims_rope": (8, 12, 12),
            "joint_attention_dim": 32,
            "pooled_projection_dim": 32,
            "guidance_embeds": True,
        },
    ),
    "studio": E1Config(
        side_px=96,
        square=True,
        sight="none",
        source_latents=True,
        autoencoder="pixels",
        block_px=16,
        overlay=True,
        steps=4,
        transformer={"_class_name": "StudioPainter"},
    ),
}
"""By the name that a profile gives: the paper's, one that is computed at once, and a small one."""
