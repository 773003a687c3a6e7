"""Step1X-Edit (github.com/stepfun-ai/Step1X-Edit) as an editor, run in a clone of it.

`python edit_with_step1x.py WEIGHTS [SIDE]`: the folder of its weights, and the side, 512 or 1024,
of a square of as many pixels as it edits at. Steps and guidance are those of its `inference.py`.
"""

import sys
from pathlib import Path
from typing import Any

from imgedit_program import serve
from PIL import Image

SIDE = 1024


def load() -> tuple[str, str, Any]:
    """Its transformer and autoencoder, and Qwen2.5-VL, all from one folder."""
    from inference import ImageGenerator

    weights = Path(sys.argv[1])
    side = int(sys.argv[2]) if len(sys.argv) > 2 else SIDE
    transformer = weights / "step1x-edit-i1258.safetensors"
    generator = ImageGenerator(
        ae_path=str(weights / "vae.safetensors"),
        dit_path=str(transformer),
        qwen2vl_model_path=str(weights / "Qwen2.5-VL-7B-Instruct"),
        max_length=640,
    )

    def edit(request: dict[str, Any]) -> Image.Image:
        images = generator.generate_image(
            request["instruction"],
            negative_prompt="",
            ref_images=Image.open(request["image"]).convert("RGB"),
            num_samples=1,
            num_steps=28,
            cfg_guidance=6.0,
            seed=request["seed"],
            size_level=side,
        )
        return images[0]

    return "step1x-edit", f"{transformer.stem}, {side}", edit


if __name__ == "__main__":
    serve(load)
