"""Images as the painter's tokens and back: by a trained autoencoder, or as blocks of pixels."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from models.e1.config import E1Config
from models.loading.networks import Network
from models.runtime import Runtime
from models.weights import CheckpointError, Weights, kind_of

Tensor = Any
"""A torch tensor; torch is no part of the default installation."""

_KINDS = ("AutoencoderKL", "AutoencoderKLFlux2")


class Autoencoder(Protocol):
    """What latents are made by; its weights are never trained here."""

    @property
    def channels(self) -> int:
        """Numbers of a token."""

    @property
    def multiple_px(self) -> int:
        """Sides of the square that is a token."""

    def encode(self, pixels: Tensor) -> Tensor:
        """Latents, n x channels x rows x columns, of images in [-1, 1], n x 3 x height x width."""

    def decode(self, latents: Tensor) -> Tensor:
        """Images in about [-1, 1] of latents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vae:
    """The autoencoder of FLUX.1 or FLUX.2, two by two latents to a token."""

    network: Any

    @property
    def channels(self) -> int:
        """Numbers of a token: 64 of FLUX.1, 128 of FLUX.2."""
        return 4 * int(self.network.config.latent_channels)

    @property
    def multiple_px(self) -> int:
        """Sides of the square that is a token: 16 px."""
        return 2 * int(2 ** (len(self.network.config.block_out_channels) - 1))

    def encode(self, pixels: Tensor) -> Tensor:
        """The most likely latents: what is kept on disk must be the same each time."""
        import torch

        with torch.inference_mode():
            posterior = self.network.encode(pixels.to(self.network.dtype)).latent_dist
            packed = torch.nn.functional.pixel_unshuffle(posterior.mode(), 2)
            shift, scale = self._spread(packed)
            return (packed - shift) / scale

    def decode(self, latents: Tensor) -> Tensor:
        """Images in about [-1, 1]."""
        import torch

        with torch.inference_mode():
            shift, scale = self._spread(latents)
            packed = latents * scale + shift
            unpacked = torch.nn.functional.pixel_shuffle(packed, 2)
            return self.network.decode(unpacked.to(self.network.dtype)).sample

    def _spread(self, like: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and spread of latents: two numbers for FLUX.1, one for each channel for FLUX.2."""
        if (norm := getattr(self.network, "bn", None)) is None:
            config = self.network.config
            return config.shift_factor, 1 / config.scaling_factor
        var = norm.running_var + self.network.config.batch_norm_eps
        return tuple(v.view(1, -1, 1, 1).to(like) for v in (norm.running_mean, var.sqrt()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """Blocks of pixels: nothing is lost, and nothing is made smaller."""

    multiple_px: int
    scale: float = 2.0
    """Pixels in [-1, 1] spread by about half; the noise by 1."""

    @property
    def channels(self) -> int:
        """Numbers of a token."""
        return 3 * self.multiple_px**2

    def encode(self, pixels: Tensor) -> Tensor:
        """The pixels, a block to a token."""
        import torch

        return torch.nn.functional.pixel_unshuffle(pixels, self.multiple_px) * self.scale

    def decode(self, latents: Tensor) -> Tensor:
        """The pixels again."""
        import torch

        return torch.nn.functional.pixel_shuffle(latents, self.multiple_px) / self.scale


def autoencoder_of(config: E1Config, folder: Path | None, device: str) -> Autoencoder:
    """The autoencoder that a configuration names.

    Args:
        config: Says which.
        folder: A pipeline's, with its `vae`.
        device: Where it computes. In float32: FLUX.1's loses detail in bfloat16.

    Raises:
        CheckpointError: There is none, or not one of FLUX's.
    """
    if config.autoencoder == "pixels":
        return Blocks(multiple_px=config.block_px)
    if folder is None:
        msg = 'autoencoder = "vae" takes that of the painter: name one, or use "pixels"'
        raise CheckpointError(msg)
    kind = kind_of(Weights.at(folder / "vae"), _KINDS, key="_class_name")
    network = Network(slot="vae", class_name=f"diffusers.{kind}", folder=folder / "vae")
    module = network.load(Runtime(dtype="float32"))
    return Vae(network=module.eval().requires_grad_(False).to(device))
