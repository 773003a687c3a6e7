"""What `gpu.py` measures: both sides of each figure, at real size or, for CI, at debug size."""

import io
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import gpu_networks as networks
import numpy as np
from gpu_networks import MadeHost, made_on, random_weights
from PIL import Image

from models.geometry import Bitmap
from models.loading.transformers_spec import computing
from models.runtime import Quantised, Runtime, ready_module, ready_pipeline, torch_dtype
from models.segment.hiera_flops import encoder_flops

_QUANTISED_DEBUG = 32
"""Width from which the debug-size networks' linear layers are quantised."""
_BENCH = "an oak bench with iron arms"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Real size on a GPU, or the same code at debug size on the processor."""

    debug: bool

    @property
    def device(self) -> str:
        return "cpu" if self.debug else "cuda"

    def pick(self, real: int, debug: int) -> int:
        return debug if self.debug else real

    def runtime(self, quantise: Quantised = "", *, compiled: bool = True) -> Runtime:
        """How ours is run; on the processor, which knows no fp8, with 8-bit integers instead."""
        if self.debug:
            small = "int8" if quantise else ""
            return Runtime(dtype="float32", quantise=small, quantise_from=_QUANTISED_DEBUG)
        return Runtime(dtype="bfloat16", compile=compiled, quantise=quantise)

    def eager(self) -> Runtime:
        """How plain use is run."""
        return Runtime(dtype=self.runtime().dtype)

    def synchronise(self) -> None:
        """Wait until the device has done all that it was asked."""
        import torch

        if not self.debug:
            torch.cuda.synchronize()


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of two that are compared."""

    words: str
    run: Callable[[], object]
    items: int
    bytes: int | None = None
    """What its networks take on the device."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Ours and what it is held against; it holds their networks."""

    figure: str
    ours: Side
    plain: Side
    flops: float
    """Operations of one item, from the formula beside the model."""
    precision: str = "bf16"
    """Of most products: "bf16" or "fp8"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Figures that share their networks."""

    run: Callable[[Setting], Iterator[Comparison]]
    estimate_s: int
    """All of it on an H100, with making and compiling: a guess from operations."""
    gates: Mapping[str, str]
    """The key of `[gpu]` in floors.toml that a figure is held to."""


