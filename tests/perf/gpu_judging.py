"""Measures judging on one GPU: Qwen2.5-VL-7B at its real size, two images a pair.

  python tests/perf/gpu_judging.py --json h100.json          everything, 10 minutes or so
  python tests/perf/gpu_judging.py --part qwen --batch 32    larger batches
  python tests/perf/gpu_judging.py --size 532                smaller images
  python tests/perf/gpu_judging.py --debug                   the path alone, without a GPU

Ours is the local model's own path in the engine: two JPEGs decoded and fitted, a batch of prompts,
an answer of `--steps` tokens kept to a grammar. Plain use is transformers' example: one pair after
the other through the processor and `generate`, for as many tokens, without a grammar. Random
weights end no answer, so all have the same length. The published vocabulary cannot be made offline:
a small one stands in, which cuts texts into more tokens; the figures count the tokens that were.
`qwen-fp8` is compiled too. A server such as vLLM, which the target of 8 pairs/s was set for, is
measured through the chat client and not here.
"""

import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from gpu_bench import Part, Setting, Side, built, compare, making, require
from gpu_engine import Computing, opened, photographs, through_engine
from gpu_networks import MadeHost, qwen_config, qwen_network, random_weights
from gpu_report import Gate, Measurement
from gpu_run import run

from models.chat.base import Message
from models.chat.flops import flops
from models.chat.generation import Spoken, Wish, generate
from models.chat.grammar import Bounds, Decoded
from models.chat.pictures import fitted
from models.chat.processing import VlmProcessor, processor_of
from models.chat.prompts import prompt_text
from models.chat.replies import StrictReply
from models.chat.vlm_spec import LoadedVlm, VlmSpec
from models.faults import Fault, Reason
from models.geometry import Rgb
from models.images import decode
from models.runtime import Quantised, Runtime, ready_module

_RUBRIC_CHARS = 2000
"""About what a class's rubric and the form of the reply take."""

DEFAULTS = Setting(
    device="cuda",
    debug=False,
    steps=256,
    size_px=1036,
    rounds=5,
    items=32,
    batch=16,
    compiled=True,
)


class Said(StrictReply):
    """A reply longer than any answer that is measured."""

    words: Annotated[str, Decoded(minLength=20_000)]


_BOUNDS = Bounds(string_chars=40_000, list_items=1)


def qwen(
    setting: Setting, *, part: str, quantise: Quantised, compiled: bool
) -> Iterator[Measurement]:
    """Pairs judged in batches against transformers' example."""
    require("transformers", "llguidance")
    from models.zoo.vlms import BUILDERS

    runtime = _runtime(setting, quantise, compiled=compiled)
    with tempfile.TemporaryDirectory() as place:
        BUILDERS["qwen2.5-vl"](Path(place))
        ids = _vocabulary(Path(place))
        config = qwen_config(ids, debug=setting.debug)
        # Over the small model's own: the processor reads the vocabulary's size from it.
        config.save_pretrained(place)
        processor = processor_of(random_weights(Path(place)))
        ready, held = built(lambda: _network(config, setting, runtime), setting)
        plain, _ = built(lambda: _network(config, setting, Runtime(dtype=runtime.dtype)), setting)
        judge = Judging(ready, processor, setting, runtime, Path(place))
        yield compare(
            part,
            Side(
                words=f"Qwen2.5-VL-7B, {setting.words(runtime)}, batch {setting.batch}, "
                f"2 images of {setting.size_px} px, {setting.steps} tokens",
                run=judge.run,
                items=setting.items,
                bytes=held,
            ),
            _plain(plain, Path(place), setting),
            setting,
            flops=judge.flops(config),
            gates=[Gate(name="judge_pairs_per_s", of="per_s")],
            precision="fp8" if quantise else "bf16",
        )


def _runtime(setting: Setting, quantise: Quantised, *, compiled: bool) -> Runtime:
    """Compiled only where asked: answers grow by a token a pass, and each length is a new shape."""
    runtime = setting.runtime(quantise)
    return replace(runtime, compile=runtime.compile and compiled)


