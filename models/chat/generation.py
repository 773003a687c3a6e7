"""One batch of answers: each kept to its form, and drawn from its own seed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.loading.networks import Network
from models.runtime import Runtime, ready_module
from models.weights import BYTES_OF, Weights

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedVlm:
    """A model and where it computes; its weights may be waiting elsewhere."""

    model: Any
    device: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VlmSpec:
    """A checkpoint that transformers loads as an image-text-to-text model."""

    weights: Weights
    runtime: Runtime = field(default_factory=Runtime)
    batch_tokens: int = field(default=32_768, compare=False)
    """Tokens of a batch that memory is set aside for; models that differ in it are one."""

    @property
    def name(self) -> str:
        """The checkpoint."""
        return f"language model {self.weights.source}"

    def size_bytes(self) -> int:
        """The weights, and keys, values and activations of a batch.

        Raises:
            CheckpointError: The checkpoint is missing or cut off.
        """
        dtype = self.runtime.dtype
        file = self.weights.path / "config.json"
        config = json.loads(file.read_text("utf-8")) if file.exists() else {}
        per_token = _numbers_per_token(config.get("text_config", config))
        held = self.runtime.held_bytes(self.weights.size_bytes(dtype))
        return held + self.batch_tokens * per_token * BYTES_OF[dtype]

    def load(self, device: str) -> LoadedVlm:
        """The model on a device.

        Raises:
            CheckpointError: It is missing, incomplete or no vision-language model; the text names
                the tensors.
        """
        from transformers import GenerationConfig

        network = Network(
            slot=self.name,
            class_name="transformers.AutoModelForImageTextToText",
            folder=self.weights.path,
        )
        model = network.load(self.runtime)
        if self.runtime.attention:
            model.set_attn_implementation(self.runtime.attention)
        # Requests say how they are drawn, and `generate` when they end. Qwen2.5-VL's own penalty of
        # 1.05 for what was said before would hurt a JSON of repeated keys.
        model.generation_config = GenerationConfig()
        return LoadedVlm(model=ready_module(model, self.runtime, device), device=device)


def _numbers_per_token(config: Mapping[str, Any]) -> int:
    """Keys and values of all layers; gate, up, input and residual of the one that computes."""
    if "num_attention_heads" not in config:
        return 0
    heads, width = config["num_attention_heads"], config["hidden_size"]
    head = config.get("head_dim") or width // heads
    cached = 2 * config["num_hidden_layers"] * config.get("num_key_value_heads", heads) * head
    return int(cached + 2 * config["intermediate_size"] + 4 * width)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What one answer of a batch is to be."""

    matcher: Any | None
    """Follows the answer along its grammar; llguidance's, used up by one answer. None for free
    text."""
    seed: int
    temperature: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """One answer."""

    tokens: tuple[int, ...]
    """Up to the token that ends it, without that."""
    is_sound: bool
    """Whether all the numbers that it was drawn from were finite."""
    odds: tuple[tuple[float, ...], ...] = ()
    """At each token's place the probability of each watched token, among these."""


class Steering:
    """A logits processor of transformers for a whole batch."""

    def __init__(self, wishes: Sequence[Wish], device: str, watch: Sequence[int] = ()) -> None:
        import torch

        self._wishes = wishes
        self._watch = list(watch)
        self.watched: list[torch.Tensor] = []
        self._draws = [
            torch.Generator(device).manual_seed(wish.seed) if wish.temperature else None
            for wish in wishes
        ]
        self._is_first = True
        self.sound = torch.ones(len(wishes), dtype=torch.bool, device=device)

    def __call__(self, input_ids: "torch.Tensor", scores: "torch.Tensor") -> "torch.Tensor":
        """The scores of the next token: the best of them is the one to take.

        Args:
            input_ids: Batch x tokens so far.
            scores: Batch x vocabulary, float32.
        """
        self._follow(input_ids)
        self.sound &= scores.isfinite().all(-1)
        if self._watch:
            self.watched.append(scores[:, self._watch].softmax(-1))
        drawn = self._drawn(scores.nan_to_num())
        return drawn.masked_fill(~self._allowed(scores), float("-inf"))

    def _follow(self, input_ids: "torch.Tensor") -> None:
        if not self._is_first:
            for wish, token in zip(self._wishes, input_ids[:, -1].tolist(), strict=True):
                if wish.matcher and not wish.matcher.is_stopped():
                    wish.matcher.consume_token(token)
        self._is_first = False

    def _drawn(self, scores: "torch.Tensor") -> "torch.Tensor":
        """Scores whose maximum is a draw, for the rows that ask for one.

        By the Gumbel-max trick (Gumbel 1954; Maddison et al. 2014): the maximum of x / T + noise is
        distributed as softmax(x / T). So every row has a seed of its own, whatever its batch.
        """
        import torch

        for row, (wish, draw) in enumerate(zip(self._wishes, self._draws, strict=True)):
            if draw is not None:
                noise = torch.empty_like(scores[row]).exponential_(generator=draw).log()
                scores[row] = scores[row] / wish.temperature - noise
        return scores

    def _allowed(self, scores: "torch.Tensor") -> "torch.Tensor":
        """Batch x vocabulary: whether a token can go on with a valid reply, or end one."""
        import torch
        from llguidance.numpy import allocate_token_bitmask, fill_next_token_bitmask_par

        rows, columns = scores.shape
        bits = allocate_token_bitmask(rows, columns)
        bits.fill(-1)
        if matchers := [(w.matcher, row) for row, w in enumerate(self._wishes) if w.matcher]:
            fill_next_token_bitmask_par(_threads(), matchers, bits)
        words = torch.from_numpy(bits).to(scores.device)
        places = torch.arange(32, dtype=torch.int32, device=scores.device)
        flags = (words[:, :, None] >> places) & 1
        return flags.flatten(1)[:, :columns].bool()


