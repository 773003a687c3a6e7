"""The studio's painter: FLUX's transformer over few tokens, between convolutions of the pixels.

A token stands for 16 px, so what the transformer decides is cheap; where exactly an object ends is
told by the convolutions beside it. It says of each pixel whether it stays (a gate) and what it
becomes (a tint of its own light, and a colour), so copying costs nothing to learn, and the same
answer can be laid over the image at any resolution.
"""

from itertools import pairwise
from typing import Any

import torch  # noqa: TID253 - classes derive from its own: this module is imported in functions
from diffusers import FluxTransformer2DModel  # noqa: TID253
from diffusers.configuration_utils import ConfigMixin, register_to_config  # noqa: TID253
from diffusers.models.modeling_utils import ModelMixin  # noqa: TID253
from torch import Tensor, nn  # noqa: TID253
from torch.nn import functional  # noqa: TID253

from models.e1.studio_words import LONGEST, WIDTH

TOKEN_PX = 16
PLANES = 7
"""Of an answer: the gate, three tints, three colours."""
SCALE = 2.0
"""What pixels, -1 to 1, are multiplied by where they are tokens (`Blocks`)."""
_LEAST_NOISE = 0.02
_SHUT = -3.0
"""Where a gate begins, before its sigmoid: all but shut."""
_LUMA = (0.2126, 0.7152, 0.0722)
_WIDTHS = (32, 64, 128)


