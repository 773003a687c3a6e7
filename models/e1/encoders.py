"""What tells the painter of an instruction and its images: frozen, a row of tokens for each.

A reader reads the instruction (and may see the images), a sight sees the images alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from models.chat.chat_model import Message
from models.chat.generation import VlmSpec
from models.chat.pictures import fitted
from models.chat.processing import processor_of
from models.e1.config import E1Config
from models.e1.studio_words import WIDTH, WORDS, Words
from models.geometry import Rgb
from models.loading.clip_spec import CONFIG, ClipSpec, tokenised
from models.loading.transformers_spec import TransformersSpec, computing
from models.loading.transformers_spec import processor_of as image_processor_of
from models.runtime import Dtype, Runtime
from models.weights import Weights, kind_of

Tensor = Any
"""A torch tensor; torch is no part of the default installation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What an editor is asked: words, the source, and perhaps a reference behind it."""

    instruction: str
    images: tuple[Rgb, ...]


class Encoder(Protocol):
    """Turns what is asked into tokens."""

    @property
    def width(self) -> int:
        """Numbers of a token."""

    def tokens(self, asked: Sequence[Asked]) -> list[Tensor]:
        """Of each its own tokens, tokens x width, without padding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VlmReader:
    """A Qwen-VL: its states after the last norm, of all tokens of the chat.

    The instruction stands before the images, so that what it holds of them may depend on it:
    attention looks back alone.
    """

    weights: Weights
    model: Any
    device: str
    side_px: int

    @property
    def width(self) -> int:
        """Numbers of a state."""
        return int(self.model.config.get_text_config().hidden_size)

    def tokens(self, asked: Sequence[Asked]) -> list[Tensor]:
        """The states of each chat."""
        import torch

        processor, area = processor_of(self.weights), self.side_px**2
        chats = [
            (
                Message(
                    role="user",
                    parts=(
                        one.instruction,
                        *(
                            fitted(
                                image,
                                min_pixels=area,
                                max_pixels=area,
                                multiple=processor.multiple_px,
                            )
                            for image in one.images
                        ),
                    ),
                ),
            )
            for one in asked
        ]
        inputs = {name: one.to(self.device) for name, one in processor.inputs(chats).items()}
        with torch.inference_mode():
            states = self.model.model(**inputs, use_cache=False).last_hidden_state
        is_told = inputs["attention_mask"].bool()
        return [row[told] for row, told in zip(states, is_told, strict=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipReader:
    """The text tower of a CLIP: its states after the last norm; it sees no image."""

    weights: Weights
    clip: Any

    @property
    def _tower(self) -> Any:  # noqa: ANN401 - of open_clip
        return getattr(self.clip.model, "text", self.clip.model)

    @property
    def width(self) -> int:
        """Numbers of a state."""
        return int(self._tower.ln_final.normalized_shape[0])

    def tokens(self, asked: Sequence[Asked]) -> list[Tensor]:
        """The states of each instruction."""
        ids = tokenised(self.weights.path, [one.instruction for one in asked])
        states: list[Tensor] = []
        hook = self._tower.ln_final.register_forward_hook(lambda *made: states.append(made[-1]))
        try:
            self.clip.text_vectors(ids)
        finally:
            hook.remove()
        return [row[told] for row, told in zip(states[0], ids != 0, strict=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """SigLIP's vision tower: the last states of all patches, one image after the other."""

    weights: Weights
    model: Any
    runtime: Runtime

    @property
    def width(self) -> int:
        """Numbers of a state."""
        return int(self.model.config.hidden_size)

    @property
    def grid(self) -> int:
        """Patches along a side of an image."""
        return int(self.model.config.image_size // self.model.config.patch_size)

    def tokens(self, asked: Sequence[Asked]) -> list[Tensor]:
        """The states of each one's images: 1,024 an image of 512 px in patches of 16."""
        processor = image_processor_of(self.weights, "SiglipImageProcessor")
        images = [image for one in asked for image in one.images]
        pixels = processor(images=images, return_tensors="pt")["pixel_values"]
        with computing(self.model.device, self.runtime):
            states = self.model(pixels.to(self.model.device)).last_hidden_state
        rows = iter(states)
        return [_joined([next(rows) for _ in one.images]) for one in asked]


@dataclass(frozen=True, slots=True, kw_only=True)
class WordReader:
    """The studio's: the numbers of the words that count, and no network; it sees no image."""

    words: Words
    width: int = WIDTH

    def tokens(self, asked: Sequence[Asked]) -> list[Tensor]:
        """The words of each instruction, at least one; 0 is none."""
        import torch

        ids = torch.from_numpy(self.words.ids([one.instruction for one in asked]))
        return [row[: max(1, int((row != 0).sum())), None].float() for row in ids]


def reader_of(weights: Weights, config: E1Config, device: str, dtype: Dtype) -> Encoder:
    """The reader that a checkpoint is: by what its folder says.

    Raises:
        CheckpointError: It is none that is known.
    """
    if (weights.path / WORDS).is_file():
        return WordReader(words=Words.load(weights.path / WORDS))
    runtime = Runtime(dtype=dtype)
    if (weights.path / CONFIG).is_file():
        clip = ClipSpec(weights=weights, runtime=runtime).load(device)
        return ClipReader(weights=weights, clip=clip)
    kind_of(weights, VLMS)
    loaded = VlmSpec(weights=weights, runtime=runtime).load(device)
    return VlmReader(weights=weights, model=loaded.model, device=device, side_px=config.reader_px)


def sight_of(weights: Weights, device: str, dtype: Dtype) -> Sight:
    """SigLIP's vision tower.

    Raises:
        CheckpointError: It is another model.
    """
    runtime = Runtime(dtype=dtype)
    spec = TransformersSpec(
        class_name="SiglipModel",
        kinds=("siglip",),
        weights=weights,
        runtime=runtime,
    )
    return Sight(weights=weights, model=spec.load(device).vision_model, runtime=runtime)


VLMS = ("qwen2_5_vl", "qwen3_vl")
"""The `model_type` of readers that are shown the images too."""


def _joined(states: Sequence[Tensor]) -> Tensor:
    import torch

    return torch.cat(list(states))
