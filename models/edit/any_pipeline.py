"""Any pipeline of diffusers that takes an image and a prompt: InstructPix2Pix, LongCat, JoyImage.

What it is called with follows from the arguments that it takes.
"""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.edit.editor import EditRequest
from models.edit.pipeline_editor import PipelineEditor, sized
from models.faults import Fault, ImgEditError, Reason
from models.geometry import Rgb
from models.loading.diffusers_spec import EditorSpec
from models.pipeline_pixels import to_pixels

OWN = -1.0
"""In place of a number: what the pipeline takes by itself."""

Parameters = Mapping[str, inspect.Parameter]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyPipelineEditor(PipelineEditor):
    """One image at a time, at the source's aspect and `area_px`; it is shown no reference."""

    name = "any_pipeline"
    version = "1"

    kind: str
    """The pipeline's class in diffusers, or `file.py:Class`."""
    steps: int = 0
    """0 for as many as the pipeline takes by itself."""
    guidance: float = OWN
    """By the instruction."""
    image_guidance: float = OWN
    """By the source, for pipelines that have it apart."""

    def setup(self) -> None:
        """Load the pipeline, and see whether it takes what it is to be given.

        Raises:
            CheckpointError: It cannot be loaded.
            ImgEditError: It takes no image with a prompt, or not the guidance.
        """
        with self.host.use(self.spec()) as pipeline:
            self._settings(inspect.signature(pipeline.__call__).parameters)

    def spec(self) -> EditorSpec:
        """What is loaded."""
        return EditorSpec(
            pipeline=self.kind,
            weights=self.weights,
            runtime=self.runtime,
            working_bytes=self.working_bytes(),
        )

    def refused(self, request: EditRequest) -> Fault | None:
        """Why it would not take the request's images, if it would not."""
        if request.reference is not None:
            detail = f"{self.kind} is shown one image, and the case has a reference"
            return Fault(reason=Reason.UNPAINTABLE, detail=detail)
        return PipelineEditor.refused(self, request)

    def answers(self, requests: Sequence[EditRequest]) -> list[Rgb | Fault]:
        """The image of one request."""
        import torch
        from PIL import Image

        (request,) = requests
        image = Image.fromarray(sized(request.image, self.area_px))
        with self.host.use(self.spec()) as pipeline:
            takes = inspect.signature(pipeline.__call__).parameters
            answer = pipeline(
                image=image,
                prompt=request.instruction,
                generator=torch.Generator("cpu").manual_seed(request.seed),
                output_type="pt",
                **self._settings(takes),
                **_of_image(takes, image),
            )
        return to_pixels(answer.images)

    def _settings(self, takes: Parameters) -> dict[str, Any]:
        """Steps and guidance by the pipeline's own names."""
        wanted = {"image": 0, "prompt": 0, "generator": 0, "output_type": 0}
        if lacking := [name for name in wanted if name not in takes]:
            message = f"{self.kind} takes no {lacking[0]}, so that it is no editor of images"
            raise ImgEditError(message)
        settings: dict[str, Any] = {}
        if self.steps:
            settings["num_inference_steps"] = self.steps
        if self.guidance != OWN:
            settings[_guidance(takes)] = self.guidance
        if self.image_guidance != OWN:
            settings["image_guidance_scale"] = self.image_guidance
        if unknown := settings.keys() - takes.keys():
            message = f"{self.kind} takes no {min(unknown)}: leave that argument out"
            raise ImgEditError(message)
        if _is_guided_by_contrast(takes):
            # Without one, such pipelines leave their guidance out, with a mere warning.
            settings["negative_prompt"] = " "
        return settings


def _is_guided_by_contrast(takes: Parameters) -> bool:
    """Whether it guides by itself, as Qwen-Image-Edit does, against a prompt that must be given."""
    scale = takes.get("true_cfg_scale")
    return scale is not None and isinstance(scale.default, int | float) and scale.default > 1


def _guidance(takes: Parameters) -> str:
    """What the pipeline calls it; where it knows both, the one that it uses by itself."""
    if _is_guided_by_contrast(takes) or "guidance_scale" not in takes:
        return "true_cfg_scale" if "true_cfg_scale" in takes else "guidance_scale"
    return "guidance_scale"


def _of_image(takes: Parameters, image: Any) -> dict[str, Any]:  # noqa: ANN401 - Pillow's
    """What the pipeline wants to know of the image: its size as the answer's, and no mask."""
    from PIL import Image

    given = {
        "height": image.height,
        "width": image.width,
        "max_area": image.height * image.width,
        # Otherwise the source is encoded at another size than the answer's.
        "_auto_resize": False,
        # UltraEdit's: all of the image may change.
        "mask_img": Image.new("RGB", image.size, "white") if "mask_img" in takes else None,
    }
    return {name: value for name, value in given.items() if name in takes}
