"""AnySD (github.com/weichow23/AnySD) as an editor, run in a clone of it and its environment.

Its expert for general edits; the others need the kind of edit, which a benchmark does not tell.
Steps and guidance are those of its `anysd/infer.py`. It edits at 512 x 512.
"""

from typing import Any

from imgedit_program import serve
from PIL import Image


def load() -> tuple[str, str, Any]:
    """Stable Diffusion 1.5 with AnySD's UNet and adapters, from the hub."""
    from anysd.src.model import AnySDPipeline
    from anysd.src.utils import get_experts_dir

    experts = get_experts_dir(repo_id="WeiChow/AnySD")
    pipeline = AnySDPipeline(adapters_list={}, task_embs_checkpoints=experts + "task_embs.bin")

    def edit(request: dict[str, Any]) -> Image.Image:
        pipeline.general_sd_pipe.generator.manual_seed(request["seed"])
        images = pipeline(
            prompt=request["instruction"],
            original_image=Image.open(request["image"]).convert("RGB"),
            guidance_scale=3,
            original_image_guidance_scale=3,
            num_inference_steps=100,
            adapter_name="general",
        )
        return images[0]

    return "anysd", "WeiChow/AnySD", edit


if __name__ == "__main__":
    serve(load)