class Judging:
    """What `LocalVlm` does with a batch, but for reading the replies, which are cut off here."""

    def __init__(
        self, model: Any, processor: VlmProcessor, setting: Setting, runtime: Runtime, place: Path
    ) -> None:
        self._processor, self._setting = processor, setting
        self._spec = VlmSpec(weights=random_weights(place), runtime=runtime)
        self._host = MadeHost({"VlmSpec": LoadedVlm(model=model, device=setting.device)})
        self._images = _photographs(setting)
        self._stage: Computing[tuple[Message, ...], Spoken] = Computing(
            batch_size=setting.batch, decode=self._asked, compute=self._answered, encode=len_of
        )

    def run(self) -> None:
        """All pairs."""
        through_engine(self._stage, self._images)

    def flops(self, config: Any) -> float:
        """Operations of one pair."""
        inputs = self._processor.inputs([self._asked(0, self._images[0])])
        merged = config.vision_config.spatial_merge_size**2
        images = [int(grid.prod()) // merged for grid in inputs["image_grid_thw"]]
        text = inputs["input_ids"].shape[1] - sum(images)
        steps = self._setting.steps
        return float(flops(config, text_tokens=text, image_tokens=images, new_tokens=steps))

    def _asked(self, number: int, data: bytes) -> tuple[Message, ...]:
        del number
        pixels = self._setting.size_px**2
        seen: list[Rgb] = [
            fitted(
                decode(data),
                min_pixels=pixels,
                max_pixels=pixels,
                multiple=self._processor.multiple_px,
            )
            for _ in range(2)
        ]
        parts = ("The source:", seen[0], "The edited image:", seen[1])
        return Message(role="system", parts=(_rubric(),)), Message(role="user", parts=parts)

    def _answered(self, batch: Sequence[tuple[Message, ...]]) -> list[Spoken | Fault]:
        inputs = self._processor.inputs(batch)
        wishes = [
            Wish(matcher=self._processor.vocabulary.matcher(Said, _BOUNDS), seed=0, temperature=0.0)
            for _ in batch
        ]
        with self._host.use(self._spec) as loaded:
            spoken = generate(
                loaded,
                inputs,
                wishes,
                ends=self._processor.ends,
                max_tokens=self._setting.steps,
            )
        return [self._whole(answer) for answer in spoken]

    def _whole(self, answer: Spoken) -> Spoken | Fault:
        """An answer of as many tokens as are counted."""
        if answer.is_sound and len(answer.tokens) == self._setting.steps:
            return answer
        detail = f"{len(answer.tokens)} of {self._setting.steps} tokens, finite: {answer.is_sound}"
        return Fault(reason=Reason.BAD_REPLY, detail=detail)


def len_of(answer: Spoken) -> int:
    """Reading a reply costs nothing beside making it."""
    return len(answer.tokens)


def _network(config: Any, setting: Setting, runtime: Runtime) -> Any:
    with making(setting.device, setting.dtype):
        model = qwen_network(config, setting.dtype)
    return ready_module(model, runtime, setting.device)


def _plain(model: Any, place: Path, setting: Setting) -> Side:
    """One pair after the other, as the model's page on the hub has it."""
    import torch
    from transformers import AutoProcessor

    processor = AutoProcessor.from_pretrained(place, local_files_only=True)
    pixels = setting.size_px**2
    size = {"shortest_edge": pixels, "longest_edge": pixels}
    images = _photographs(setting)[: setting.plain_items]
    parts = [
        {"type": "text", "text": "The source:"},
        {"type": "image"},
        {"type": "text", "text": "The edited image:"},
        {"type": "image"},
    ]
    told = [
        {"role": "system", "content": [{"type": "text", "text": _rubric()}]},
        {"role": "user", "content": parts},
    ]
    limits: Mapping[str, Any] = {
        "do_sample": False,
        "min_new_tokens": setting.steps,
        "max_new_tokens": setting.steps,
        "eos_token_id": processor.tokenizer.eos_token_id,
        "pad_token_id": processor.tokenizer.eos_token_id,
    }

    def judge() -> None:
        for data in images:
            text = processor.apply_chat_template(told, tokenize=False, add_generation_prompt=True)
            pair = [opened(data), opened(data)]
            made = processor(
                text=[text], images=pair, images_kwargs={"size": size}, return_tensors="pt"
            )
            with torch.inference_mode():
                answer = model.generate(**made.to(setting.device), **limits)
            processor.batch_decode(answer)

    return Side(words="transformers eager, one by one", run=judge, items=len(images))


def _rubric() -> str:
    """As much of the judge's own words as a rubric has."""
    text = prompt_text("models.judge", "prompt.toml")
    return (text * (1 + _RUBRIC_CHARS // len(text)))[:_RUBRIC_CHARS]


def _vocabulary(place: Path) -> dict[str, int]:
    from transformers import AutoTokenizer

    return dict(AutoTokenizer.from_pretrained(place, local_files_only=True).get_vocab())


def _photographs(setting: Setting) -> list[bytes]:
    """One for each pair, which is asked about as its own edit: what they show changes nothing."""
    drawn = photographs(min(setting.items, 4), setting.size_px, setting.size_px)
    return [drawn[i % len(drawn)] for i in range(setting.items)]


PARTS: dict[str, Part] = {
    "qwen": partial(qwen, part="qwen", quantise="", compiled=False),
    "qwen-fp8": partial(qwen, part="qwen-fp8", quantise="fp8", compiled=True),
}

if __name__ == "__main__":
    sys.exit(run(__doc__ or "", PARTS, DEFAULTS))
