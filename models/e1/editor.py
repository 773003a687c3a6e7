"""A trained E1 as an editor: an image and an instruction in, an image out."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from models.batches import in_batches
from models.e1.config import E1Config
from models.e1.encoders import Asked
from models.e1.flow import noise_of, sampled
from models.e1.folder import E1, bases_of, config_said, load_e1
from models.edit.editor import EditRequest
from models.faults import Fault
from models.geometry import Rgb
from models.hosting import Host, SoloHost
from models.loading.diffusers_spec import decoding_bytes
from models.pipeline_pixels import resized, to_pixels, to_tensor
from models.recorded import recorded
from models.runtime import Dtype
from models.weights import Weights, fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class E1Spec:
    """A folder that an E1 was written to, in a precision; equal specs share one editor."""

    folder: Path
    revision: str
    dtype: Dtype

    @property
    def name(self) -> str:
        """Its folder's name."""
        return f"E1 {self.folder.name}"

    def size_bytes(self) -> int:
        """Weights of its own and of what it was made from, and an image's decoding."""
        said = config_said(self.folder)
        bases = bases_of(self.folder, said).named().values()
        outside = [base for base in bases if self.folder not in base.path.parents]
        parts = [Weights.at(self.folder), *outside]
        weights = sum(part.size_bytes(self.dtype) for part in parts)
        return weights + decoding_bytes(self.dtype, size_px=E1Config.of(said["config"]).side_px)

    def load(self, device: str) -> E1:
        """All of it on a device.

        Raises:
            CheckpointError: A part is missing, broken, or does not fit another.
        """
        return load_e1(self.folder, device, self.dtype)


@dataclass(frozen=True, kw_only=True)
class E1Editor:
    """Edits at the size of `E1Config.size`: the nearest aspect that it was trained at.

    The source is resized to it, its own aspect not kept, and so is the answer: bring it back to the
    source's size where they are compared. One whose answers are laid over the source
    (`E1Config.overlay`) gives the source's own size.
    """

    version = "1"

    folder: Path
    host: Host
    dtype: Dtype
    config: E1Config
    batch_size: int = 4

    @property
    def name(self) -> str:
        """The name of its folder."""
        return f"e1 {self.folder.name}"

    def setup(self) -> None:
        """Load it.

        Raises:
            CheckpointError: A part is missing, broken, or does not fit another.
        """
        with self.host.use(self._spec):
            pass

    def params(self) -> dict[str, object]:
        """The weights, wherever they lie, and how images are made with them."""
        said = config_said(self.folder)
        files = sorted(self.folder.rglob("*.safetensors"))
        return {
            **recorded(self.config),
            "dtype": self.dtype,
            "weights": [fingerprint(file) for file in files],
            "bases": {name: base["fingerprint"] for name, base in said["bases"].items()},
        }

    def edit(self, requests: Sequence[EditRequest]) -> list[Rgb | Fault]:
        """An image for each request."""
        with self.host.use(self._spec) as e1:
            multiple = e1.parts.autoencoder.multiple_px
            answers = in_batches(
                requests,
                partial(_edited, e1, self.config),
                size=self.batch_size,
                alike=lambda one: self.config.size(one.image.shape, multiple),
            )
        return answers

    @cached_property
    def _spec(self) -> E1Spec:
        return E1Spec(folder=self.folder, revision=fingerprint(self.folder), dtype=self.dtype)


def load_editor(
    folder: Path,
    *,
    host: Host | None = None,
    steps: int | None = None,
    guidance: float | None = None,
    side_px: int | None = None,
) -> E1Editor:
    """The editor whose checkpoint lies in a folder; `setup` loads it.

    Args:
        folder: As a learner wrote it, of either stage.
        host: Whose device it uses; its own on the first GPU, or on the processor, without.
        steps: Passes for an image; as many as its recipe says without.
        guidance: An input of the painter; the recipe's without.
        side_px: Images have about the square of it in pixels; the recipe's without.

    Raises:
        CheckpointError: There is no E1 in the folder.
    """
    import torch

    config = E1Config.of(config_said(folder)["config"])
    on_gpu = torch.cuda.is_available()
    return E1Editor(
        folder=folder,
        host=host or SoloHost("cuda:0" if on_gpu else "cpu"),
        dtype="bfloat16" if on_gpu else "float32",
        config=config.changed(steps=steps, guidance=guidance, side_px=side_px),
    )


def _edited(e1: E1, config: E1Config, requests: Sequence[EditRequest]) -> list[Rgb | Fault]:
    from models.e1.networks import Told
    from models.e1.overlay import answered, laid_over

    asked = [asked_of(r.instruction, r.image, r.reference) for r in requests]
    multiple = e1.parts.autoencoder.multiple_px
    height, width = config.size(requests[0].image.shape, multiple)
    source = None
    if config.source_latents:
        pixels = pixels_of([one.image for one in requests], (height, width)).to(e1.parts.device)
        source = list(e1.parts.autoencoder.encode(pixels))
    told = Told.of(
        e1.parts.reader.tokens(asked),
        e1.parts.sight.tokens(asked) if e1.parts.sight else None,
        source,
    ).to(e1.parts.device)
    shape = (e1.parts.autoencoder.channels, height // multiple, width // multiple)
    noise = noise_of([request.seed for request in requests], shape).to(e1.parts.device)
    if config.overlay:
        planes = answered(e1, told, noise, config.steps)
        return [laid_over(one.image, plane) for one, plane in zip(requests, planes, strict=True)]
    latents = sampled(e1.network, told, noise, steps=config.steps, guidance=config.guidance)
    return to_pixels(e1.parts.autoencoder.decode(latents).float() / 2 + 0.5)


def asked_of(instruction: str, source: Rgb, reference: Rgb | None) -> Asked:
    """What encoders are asked about a source and perhaps a reference."""
    return Asked(
        instruction=instruction, images=(source,) if reference is None else (source, reference)
    )


def pixels_of(images: Sequence[Rgb], size: tuple[int, int]) -> Any:  # noqa: ANN401 - of torch
    """Images at one size, n x 3 x height x width, in [-1, 1]."""
    return to_tensor([resized(image, *size) for image in images]) * 2 - 1
