"""Measures painting on one GPU: FLUX.1 Fill (12 B) and SDXL inpainting at their real size.

  python tests/perf/gpu_painting.py --json h100.json          everything, 20 minutes or so
  python tests/perf/gpu_painting.py --part flux-bf16          ours compiled, and the engine's driver
  python tests/perf/gpu_painting.py --part flux-fp8           the same with fp8 linear layers
  python tests/perf/gpu_painting.py --part sdxl --steps 21    the paper's eraser
  python tests/perf/gpu_painting.py --debug                   the path alone, without a GPU

Ours is a painter of `models.paint.diffusion` in the engine: crop, batch, stitch and encode as in a
run. Plain use is diffusers' own example: one image after the other, opened, painted, saved as PNG.
`flux-driver` holds the engine against a bare loop that calls the same pipeline with ready tensors.
Operations are those of the denoising network. The VAE's 20 TFLOP at 1024 px are left out: 1 % for
FLUX, 5 % for SDXL, so that MFU is a little low. Texts are random embeddings on both sides: their
encoders, run once for an image, are not measured.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from gpu_bench import Part, Setting, Side, built, compare, making, require
from gpu_engine import Computing, as_mask, centred, opened, photographs_for, saved, through_engine
from gpu_networks import MadeHost, flux_pipeline, random_weights, sdxl_pipeline
from gpu_report import Gate, Measurement
from gpu_run import run

from models.edit_types.spec import PaintKind, Target
from models.images import decode
from models.paint.base import Painting, PaintRequest
from models.paint.diffusion.flux import flops_per_step
from models.paint.diffusion.flux_fill import FluxFill
from models.paint.diffusion.sanity import to_mask, to_tensor
from models.paint.diffusion.sdxl import flops_per_pass
from models.paint.diffusion.sdxl_inpaint import SdxlInpaint
from models.paint.workflow import Workflow
from models.runtime import Quantised, Runtime, ready_pipeline
from models.versions import Patch

_SUBJECT_FRAC = 0.625
"""Side of what is painted: with its margins the window is a square of most of the image."""
_GUIDANCE = 30.0
_TEXT_TOKENS = 512
_STRENGTH = 0.99
_PASSES = 2
"""With and without the words: classifier-free guidance."""

DEFAULTS = Setting(
    device="cuda",
    debug=False,
    steps=28,
    size_px=1024,
    rounds=5,
    items=3,
    batch=1,
    compiled=True,
)


def flux(setting: Setting, *, part: str, quantise: Quantised, gate: str) -> Iterator[Measurement]:
    """FLUX.1 Fill against diffusers eager; for bfloat16, also the engine against a bare loop."""
    require("diffusers", "torchao")
    runtime = setting.runtime(quantise)
    pipeline, held = built(lambda: _ready(flux_pipeline, setting, runtime), setting)
    plain, _ = built(lambda: _ready(flux_pipeline, setting, Runtime(dtype=runtime.dtype)), setting)
    painter = FluxFill(
        weights=random_weights(),
        host=MadeHost({"FillSpec": pipeline}),
        runtime=runtime,
        steps=setting.steps,
        guidance=_GUIDANCE,
        size_px=setting.size_px,
        max_sequence_length=_TEXT_TOKENS,
        batch_size=setting.batch,
    )
    tokens = (setting.size_px // 16) ** 2
    flops = setting.steps * flops_per_step(pipeline.transformer.config, tokens, _TEXT_TOKENS)
    options = {"guidance_scale": _GUIDANCE, "max_sequence_length": _TEXT_TOKENS}
    ours = _ours(painter, setting, setting.words(runtime), held)
    yield compare(
        part,
        ours,
        _plain(plain, setting, options),
        setting,
        flops=flops,
        gates=[Gate(name=gate)],
        precision="fp8" if quantise else "bf16",
    )
    if not quantise:
        del plain
        bare = _bare_loop(pipeline, setting, options)
        gates = [Gate(name="driver")]
        yield compare("flux-driver", ours, bare, setting, flops=flops, gates=gates)


def sdxl(setting: Setting) -> Iterator[Measurement]:
    """SDXL inpainting against diffusers eager."""
    require("diffusers")
    runtime = setting.runtime()
    pipeline, held = built(lambda: _ready(sdxl_pipeline, setting, runtime), setting)
    # As `DiffusersSpec.load` does; plain use casts the VAE to float32 and back for each image.
    pipeline.vae.register_to_config(force_upcast=False)
    plain, _ = built(lambda: _ready(sdxl_pipeline, setting, Runtime(dtype=runtime.dtype)), setting)
    painter = SdxlInpaint(
        weights=random_weights(),
        host=MadeHost({"DiffusersSpec": pipeline}),
        runtime=runtime,
        steps=setting.steps,
        strength=_STRENGTH,
        size_px=setting.size_px,
        batch_size=setting.batch,
    )
    # As diffusers rounds: of 28 steps at a strength of 0.99 it takes 27.
    steps = min(int(setting.steps * _STRENGTH), setting.steps)
    flops = steps * _PASSES * flops_per_pass(pipeline.unet.config, size_px=setting.size_px)
    options = {"guidance_scale": painter.guidance, "strength": _STRENGTH}
    yield compare(
        "sdxl",
        _ours(painter, setting, setting.words(runtime), held),
        _plain(plain, setting, options),
        setting,
        flops=flops,
        gates=[Gate(name="sdxl")],
    )


def _ready(make: Callable[..., Any], setting: Setting, runtime: Runtime) -> Any:
    from diffusers.utils import logging

    logging.set_verbosity_error()
    with making(setting.device, setting.dtype):
        pipeline = make(debug=setting.debug)
    return ready_pipeline(pipeline, runtime, setting.device)


def _request(setting: Setting, number: int, data: bytes) -> PaintRequest:
    image = decode(data)
    return PaintRequest(
        kind=PaintKind.INSERT,
        image=image,
        mask=centred(*image.shape[:2], round(_SUBJECT_FRAC * setting.size_px)),
        name="a bench",
        target=Target(key="bench", phrase="an oak bench with iron arms"),
        grow_px=0,
        seed=number,
    )


def _ours(painter: Workflow, setting: Setting, words: str, held: int | None) -> Side:
    stage: Computing[PaintRequest, Painting] = Computing(
        batch_size=setting.batch,
        decode=partial(_request, setting),
        compute=painter.paint,
        encode=partial(Patch.of, lossless=True),
    )
    images = photographs_for(setting.items, setting.size_px)
    return Side(
        words=f"{painter.name}, {words}, batch {setting.batch}, {setting.steps} steps at "
        f"{setting.size_px} px",
        run=lambda: through_engine(stage, images),
        items=setting.items,
        bytes=held,
    )


def _plain(pipeline: Any, setting: Setting, options: dict[str, Any]) -> Side:
    """One image after the other, as diffusers' documentation has it."""
    images = photographs_for(setting.plain_items, setting.size_px)
    side = setting.size_px
    mask = as_mask(centred(side, side, round(_SUBJECT_FRAC * side)))

    def paint() -> None:
        for data in images:
            answer = pipeline(
                prompt="an oak bench with iron arms",
                image=opened(data).resize((side, side)),
                mask_image=mask,
                height=side,
                width=side,
                num_inference_steps=setting.steps,
                **options,
            )
            saved(answer.images[0])

    return Side(words="diffusers eager, in series", run=paint, items=len(images))