class WordTower(ModelMixin, ConfigMixin):  # type: ignore[misc,unused-ignore]
    """A small text tower, from the numbers of words to the painter's tokens."""

    @register_to_config  # type: ignore[untyped-decorator,unused-ignore]
    def __init__(
        self,
        words: int = 1024,
        longest: int = LONGEST,
        out: int = 192,
        layers: int = 2,
        width: int = WIDTH,
    ) -> None:
        """Make it.

        Args:
            words: How many there are; 0 is none.
            longest: Of an instruction.
            out: Numbers of a token.
            layers: Of its own.
            width: Numbers that a word comes as: its own.
        """
        super().__init__()
        self.embedding = nn.Embedding(words, out, padding_idx=0)
        self.place = nn.Parameter(0.02 * torch.randn(longest, out))
        layer = nn.TransformerEncoderLayer(
            out, out // 48, 2 * out, 0.0, "gelu", batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(out)

    def forward(self, tokens: Tensor) -> Tensor:
        """Rows x words x 1, to rows x longest x `out`; zeros where there is no word.

        Always as many, so that a row's answer does not depend on its batch.
        """
        ids = tokens[..., 0].long()
        ids = functional.pad(ids, (0, self.config.longest - ids.shape[1]))
        there = ids != 0
        states = self.embedding(ids) + self.place[: ids.shape[1]]
        states = self.norm(self.encoder(states, src_key_padding_mask=~there))
        return states * there[..., None]


class StudioPainter(ModelMixin, ConfigMixin):  # type: ignore[misc,unused-ignore]
    """Noise, source and words in; an answer for each pixel, or the direction to the noise, out."""

    _supports_gradient_checkpointing = True
    tells_images = True
    """Its error is the image's: the direction's, which it does not tell, times the noise."""

    @register_to_config  # type: ignore[untyped-decorator,unused-ignore]
    def __init__(
        self,
        *,
        heads: int = 4,
        head_width: int = 64,
        double_layers: int = 1,
        single_layers: int = 3,
        joint_attention_dim: int = 192,
        in_channels: int = 3 * TOKEN_PX**2,
        guidance_embeds: bool = False,
    ) -> None:
        """Make it.

        Args:
            heads: Of attention.
            head_width: Numbers of each.
            double_layers: Of FLUX's two kinds.
            single_layers: Of the other.
            joint_attention_dim: Numbers of a word's token.
            in_channels: Of an image's token: a block of pixels.
            guidance_embeds: It takes no guidance.
        """
        super().__init__()
        width = heads * head_width
        chain = (24, *_WIDTHS, width)
        self.down = nn.ModuleList(
            nn.Conv2d(before, after, 3, stride=1 if at == 0 else 2, padding=1)
            for at, (before, after) in enumerate(pairwise(chain))
        )
        self.transformer = FluxTransformer2DModel(
            patch_size=1,
            in_channels=width,
            out_channels=width,
            num_layers=double_layers,
            num_single_layers=single_layers,
            attention_head_dim=head_width,
            num_attention_heads=heads,
            joint_attention_dim=joint_attention_dim,
            pooled_projection_dim=joint_attention_dim,
            guidance_embeds=False,
            axes_dims_rope=(head_width // 4, head_width * 3 // 8, head_width * 3 // 8),
        )
        up = (width, *reversed(_WIDTHS))
        self.narrow = nn.ModuleList(nn.Conv2d(a, b, 1) for a, b in pairwise(up))
        self.merge = nn.ModuleList(nn.Conv2d(w, w, 3, padding=1) for w in up[1:])
        self.tune = nn.ModuleList(nn.Linear(joint_attention_dim, 2 * w) for w in up[1:])
        self.head = nn.Conv2d(_WIDTHS[0], 4 * PLANES, 3, padding=1)
        for layer in (self.head, *self.tune):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(
        self,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor,
        timestep: Tensor,
        img_ids: Tensor,
        **_: Any,  # noqa: ANN401 - what FLUX's transformer takes besides
    ) -> tuple[Tensor]:
        """The direction to the noise, as FLUX's transformer gives it.

        Args:
            hidden_states: Rows x tokens x blocks of pixels: noisy ones, then the source's.
            encoder_hidden_states: Of words, rows x words x width; zeros are none.
            timestep: The share of noise, 0 to 1.
            img_ids: Places of the tokens; the last one's tells how many rows and columns there are.
        """
        rows, cols = (int(n) + 1 for n in img_ids[-1, 1:])
        noisy, source = (
            functional.pixel_shuffle(part.transpose(1, 2).unflatten(2, (rows, cols)), TOKEN_PX)
            / SCALE
            for part in hidden_states.chunk(2, dim=1)
        )
        made = painted(self.answer(noisy, source, encoder_hidden_states, timestep), source)
        way = SCALE * (noisy - made) / timestep.clamp(min=_LEAST_NOISE).view(-1, 1, 1, 1)
        return (functional.pixel_unshuffle(way, TOKEN_PX).flatten(2).transpose(1, 2),)

    def answer(self, noisy: Tensor, source: Tensor, words: Tensor, sigma: Tensor) -> Tensor:
        """What becomes of each pixel, rows x `PLANES` x height x width.

        Args:
            noisy: Rows x 3 x height x width: the image, -1 to 1, with noise of half a unit.
            source: The same size.
            words: Rows x words x width; zeros are none.
            sigma: The share of noise, 0 to 1.
        """
        there = (words != 0).any(2, keepdim=True)
        said = words.sum(1) / there.sum(1).clamp(min=1)
        x = functional.pixel_unshuffle(torch.cat([noisy, source], dim=1), 2)
        x = x.contiguous(memory_format=torch.channels_last)
        beside = []
        for layer in self.down:
            x = functional.silu(layer(x))
            beside.append(x)
        rows, cols = x.shape[2:]
        made = self.transformer(
            hidden_states=x.flatten(2).transpose(1, 2),
            encoder_hidden_states=words,
            pooled_projections=said,
            timestep=sigma,
            img_ids=_places(rows, cols).to(x),
            txt_ids=x.new_zeros(words.shape[1], 3),
            return_dict=False,
        )[0]
        x = x + made.transpose(1, 2).unflatten(2, (rows, cols))
        for narrow, merge, tune, other in zip(
            self.narrow, self.merge, self.tune, reversed(beside[:-1]), strict=True
        ):
            scale, shift = tune(said)[..., None, None].chunk(2, dim=1)
            x = functional.interpolate(narrow(x), scale_factor=2.0, mode="bilinear") + other
            x = x + functional.silu(merge(x) * (1 + scale) + shift)
        return functional.pixel_shuffle(self.head(x), 2)


def painted(answer: Tensor, source: Tensor) -> Tensor:
    """The image that an answer makes of a source, both n x 3 x height x width, -1 to 1."""
    gate, tint, colour = parts(answer)
    luma = (source * source.new_tensor(_LUMA).view(1, 3, 1, 1)).sum(1, keepdim=True)
    return source + gate * (tint * (luma + 1) + colour - source)


def parts(answer: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The gate (0 to 1), the tints of the source's light, and the colours."""
    _, tint, colour = answer.split((1, 3, 3), dim=1)
    return torch.sigmoid(gate_of(answer)), tint, colour


def gate_of(answer: Tensor) -> Tensor:
    """The gate before its sigmoid."""
    return answer[:, :1] + _SHUT


def _places(rows: int, cols: int) -> Tensor:
    """FLUX's ids of a grid of tokens."""
    grid = torch.zeros(rows, cols, 3)
    grid[..., 1] += torch.arange(rows)[:, None]
    grid[..., 2] += torch.arange(cols)[None, :]
    return grid.flatten(0, 1)
