"""What `gpu.py` measures: both sides of each figure, at real size or, for CI, at debug size."""

import io
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar

import gpu_networks as networks
import numpy as np
from gpu_networks import MadeHost, made_on, random_weights
from PIL import Image

from models.aesthetics.laion import LaionAestheticScorer, LaionHead, head_network
from models.chat import generation as chat_flops
from models.chat.chat_model import Message
from models.chat.generation import LoadedVlm, Spoken, VlmSpec, Wish, generate
from models.chat.grammar import Bounds, Decoded
from models.chat.pictures import fitted
from models.chat.processing import processor_of
from models.chat.prompts import prompt_text
from models.chat.replies import StrictReply
from models.embed.open_clip import flops_per_image
from models.faults import Fault, Reason
from models.geometry import Bitmap, Rgb
from models.images import decode, decode_reduced, encode_jpeg
from models.loading.clip_spec import CONFIG, Clip
from models.loading.transformers_spec import computing
from models.paint.diffusion.flux import FluxFill, flops_per_step
from models.paint.diffusion.sdxl import SdxlInpaint, flops_per_pass
from models.paint.workflows import Workflow
from models.painting import Painting, PaintRequest
from models.pipeline_pixels import to_mask, to_tensor
from models.runtime import Quantised, Runtime, ready_module, ready_pipeline, torch_dtype
from models.segment.sam2 import encoder_flops
from models.versions import Patch
from models.vocabulary import PaintKind, Target
from resources.engine.local import EngineClock, LocalEngine
from resources.engine.stage import Output, Work
from resources.recipes import Recipe

Item = TypeVar("Item")
Result = TypeVar("Result")

LANES = 2
"""On one device, as the profiles have it: one prepares while the other computes."""
_QUANTISED_DEBUG = 32
"""Width from which the debug-size networks' linear layers are quantised."""


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

    what: str
    run: Callable[[Setting], Iterator[Comparison]]
    needs: tuple[str, ...]
    """Distributions besides torch."""
    estimate_s: int
    """All of it on an H100, with making and compiling, at three rounds: a guess from operations."""
    gates: Mapping[str, str] = field(default_factory=dict)
    """The key of `[gpu]` in floors.toml that a figure is held to."""


