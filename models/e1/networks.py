"""The networks that are trained: connectors, and the painter that is told by them.

torch stands at the top, since classes derive from its own: this module is imported in functions
alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch  # noqa: TID253 - see above
from diffusers import ConfigMixin, ModelMixin  # noqa: TID253
from diffusers.configuration_utils import register_to_config  # noqa: TID253
from safetensors.torch import load_file, save_file
from torch import Tensor, nn  # noqa: TID253

from models.loading.tensors import check_tensors

AXES = {"FluxTransformer2DModel": 3, "Flux2Transformer2DModel": 4, "StudioPainter": 3}
"""Transformers that can paint, and the numbers of a position: image (and layer), row and column."""
_TRAINED = "trained.safetensors"
_SOURCE_AT = {3: 1, 4: 10}
"""Where on the first axis the source's latents stand, as Kontext and FLUX.2 have it."""


class Squeezed(ModelMixin, ConfigMixin):  # type: ignore[misc,unused-ignore]
    """Two by two tokens of an image to one, and a convolution beside it that begins with nothing.

    The cheap connector of UniWorld's draft (docs/paper.md, "ImgEdit-E1"): 1,024 tokens to 256.
    """

    shrinks = 4

    @register_to_config  # type: ignore[untyped-decorator,unused-ignore]
    def __init__(self, width: int, out: int, grid: int) -> None:
        """Make it.

        Args:
            width: Numbers of a token.
            out: Of one of the painter's.
            grid: Tokens along a side of an image.
        """
        super().__init__()
        self.linear = nn.Linear(4 * width, out)
        self.beside = nn.Conv2d(out, out, 3, padding=1)
        nn.init.zeros_(self.beside.weight)
        nn.init.zeros_(self.beside.bias)

    def forward(self, tokens: Tensor) -> Tensor:
        """Rows x tokens of whole images x width, to a fourth as many tokens of the painter."""
        grid = self.config.grid
        images = tokens.unflatten(1, (-1, grid, grid)).flatten(0, 1).permute(0, 3, 1, 2)
        small = nn.functional.pixel_unshuffle(images, 2).permute(0, 2, 3, 1)
        wide = self.linear(small).permute(0, 3, 1, 2)
        made = (wide + self.beside(wide)).flatten(2).transpose(1, 2)
        return made.reshape(len(tokens), -1, made.shape[-1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the painter is told of a batch; rows are padded at the end, and a mask says where."""

    read: Tensor
    """Rows x tokens x the reader's width."""
    is_read: Tensor
    """Rows x tokens: which are no padding."""
    seen: Tensor | None = None
    is_seen: Tensor | None = None
    source: Tensor | None = None
    """The source's latents, rows x channels x rows x columns."""

    @classmethod
    def of(
        cls,
        read: Sequence[Tensor],
        seen: Sequence[Tensor] | None,
        source: Sequence[Tensor] | None,
    ) -> "Told":
        """A batch of rows: tokens x width of each, and latents of one size."""
        words, is_read = _padded(read)
        images, is_seen = _padded(seen) if seen else (None, None)
        latents = torch.stack(list(source)) if source else None
        return cls(read=words, is_read=is_read, seen=images, is_seen=is_seen, source=latents)

    def to(self, device: str) -> "Told":
        """The same on a device."""
        held = {name: getattr(self, name) for name in self.__slots__}
        return replace(self, **{n: t.to(device) for n, t in held.items() if t is not None})


class E1Network(nn.Module):  # type: ignore[misc,unused-ignore]
    """The painter and its connectors: what a noisy image is to become, by what it is told."""

    def __init__(
        self,
        transformer: Any,  # noqa: ANN401 - of diffusers
        connectors: Mapping[str, nn.Module],
        pooled: Tensor | None,
    ) -> None:
        """Put it together.

        Args:
            transformer: One of `AXES`.
            connectors: From the reader's tokens ("reader") and perhaps the sight's ("sight") to the
                transformer's.
            pooled: FLUX.1's second input by words, the same for all; FLUX.2 has none.
        """
        super().__init__()
        self.transformer = transformer
        self.connectors = nn.ModuleDict(connectors)
        self.register_buffer("pooled", pooled, persistent=False)

    @property
    def channels(self) -> int:
        """Numbers of an image's token."""
        return int(self.transformer.config.in_channels)

    @property
    def tells_images(self) -> bool:
        """Whether the painter answers with an image, of which its way follows."""
        return bool(getattr(self.transformer, "tells_images", False))

    def trained(self) -> dict[str, Tensor]:
        """What is trained of it, by name."""
        return {n: p.detach() for n, p in self.named_parameters() if p.requires_grad}

    def save_pretrained(self, folder: Path) -> None:
        """Write what is trained of it, and nothing else."""
        write_trained(folder, self.trained())

    def restore(self, folder: Path) -> None:
        """Take what was written of it."""
        held = load_file(folder / _TRAINED)
        check_tensors(str(folder), held, self.trained())
        self.take(held)

    def take(self, held: Mapping[str, Tensor]) -> None:
        """Take weights by name."""
        own = self.trained()
        for name, tensor in held.items():
            own[name].copy_(tensor)

    def forward(self, noisy: Tensor, sigma: Tensor, told: Told, guidance: float) -> Tensor:
        """The direction from the image to the noise, as `noisy`.

        Args:
            noisy: Latents, rows x channels x rows x columns.
            sigma: The share of noise of each row, 0 to 1.
            told: Of these rows.
            guidance: How closely words are followed, where the transformer takes it.
        """
        words, is_told = self._words(told)
        image, places = self._tokens(noisy, 0)
        if told.source is not None:
            source, behind = self._tokens(told.source, self._source_at)
            image, places = torch.cat([image, source], 1), torch.cat([places, behind])
        options: dict[str, Any] = {}
        if self.pooled is not None:
            options["pooled_projections"] = self.pooled.expand(len(noisy), -1)
        if self.transformer.config.guidance_embeds:
            options["guidance"] = torch.full_like(sigma, guidance)
        if not is_told.all():
            whole = is_told.new_ones(image.shape[:2])
            mask = torch.cat([is_told, whole], 1)[:, None, None]
            options["joint_attention_kwargs"] = {"attention_mask": mask}
        made = self.transformer(
            hidden_states=image,
            encoder_hidden_states=words,
            timestep=sigma,
            img_ids=places,
            txt_ids=places.new_zeros(words.shape[1], places.shape[1]),
            return_dict=False,
            **options,
        )[0]
        rows, columns = noisy.shape[-2:]
        return made[:, : rows * columns].transpose(1, 2).unflatten(2, (rows, columns))

    @property
    def _source_at(self) -> int:
        return _SOURCE_AT[AXES[type(self.transformer).__name__]]

    def _words(self, told: Told) -> tuple[Tensor, Tensor]:
        """Tokens for the painter's text branch, and which of them are no padding.

        Where they stand is not seen, since all have the place 0; so one follows the other.
        """
        words, is_told = [self._connected("reader", told.read)], [told.is_read]
        if told.seen is not None and told.is_seen is not None and "sight" in self.connectors:
            words.append(self._connected("sight", told.seen))
            shrinks = getattr(self.connectors["sight"], "shrinks", 1)
            is_told.append(told.is_seen[:, ::shrinks])
        return torch.cat(words, 1), torch.cat(is_told, 1)

    def _connected(self, name: str, tokens: Tensor) -> Tensor:
        connector = self.connectors[name]
        made = connector(tokens.to(next(connector.parameters()).dtype))
        return getattr(made, "image_embeds", made)

    def _tokens(self, latents: Tensor, image: int) -> tuple[Tensor, Tensor]:
        """Latents as tokens, and the place of each."""
        rows, columns = latents.shape[-2:]
        places = torch.zeros(rows, columns, AXES[type(self.transformer).__name__])
        places[..., 0] = image
        places[..., 1] = torch.arange(rows)[:, None]
        places[..., 2] = torch.arange(columns)
        return latents.flatten(2).transpose(1, 2), places.flatten(0, 1).to(latents.device)


def write_trained(folder: Path, trained: Mapping[str, Tensor]) -> None:
    """Write weights for `E1Network.restore`."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: one.contiguous() for name, one in trained.items()}, folder / _TRAINED)


def _padded(rows: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    tokens = nn.utils.rnn.pad_sequence(list(rows), batch_first=True)
    lengths = torch.tensor([len(row) for row in rows], device=tokens.device)
    return tokens, torch.arange(tokens.shape[1], device=tokens.device) < lengths[:, None]