@cache
def _threads() -> Any:  # noqa: ANN401 - llguidance's LLExecutor
    """The rows' masks are computed side by side: a free text takes some 2 ms a row and token."""
    from llguidance import LLExecutor

    return LLExecutor()


def generate(
    loaded: LoadedVlm,
    inputs: Mapping[str, "torch.Tensor"],
    wishes: Sequence[Wish],
    *,
    ends: Sequence[int],
    max_tokens: int,
    watch: Sequence[int] = (),
) -> list[Spoken]:
    """Answer a batch of prompts.

    Args:
        loaded: The model.
        inputs: What its processor made, padded on the left.
        wishes: One for each row.
        ends: Tokens that end an answer.
        max_tokens: The most tokens of an answer.
        watch: Tokens of which it is told how likely each was, beside what was said.
    """
    import torch
    from transformers import GenerationConfig

    steering = Steering(wishes, loaded.device, watch)
    greedy = GenerationConfig(
        do_sample=False, max_new_tokens=max_tokens, eos_token_id=list(ends), pad_token_id=ends[0]
    )
    with torch.inference_mode():
        made = loaded.model.generate(
            **{name: tensor.to(loaded.device) for name, tensor in inputs.items()},
            logits_processor=[steering],
            generation_config=greedy,
        )
    answers = made[:, inputs["input_ids"].shape[1] :].cpu().numpy()
    steps = [step.tolist() for step in steering.watched]
    told = []
    for index, (row, sound) in enumerate(zip(answers, steering.sound.tolist(), strict=True)):
        tokens = _until(row, ends)
        odds = tuple(tuple(step[index]) for step in steps[: len(tokens)])
        told.append(Spoken(tokens=tokens, is_sound=bool(sound), odds=odds))
    return told


def _until(tokens: NDArray[np.int64], ends: Sequence[int]) -> tuple[int, ...]:
    stops = np.flatnonzero(np.isin(tokens, ends))
    return tuple(tokens[: stops[0] if len(stops) else None].tolist())


def flops(
    config: Any,  # noqa: ANN401 - transformers' Qwen2_5_VLConfig or Qwen3VLConfig
    *,
    text_tokens: int,
    image_tokens: Sequence[int],
    new_tokens: int,
) -> int:
    """Operations of one answer: images, prompt, and one token after the other.

    Args:
        config: The checkpoint's.
        text_tokens: Tokens of the prompt that are no images'.
        image_tokens: Of each image, once its patches are merged: pixels / 28² or / 32².
        new_tokens: Tokens of the answer, the one that ends it included.
    """
    prompt = text_tokens + sum(image_tokens)
    seen = sum(vision_flops(config.vision_config, tokens) for tokens in image_tokens)
    return seen + language_flops(config.text_config, prompt_tokens=prompt, new_tokens=new_tokens)


def language_flops(
    config: Any,  # noqa: ANN401 - the text config of either
    *,
    prompt_tokens: int,
    new_tokens: int,
) -> int:
    """Operations of the language model: a pass over the prompt, then one for each token but one."""
    width, heads = config.hidden_size, config.num_attention_heads
    head = getattr(config, "head_dim", None) or width // heads
    projections = 2 * width * heads * head + 2 * width * config.num_key_value_heads * head
    layer = 2 * (projections + 3 * width * config.intermediate_size)
    passes = prompt_tokens + new_tokens - 1
    attention = 4 * heads * head * passes * passes // 2
    words = 2 * width * config.vocab_size * new_tokens
    return int(config.num_hidden_layers * (layer * passes + attention) + words)


def vision_flops(config: Any, image_tokens: int) -> int:  # noqa: ANN401 - the vision config of either
    """Operations of the vision tower on one image, its merging into tokens included."""
    merged = config.spatial_merge_size**2
    patches, width = image_tokens * merged, config.hidden_size
    cut = config.in_channels * config.temporal_patch_size * config.patch_size**2
    # Qwen2.5-VL's blocks have gated layers of three matrices, Qwen3-VL's of two.
    is_gated = hasattr(config, "fullatt_block_indexes")
    block = 4 * width * width + (3 if is_gated else 2) * width * config.intermediate_size
    linear = 2 * patches * (cut * width + config.depth * block)
    merger = (merged * width) ** 2 + merged * width * config.out_hidden_size
    mergers = 1 + len(getattr(config, "deepstack_visual_indexes", ()))
    seen = sum(_neighbours(config, patches))
    return int(linear + 4 * width * patches * seen + 2 * image_tokens * mergers * merger)


def _neighbours(config: Any, patches: int) -> list[int]:  # noqa: ANN401 - the vision config of either
    """How many patches one patch attends to, block by block."""
    if not hasattr(config, "fullatt_block_indexes"):
        return [patches] * config.depth
    window = min(patches, (config.window_size // config.patch_size) ** 2)
    return [patches if i in config.fullatt_block_indexes else window for i in range(config.depth)]