def flux(setting: Setting, *, figure: str, quantise: Quantised) -> Iterator[Comparison]:
    """FLUX.1 Fill; in bfloat16 also the engine against a bare loop, which needs two items."""
    steps, side = setting.pick(28, 3), setting.pick(1024, 64)
    runtime, tokens = setting.runtime(quantise), 512
    pipeline, held = _pipeline(networks.flux_pipeline, setting, runtime)
    plain, _ = _pipeline(networks.flux_pipeline, setting, setting.eager())
    painter = FluxFill(
        weights=random_weights(),
        host=MadeHost({"FillSpec": pipeline}),
        runtime=runtime,
        steps=steps,
        size_px=side,
        max_sequence_length=tokens,
        batch_size=1,
    )
    options = {
        "guidance_scale": painter.guidance,
        "max_sequence_length": tokens,
        "num_inference_steps": steps,
    }
    flops = steps * flops_per_step(pipeline.transformer.config, (side // 16) ** 2, tokens)
    ours = _painting(painter, items=1 if quantise else 2, held=held)
    precision = "fp8" if quantise else "bf16"
    theirs = _painting_plainly(plain, side, options)
    yield Comparison(figure=figure, ours=ours, plain=theirs, flops=flops, precision=precision)
    if not quantise:
        del plain, theirs
        bare = _bare_loop(pipeline, side, ours.items, options)
        # Its memory is known from the figure before.
        ours = replace(ours, bytes=None)
        yield Comparison(figure="flux-driver", ours=ours, plain=bare, flops=flops)


def sdxl(setting: Setting) -> Iterator[Comparison]:
    """SDXL inpainting, the paper's eraser."""
    steps, side, strength = setting.pick(28, 3), setting.pick(1024, 64), 0.99
    runtime = setting.runtime()
    pipeline, held = _pipeline(networks.sdxl_pipeline, setting, runtime)
    # As `DiffusersSpec.load` does; plain use casts the VAE to float32 and back for each image.
    pipeline.vae.register_to_config(force_upcast=False)
    plain, _ = _pipeline(networks.sdxl_pipeline, setting, setting.eager())
    painter = SdxlInpaint(
        weights=random_weights(),
        host=MadeHost({"DiffusersSpec": pipeline}),
        runtime=runtime,
        steps=steps,
        strength=strength,
        size_px=side,
        batch_size=1,
    )
    options = {
        "guidance_scale": painter.guidance,
        "strength": strength,
        "num_inference_steps": steps,
    }
    # Classifier-free guidance takes two passes a step; of 28 steps at 0.99 diffusers takes 27.
    flops = int(steps * strength) * 2 * flops_per_pass(pipeline.unet.config, size_px=side)
    yield Comparison(
        figure="sdxl",
        ours=_painting(painter, items=2, held=held),
        plain=_painting_plainly(plain, side, options),
        flops=flops,
    )


def _pipeline(
    make: Callable[..., Any], setting: Setting, runtime: Runtime
) -> tuple[Any, int | None]:
    from diffusers.utils import logging

    logging.set_verbosity_error()

    def ready() -> Any:
        with made_on(setting.device, torch_dtype(runtime)):
            pipeline = make(debug=setting.debug)
        return ready_pipeline(pipeline, runtime, setting.device)

    return _built(ready, setting)


def _painting(painter: Workflow, *, items: int, held: int | None) -> Side:
    """A painter in the engine: decode, crop, paint, stitch and encode, as in a run."""
    side, steps = painter.size_px, painter.steps  # type: ignore[attr-defined]

    def request(number: int, data: bytes) -> PaintRequest:
        image = decode(data)
        return PaintRequest(
            kind=PaintKind.INSERT,
            image=image,
            mask=_centred(*image.shape[:2], side),
            name="a bench",
            target=Target(key="bench", phrase="an oak bench with iron arms"),
            grow_px=0,
            seed=number,
        )

    stage: Computing[PaintRequest, Painting] = Computing(
        batch_size=1,
        decode=request,
        compute=painter.paint,
        encode=partial(Patch.of, lossless=True),
    )
    images = photographs_for(items, side)
    words = f"{painter.name}, {_words(painter.runtime)}, {steps} steps at {side} px"  # type: ignore[attr-defined]
    return Side(words=words, run=lambda: through_engine(stage, images), items=items, bytes=held)


def _painting_plainly(pipeline: Any, side: int, options: Mapping[str, Any]) -> Side:
    """One image as diffusers' documentation has it: opened, painted, saved as PNG."""
    data = photographs_for(1, side)[0]
    mask = Image.fromarray(_centred(side, side, side).astype(np.uint8) * 255, "L")

    def paint() -> None:
        answer = pipeline(
            prompt="an oak bench with iron arms",
            image=_opened(data).resize((side, side)),
            mask_image=mask,
            height=side,
            width=side,
            **options,
        )
        answer.images[0].save(io.BytesIO(), "PNG")

    return Side(words="diffusers eager, in series", run=paint, items=1)


def _bare_loop(pipeline: Any, side: int, items: int, options: Mapping[str, Any]) -> Side:
    """The same pipeline on tensors that are ready, and nothing done with what it answers."""
    shown = to_tensor([np.random.default_rng(1).integers(0, 256, (side, side, 3), np.uint8)])
    mask = to_mask([_centred(side, side, side)])
    given = {"image": shown, "mask_image": mask, "height": side, "width": side} | dict(options)

    def loop() -> None:
        for _ in range(items):
            pipeline(prompt=["an oak bench with iron arms"], output_type="pt", **given)

    return Side(words="a bare loop over the same pipeline", run=loop, items=items)


class _Said(StrictReply):
    """A reply longer than any answer that is measured: all answers have the same length."""

    words: Annotated[str, Decoded(minLength=20_000)]


def judge(setting: Setting) -> Iterator[Comparison]:
    """Qwen2.5-VL-7B on two images a pair, with the local model's own decoding.

    Eager: answers grow by a token a pass, and each length would be compiled anew. The published
    vocabulary cannot be made offline; the figures count the tokens of the small one that stands in.
    """
    from models.zoo.vlms import BUILDERS

    runtime = setting.runtime(compiled=False)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        BUILDERS["qwen2.5-vl"](place)
        config = networks.qwen_config(_token_ids(place), debug=setting.debug)
        # Over the small model's own: the processor reads the vocabulary's size from it.
        config.save_pretrained(place)

        def network() -> Any:
            with made_on(setting.device, torch_dtype(runtime)):
                model = networks.qwen_network(config, torch_dtype(runtime))
            return ready_module(model, runtime, setting.device)

        # Both sides share it: neither is compiled.
        model, held = _built(network, setting)
        judging = Judging(model, place, setting, runtime)
        yield Comparison(
            figure="judge",
            ours=judging.ours(held),
            plain=judging.plain(),
            flops=judging.flops(config),
        )


class Judging:
    """What `LocalVlm` does with a batch, but for reading the replies, which are cut off here."""

    def __init__(self, model: Any, place: Path, setting: Setting, runtime: Runtime) -> None:
        self._model, self._place, self._device = model, place, setting.device
        self._processor = processor_of(random_weights(place))
        self._spec = VlmSpec(weights=random_weights(place), runtime=runtime)
        self._host = MadeHost({"VlmSpec": LoadedVlm(model=model, device=setting.device)})
        self._tokens, self._side = setting.pick(256, 3), setting.pick(1036, 64)
        self._items = setting.pick(16, 2)
        drawn = photographs(1, self._side, self._side)
        self._images = drawn * self._items
        text = prompt_text("models.judge", "prompt.toml")
        self._rubric = (text * (1 + 2000 // len(text)))[:2000]

    def ours(self, held: int | None) -> Side:
        """All pairs in one batch through the engine."""
        stage: Computing[tuple[Message, ...], Spoken] = Computing(
            batch_size=self._items,
            decode=lambda _, data: self._asked(data),
            compute=self._answered,
            encode=lambda answer: len(answer.tokens),
        )
        words = f"Qwen2.5-VL-7B, {_words(self._spec.runtime)}, batch {self._items}, 2 images of "
        words += f"{self._side} px, {self._tokens} tokens"
        run = partial(through_engine, stage, self._images)
        return Side(words=words, run=run, items=self._items, bytes=held)

    def plain(self) -> Side:
        """One pair, as the model's page on the hub has it, for as many tokens without a grammar."""
        import torch
        from transformers import AutoProcessor

        processor = AutoProcessor.from_pretrained(self._place, local_files_only=True)
        size = {"shortest_edge": self._side**2, "longest_edge": self._side**2}
        parts = [{"type": "text", "text": "The source and the edited image:"}]
        told = [
            {"role": "system", "content": [{"type": "text", "text": self._rubric}]},
            {"role": "user", "content": [*parts, {"type": "image"}, {"type": "image"}]},
        ]
        end = processor.tokenizer.eos_token_id
        limits: dict[str, Any] = {"min_new_tokens": self._tokens, "max_new_tokens": self._tokens}
        limits |= {"do_sample": False, "eos_token_id": end, "pad_token_id": end}

        def judged() -> None:
            text = processor.apply_chat_template(told, tokenize=False, add_generation_prompt=True)
            pair = [_opened(self._images[0]), _opened(self._images[0])]
            made = processor(
                text=[text], images=pair, images_kwargs={"size": size}, return_tensors="pt"
            )
            with torch.inference_mode():
                answer = self._model.generate(**made.to(self._device), **limits)
            processor.batch_decode(answer)

        return Side(words="transformers eager, one by one", run=judged, items=1)

    def flops(self, config: Any) -> float:
        """Operations of one pair."""
        inputs = self._processor.inputs([self._asked(self._images[0])])
        merged = config.vision_config.spatial_merge_size**2
        images = [int(grid.prod()) // merged for grid in inputs["image_grid_thw"]]
        text = inputs["input_ids"].shape[1] - sum(images)
        return float(
            chat_flops.flops(config, text_tokens=text, image_tokens=images, new_tokens=self._tokens)
        )

    def _asked(self, data: bytes) -> tuple[Message, ...]:
        area, multiple = self._side**2, self._processor.multiple_px
        seen = [
            fitted(decode(data), min_pixels=area, max_pixels=area, multiple=multiple)
            for _ in range(2)
        ]
        parts = ("The source and the edited image:", *seen)
        return Message(role="system", parts=(self._rubric,)), Message(role="user", parts=parts)

    def _answered(self, batch: Sequence[tuple[Message, ...]]) -> list[Spoken | Fault]:
        inputs, bounds = self._processor.inputs(batch), Bounds(string_chars=40_000, list_items=1)
        matcher = self._processor.vocabulary.matcher
        wishes = [Wish(matcher=matcher(_Said, bounds), seed=0, temperature=0.0) for _ in batch]
        with self._host.use(self._spec) as loaded:
            spoken = generate(
                loaded, inputs, wishes, ends=self._processor.ends, max_tokens=self._tokens
            )
        return [self._whole(answer) for answer in spoken]

    def _whole(self, answer: Spoken) -> Spoken | Fault:
        """An answer of as many tokens as are counted."""
        if answer.is_sound and len(answer.tokens) == self._tokens:
            return answer
        detail = f"{len(answer.tokens)} of {self._tokens} tokens, finite: {answer.is_sound}"
        return Fault(reason=Reason.BAD_REPLY, detail=detail)


def _token_ids(place: Path) -> dict[str, int]:
    from transformers import AutoTokenizer

    return dict(AutoTokenizer.from_pretrained(place, local_files_only=True).get_vocab())


_CLIP_MEAN, _CLIP_STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


def aesthetic(setting: Setting) -> Iterator[Comparison]:
    """ViT-L/14 with LAION's head from JPEG to score, then its image tower alone."""
    import torch
    from open_clip import image_transform

    config = networks.clip_config("ViT-L-14-quickgelu", debug=setting.debug)
    runtime, device, side = setting.runtime(), setting.device, config["vision_cfg"]["image_size"]
    batch, items = setting.pick(64, 2), setting.pick(512, 2)

    def network(dtype: Any, how: Runtime) -> Any:
        with made_on(device, dtype):
            return ready_module(networks.clip_network(config), how, device)

    ready, held = _built(lambda: network(torch_dtype(runtime), runtime), setting)
    # The example's: weights in float32, products in autocast's dtype.
    plain = network(torch.float32, Runtime(dtype="float32"))
    with torch.device(device):
        head = LaionHead(
            model=head_network(config["embed_dim"]).eval().requires_grad_(False), device=device
        )
    clip = Clip(
        model=ready,
        device=device,
        dtype=torch_dtype(runtime),
        logit_scale=float(ready.logit_scale.exp()),
    )
    transform = image_transform(side, is_train=False, mean=_CLIP_MEAN, std=_CLIP_STD)

    def seen_plainly(pixels: Any) -> Any:
        with torch.no_grad(), torch.autocast(device, enabled=device != "cpu"):
            vectors = plain.encode_image(pixels.to(device))
            return vectors / vectors.norm(dim=-1, keepdim=True)

    def scored_plainly() -> None:
        for data in images[:batch]:
            float(head.model(seen_plainly(transform(_opened(data)).unsqueeze(0)).float()))

    with tempfile.TemporaryDirectory() as folder:
        settings = {"mean": _CLIP_MEAN, "std": _CLIP_STD}
        text = json.dumps({"model_cfg": config, "preprocess_cfg": settings})
        (Path(folder) / CONFIG).write_text(text, "utf-8")
        scorer = LaionAestheticScorer(
            weights=random_weights(Path(folder)),
            head=random_weights(),
            host=MadeHost({"ClipSpec": clip, "HeadSpec": head}),
            runtime=runtime,
            batch_size=batch,
        )
        stage: Computing[Rgb, float] = Computing(
            batch_size=batch,
            decode=lambda _, data: decode_reduced(data, 512),
            compute=scorer.score,
            encode=float,
        )
        images = photographs_for(items, setting.pick(1280, 64))
        words, flops = f"{_words(runtime)}, batch", flops_per_image(config)
        yield Comparison(
            figure="aesthetic",
            ours=Side(
                words=f"ViT-L/14 and head, {words} {batch}, from JPEG",
                run=lambda: through_engine(stage, images),
                items=items,
                bytes=held,
            ),
            plain=Side(words="open_clip, one by one", run=scored_plainly, items=batch),
            flops=flops,
        )
    many = setting.pick(256, 2)
    single = torch.rand(many, 3, side, side, device=device)
    pixels = single.to(clip.dtype)

    def ours() -> None:
        with torch.inference_mode():
            for _ in range(4):
                ready.encode_image(pixels)

    def theirs() -> None:
        for _ in range(4):
            seen_plainly(single)

    yield Comparison(
        figure="clip-l14",
        ours=Side(words=f"ViT-L/14 alone, {words} {many}", run=ours, items=4 * many, bytes=held),
        plain=Side(words="open_clip, autocast, the same batch", run=theirs, items=4 * many),
        flops=flops,
    )


def sam2(setting: Setting) -> Iterator[Comparison]:
    """The image encoder of SAM 2.1 L: weights in float32, as ours and the package have them."""
    import torch

    runtime, batch, passes = setting.runtime(), setting.pick(8, 2), setting.pick(8, 1)
    with tempfile.TemporaryDirectory() as folder:
        model = networks.sam2_config(Path(folder), debug=setting.debug)

    def network(how: Runtime) -> Any:
        with made_on(setting.device, torch.float32):
            made = networks.sam2_network(model)
        return ready_module(made, how, setting.device)

    ready, held = _built(lambda: network(runtime), setting)
    eager = network(setting.eager())
    side = int(model["image_size"])
    pixels = torch.rand(batch, 3, side, side, device=setting.device)

    def encode(net: Any, images: Any) -> None:
        with computing(net.device, runtime):
            for _ in range(passes):
                net.forward_image(images)

    yield Comparison(
        figure="sam2-encoder",
        ours=Side(
            words=f"SAM 2.1 L at {side} px, {_words(runtime)}, batch {batch}",
            run=partial(encode, ready, pixels),
            items=passes * batch,
            bytes=held,
        ),
        plain=Side(
            words="sam2 eager, one by one", run=partial(encode, eager, pixels[:1]), items=passes
        ),
        flops=encoder_flops(model),
    )


PARTS: Mapping[str, Part] = {
    "flux-bf16": Part(
        what="FLUX.1 Fill, 28 steps at 1024 px, compiled, against diffusers eager; the engine "
        "against a bare loop",
        run=partial(flux, figure="flux-bf16", quantise=""),
        needs=("diffusers",),
        estimate_s=190,
        gates={"flux-bf16": "flux_bf16", "flux-driver": "driver"},
    ),
    "flux-fp8": Part(
        what="the same with fp8 linear layers, row by row, against diffusers eager in bf16",
        run=partial(flux, figure="flux-fp8", quantise="fp8"),
        needs=("diffusers", "torchao"),
        estimate_s=100,
        gates={"flux-fp8": "flux_fp8"},
    ),
    "judge": Part(
        what="Qwen2.5-VL-7B, two images of 1036 px, 256 tokens, against transformers one by one",
        run=judge,
        needs=("transformers", "llguidance"),
        estimate_s=110,
        gates={"judge": "judge_pairs_per_s"},
    ),
    "aesthetic": Part(
        what="CLIP ViT-L/14 and LAION's head, JPEG to score; then the image tower alone",
        run=aesthetic,
        needs=("open_clip_torch",),
        estimate_s=45,
        gates={"aesthetic": "aesthetic_per_s", "clip-l14": "clip_l14_per_s"},
    ),
    "sam2-encoder": Part(
        what="SAM 2.1 L's image encoder at 1024 px against the package eager, one by one",
        run=sam2,
        needs=("sam2", "hydra-core", "omegaconf", "torchvision"),
        estimate_s=40,
        gates={"sam2-encoder": "sam2_encoder_per_s"},
    ),
    "sdxl": Part(
        what="SDXL inpainting, 28 steps at 1024 px, against diffusers eager",
        run=sdxl,
        needs=("diffusers",),
        estimate_s=60,
        gates={"sdxl": "sdxl"},
    ),
}
"""The most valuable first: where time runs out, it is the last that wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Computing(Generic[Item, Result]):
    """A stage of the engine made of three functions."""

    batch_size: int
    readers: int = 0
    decode: Callable[[int, bytes], Item]
    """Of a photograph with its number."""
    compute: Callable[[Sequence[Item]], Sequence[Result | Fault]]
    encode: Callable[[Result], object]

    def setup(self) -> None:
        """The networks are made already."""

    def pixels(self, work: Work[bytes]) -> int:
        return 0

    def prepare(self, work: Work[bytes]) -> Item:
        return self.decode(int(work.parents[0]), work.payload)

    def process(self, batch: Sequence[tuple[Work[bytes], Item]]) -> Sequence[Result | Fault]:
        return self.compute([item for _, item in batch])

    def finish(self, work: Work[bytes], result: Result) -> Output:
        self.encode(result)
        return Output()


def through_engine(stage: Computing[Item, Result], images: Sequence[bytes]) -> None:
    """Run all images.

    Raises:
        RuntimeError: One of them became a fault, so that what was timed is not the work.
    """
    recipe = Recipe(stage="perf", version="1")
    work = [
        Work(parents=(str(i),), recipe=recipe, payload=image, subject="")
        for i, image in enumerate(images)
    ]
    engine = LocalEngine(lanes=LANES, readers=max(2, (os.cpu_count() or 2) // 2))
    done = engine.run(stage, work, EngineClock(lanes=LANES))
    if faults := [f for batch in done for one in batch for f in one.output.faults]:
        msg = f"{len(faults)} of {len(work)} items failed, first: {faults[0].detail}"
        raise RuntimeError(msg)


def photographs(count: int, height: int, width: int) -> list[bytes]:
    """JPEGs with soft shapes and the fine grain that decoders work on."""
    rng = np.random.default_rng(0)
    smooth = np.linspace(0, 200, height * width * 3).reshape(height, width, 3)
    grained = (smooth + rng.normal(20, 8, smooth.shape) for _ in range(count))
    return [encode_jpeg(one.clip(0, 255).astype(np.uint8), quality=95) for one in grained]


def photographs_for(items: int, short_side: int) -> list[bytes]:
    """A few distinct ones again and again: drawing many takes longer than looking at them."""
    drawn = photographs(min(items, 8), short_side, short_side * 3 // 2)
    return [drawn[i % len(drawn)] for i in range(items)]


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