def flux(setting: Setting, *, figure: str, quantise: Quantised) -> Iterator[Comparison]:
    """FLUX.1 Fill: from JPEG to the stitched patch, and as diffusers' documentation has it."""
    from models.images import decode
    from models.paint.diffusion.flux import FluxFill, flops_per_step
    from models.painting import Painting, PaintRequest
    from models.versions import Patch
    from models.vocabulary import PaintKind, Target

    steps, side, tokens = setting.pick(28, 3), setting.pick(1024, 64), 512
    runtime = setting.runtime(quantise)
    pipeline, held = _flux_pipeline(setting, runtime)
    plain, _ = _flux_pipeline(setting, setting.eager())
    painter = FluxFill(
        weights=random_weights(),
        host=MadeHost(pipeline),
        runtime=runtime,
        steps=steps,
        size_px=side,
        max_sequence_length=tokens,
        batch_size=1,
    )
    photograph = jpeg(side, side * 3 // 2)
    options = {
        "guidance_scale": painter.guidance,
        "max_sequence_length": tokens,
        "num_inference_steps": steps,
    }

    def ours() -> None:
        image = decode(photograph)
        request = PaintRequest(
            kind=PaintKind.INSERT,
            image=image,
            mask=_centred(*image.shape[:2], side),
            name="a bench",
            target=Target(key="bench", phrase=_BENCH),
            grow_px=0,
            seed=0,
        )
        for painting in sound(painter.paint([request]), Painting):
            Patch.of(painting, lossless=True)

    def theirs() -> None:
        answer = plain(
            prompt=_BENCH,
            image=_opened(photograph).resize((side, side)),
            mask_image=Image.fromarray(_centred(side, side, side).astype(np.uint8) * 255, "L"),
            height=side,
            width=side,
            **options,
        )
        answer.images[0].save(io.BytesIO(), "PNG")

    yield Comparison(
        figure=figure,
        ours=Side(
            words=f"FLUX.1 Fill, {_words(runtime)}, {steps} steps at {side} px",
            run=ours,
            items=1,
            bytes=held,
        ),
        plain=Side(words="diffusers eager", run=theirs, items=1),
        flops=steps * flops_per_step(pipeline.transformer.config, (side // 16) ** 2, tokens),
        precision="fp8" if quantise else "bf16",
    )


def _flux_pipeline(setting: Setting, runtime: Runtime) -> tuple[Any, int | None]:
    from diffusers.utils import logging

    logging.set_verbosity_error()

    def ready() -> Any:
        with made_on(setting.device, torch_dtype(runtime)):
            pipeline = networks.flux_pipeline(debug=setting.debug)
        return ready_pipeline(pipeline, runtime, setting.device)

    return _built(ready, setting)


def judge(setting: Setting) -> Iterator[Comparison]:
    """Qwen2.5-VL-7B on two images a pair: the local model's own decoding, and `generate` alone.

    Eager: answers grow by a token a pass, and each length would be compiled anew. The published
    vocabulary cannot be made offline; the figures count the tokens of the small one that stands in.
    """
    import torch
    from transformers import AutoProcessor, AutoTokenizer

    from models.chat.chat_model import Message
    from models.chat.generation import LoadedVlm, VlmSpec, Wish, generate
    from models.chat.grammar import Bounds, Decoded
    from models.chat.pictures import fitted
    from models.chat.prompts import prompt_text
    from models.chat.replies import StrictReply
    from models.chat.vlm import processor_of
    from models.images import decode
    from models.zoo.vlms import BUILDERS

    class Said(StrictReply):
        """A reply longer than any answer that is measured: all answers have the same length."""

        words: Annotated[str, Decoded(minLength=20_000)]

    runtime = setting.runtime(compiled=False)
    tokens, side, pairs = setting.pick(256, 3), setting.pick(1036, 64), setting.pick(16, 2)
    image, said = jpeg(side, side), "The source and the edited image:"
    text = prompt_text("models.judge", "prompt.toml")
    rubric = (text * (1 + 2000 // len(text)))[:2000]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        BUILDERS["qwen2.5-vl"](place)
        ids = AutoTokenizer.from_pretrained(place, local_files_only=True).get_vocab()
        config = networks.qwen_config(dict(ids), debug=setting.debug)
        # Over the small model's own: the processor reads the vocabulary's size from it.
        config.save_pretrained(place)
        processor = processor_of(random_weights(place))
        usual = AutoProcessor.from_pretrained(place, local_files_only=True)

    def network() -> Any:
        with made_on(setting.device, torch_dtype(runtime)):
            made = networks.qwen_network(config, torch_dtype(runtime))
        return ready_module(made, runtime, setting.device)

    # Both sides share it: neither is compiled.
    model, held = _built(network, setting)
    host = MadeHost(LoadedVlm(model=model, device=setting.device))

    def asked() -> tuple[Message, ...]:
        area, multiple = side**2, processor.multiple_px
        seen = [
            fitted(decode(image), min_pixels=area, max_pixels=area, multiple=multiple)
            for _ in range(2)
        ]
        told = Message(role="system", parts=(rubric,))
        return told, Message(role="user", parts=(said, *seen))

    def ours() -> None:
        inputs = processor.inputs([asked() for _ in range(pairs)])
        matcher = partial(processor.vocabulary.matcher, Said)
        bounds = Bounds(string_chars=40_000, list_items=1)
        wishes = [Wish(matcher=matcher(bounds), seed=0, temperature=0.0) for _ in range(pairs)]
        with host.use(VlmSpec(weights=random_weights(), runtime=runtime)) as loaded:
            spoken = generate(loaded, inputs, wishes, ends=processor.ends, max_tokens=tokens)
        if not all(answer.is_sound and len(answer.tokens) == tokens for answer in spoken):
            msg = f"an answer is cut short of {tokens} tokens, or holds NaN"
            raise RuntimeError(msg)

    def theirs() -> None:
        parts = [{"type": "text", "text": said}, {"type": "image"}, {"type": "image"}]
        system = {"role": "system", "content": [{"type": "text", "text": rubric}]}
        chat = usual.apply_chat_template(
            [system, {"role": "user", "content": parts}], tokenize=False, add_generation_prompt=True
        )
        size = {"shortest_edge": side**2, "longest_edge": side**2}
        made = usual(
            text=[chat],
            images=[_opened(image), _opened(image)],
            images_kwargs={"size": size},
            return_tensors="pt",
        )
        end = usual.tokenizer.eos_token_id
        with torch.inference_mode():
            answer = model.generate(
                **made.to(setting.device),
                min_new_tokens=tokens,
                max_new_tokens=tokens,
                do_sample=False,
                eos_token_id=end,
                pad_token_id=end,
            )
        usual.batch_decode(answer)

    words = f"Qwen2.5-VL-7B, {_words(runtime)}, batch {pairs}, 2 images of {side} px, "
    yield Comparison(
        figure="judge",
        ours=Side(words=f"{words}{tokens} tokens", run=ours, items=pairs, bytes=held),
        plain=Side(words="transformers eager, one by one", run=theirs, items=1),
        flops=_judge_flops(config, processor.inputs([asked()]), tokens),
    )


def _judge_flops(config: Any, inputs: Mapping[str, Any], tokens: int) -> float:
    """Operations of one pair."""
    from models.chat import generation

    merged = config.vision_config.spatial_merge_size**2
    images = [int(grid.prod()) // merged for grid in inputs["image_grid_thw"]]
    text = inputs["input_ids"].shape[1] - sum(images)
    return float(generation.flops(config, text_tokens=text, image_tokens=images, new_tokens=tokens))


def sam2(setting: Setting) -> Iterator[Comparison]:
    """The image encoder of SAM 2.1 L: weights in float32, as ours and the library have them."""
    import torch

    runtime, batch, passes = setting.runtime(), setting.pick(8, 2), setting.pick(8, 1)
    config = networks.sam2_config(debug=setting.debug)

    def network(how: Runtime) -> Any:
        with made_on(setting.device, torch.float32):
            made = networks.sam2_network(config)
        return ready_module(made, how, setting.device)

    ready, held = _built(lambda: network(runtime), setting)
    eager = network(setting.eager())
    layout = networks.sam2_layout(config)
    side = layout["image_size"]
    pixels = torch.rand(batch, 3, side, side, device=setting.device)

    def encode(net: Any, images: Any) -> None:
        with computing(net.device, runtime):
            for _ in range(passes):
                net.get_image_embeddings(images)

    words = f"SAM 2.1 L at {side} px, {_words(runtime)}, batch {batch}"
    ours, theirs = partial(encode, ready, pixels), partial(encode, eager, pixels[:1])
    yield Comparison(
        figure="sam2-encoder",
        ours=Side(words=words, run=ours, items=passes * batch, bytes=held),
        plain=Side(words="transformers eager, one by one", run=theirs, items=passes),
        flops=encoder_flops(layout),
    )


PARTS: Mapping[str, Part] = {
    "flux-bf16": Part(
        run=partial(flux, figure="flux-bf16", quantise=""),
        estimate_s=130,
        gates={"flux-bf16": "flux_bf16"},
    ),
    "flux-fp8": Part(
        run=partial(flux, figure="flux-fp8", quantise="fp8"),
        estimate_s=100,
        gates={"flux-fp8": "flux_fp8"},
    ),
    "judge": Part(
        run=judge,
        estimate_s=110,
        gates={"judge": "judge_pairs_per_s"},
    ),
    "sam2-encoder": Part(
        run=sam2,
        estimate_s=40,
        gates={"sam2-encoder": "sam2_encoder_per_s"},
    ),
}
"""The most valuable first: where time runs out, it is the last that wait."""


def sound(answers: Sequence[Any], kind: type) -> Sequence[Any]:
    """What a backend answered.

    Raises:
        RuntimeError: One is a fault, so that what was timed is not the work.
    """
    if faults := [answer for answer in answers if not isinstance(answer, kind)]:
        msg = f"{len(faults)} of {len(answers)} items failed, first: {faults[0].detail}"
        raise RuntimeError(msg)
    return answers


def jpeg(height: int, width: int) -> bytes:
    """A photograph with soft shapes and the fine grain that decoders work on."""
    from models.images import encode_jpeg

    smooth = np.linspace(0, 200, height * width * 3).reshape(height, width, 3)
    grained = smooth + np.random.default_rng(0).normal(20, 8, smooth.shape)
    return encode_jpeg(grained.clip(0, 255).astype(np.uint8), quality=95)


def _opened(data: bytes) -> Image.Image:
    """A photograph as tutorials open one."""
    return Image.open(io.BytesIO(data)).convert("RGB")


def _centred(height: int, width: int, model_px: int) -> Bitmap:
    """A square in the middle: with its margins the window is most of the image."""
    side = round(0.625 * model_px)
    mask = np.zeros((height, width), np.bool_)
    top, left = (height - side) // 2, (width - side) // 2
    mask[top : top + side, left : left + side] = True
    return mask


def _words(runtime: Runtime) -> str:
    parts = [runtime.dtype, "compiled" if runtime.compile else "eager", runtime.quantise]
    return " ".join(part for part in parts if part)


def _built(make: Callable[[], Any], setting: Setting) -> tuple[Any, int | None]:
    """Something made on the device, and the bytes that it takes there."""
    import torch

    if setting.debug:
        return make(), None
    before = torch.cuda.memory_allocated()
    made = make()
    return made, torch.cuda.memory_allocated() - before