def _bare_loop(pipeline: Any, setting: Setting, options: dict[str, Any]) -> Side:
    """The same pipeline on tensors that are ready, and nothing done with what it answers."""
    side, batch = setting.size_px, setting.batch
    rng = np.random.default_rng(1)
    shown = to_tensor(list(rng.integers(0, 256, (batch, side, side, 3), np.uint8)))
    masks = to_mask([centred(side, side, round(_SUBJECT_FRAC * side))] * batch)

    def loop() -> None:
        for _ in _batches(range(setting.items), batch):
            pipeline(
                prompt=["an oak bench with iron arms"] * batch,
                image=shown,
                mask_image=masks,
                height=side,
                width=side,
                num_inference_steps=setting.steps,
                output_type="pt",
                **options,
            )

    return Side(words="a bare loop over the same pipeline", run=loop, items=setting.items)


def _batches(items: Sequence[int], size: int) -> list[Sequence[int]]:
    return [items[start : start + size] for start in range(0, len(items), size)]


PARTS: dict[str, Part] = {
    "flux-bf16": partial(flux, part="flux-bf16", quantise="", gate="flux_bf16"),
    "flux-fp8": partial(flux, part="flux-fp8", quantise="fp8", gate="flux_fp8"),
    "sdxl": sdxl,
}

if __name__ == "__main__":
    sys.exit(run(__doc__ or "", PARTS, DEFAULTS))
