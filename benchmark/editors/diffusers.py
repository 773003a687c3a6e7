"""Pipelines of diffusers as editors, by the class that a checkpoint names itself."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

from benchmark.editors.editor import EditCall, requests_of
from benchmark.names import report_name
from models.edit.editor import Editor
from models.faults import Fault, FaultError, ImgEditError
from models.geometry import Rgb
from models.hosting import SoloHost
from models.runtime import Dtype, Offload, Runtime
from models.weights import CheckpointError, Weights
from resources.checkpoints import Checkpoints
from resources.devices.devices import visible_devices
from resources.home import Home
from resources.reading import parse_json, read_regular

_KNOWN = {
    "Flux2Pipeline": "models.edit.flux2:Flux2Editor",
    "Flux2KleinPipeline": "models.edit.flux2:Flux2KleinEditor",
    "FluxKontextPipeline": "models.edit.kontext:KontextEditor",
    "QwenImageEditPlusPipeline": "models.edit.qwen_image_edit:QwenImageEditor",
}
"""Those with an adapter of their own, which batches or shows references."""
_ANY = "models.edit.any_pipeline:AnyPipelineEditor"
_SIZES = {
    "StableDiffusionInstructPix2PixPipeline": 512,
    "StableDiffusion3InstructPix2PixPipeline": 512,
    "StableDiffusionXLInstructPix2PixPipeline": 768,
}
_SIZE = 1024
"""Sides of the squares that pipelines were trained on: of nearly all, a million pixels."""


class DiffusersEditor:
    """A pipeline that takes an image and a prompt.

    The source is brought to `size`² pixels at its own aspect, sides down to a multiple of 16, and
    the answer is kept at that size.

    Args:
        weights: A folder, or a repository of the hub, perhaps `owner/name@revision`.
        steps: 0 for the editor's own.
        guidance: By the instruction; the editor's own if not given.
        image_guidance: By the source, for InstructPix2Pix and its like.
        size: Of one side of a square of as many pixels; 0 for the one it was trained on.
        code: A file with the pipeline's class, where diffusers itself has none: it is run.
        dtype: float32, bfloat16 or float16; by default bfloat16 on a GPU, else float32.
        device: cuda:0, cpu, …; by default the first GPU.
        offload: model or layers: what does not compute waits in host memory.
        name: What it is called in reports; by default as its checkpoint.

    Raises:
        ImgEditError: There is no such checkpoint, or it is no pipeline.
    """

    lanes = 1

    def __init__(
        self,
        *,
        weights: str,
        steps: int = 0,
        guidance: float | None = None,
        image_guidance: float | None = None,
        size: int = 0,
        code: str = "",
        dtype: str = "",
        device: str = "",
        offload: str = "",
        name: str = "",
    ) -> None:
        device = device or visible_devices()[0].name
        checkpoints = Checkpoints(home=Home.of().folder)
        found = checkpoints.find(str(weights))
        kind = _class_of(checkpoints, found)
        own: dict[str, Any] = {"steps": int(steps)} if steps else {}
        scales = {"guidance": guidance, "image_guidance": image_guidance}
        own |= {key: float(scale) for key, scale in scales.items() if scale is not None}
        self._host = SoloHost(device)
        self._editor = _made(
            f"{Path(code).expanduser().absolute()}:{kind}" if code else kind,
            weights=found,
            host=self._host,
            runtime=_runtime(dtype or ("float32" if device == "cpu" else "bfloat16"), offload),
            area_px=int(size or _SIZES.get(kind, _SIZE)) ** 2,
            **own,
        )
        self.name = report_name(str(name), found.name.partition("@")[0])
        self.version = found.revision

    @property
    def at_once(self) -> int:
        """The most that the pipeline takes together."""
        return int(getattr(self._editor, "at_once", 1))

    def params(self) -> Mapping[str, object]:
        """Pipeline, checkpoint and settings."""
        return {"pipeline": self._editor.name, **self._editor.params()}

    def setup(self) -> None:
        """Load the pipeline.

        Raises:
            ImgEditError: It cannot be loaded, or takes no image with a prompt.
        """
        self._editor.setup()

    def edit(self, calls: Sequence[EditCall]) -> list[Rgb | Fault]:
        """The pipeline's images, of `size`² pixels."""
        return self._editor.edit(requests_of(calls))

    def close(self) -> None:
        """Let the pipeline go, so that a judge finds room on the device."""
        self._host.clear()


def _runtime(dtype: str, offload: str) -> Runtime:
    for name, value, known in (("dtype", dtype, Dtype), ("offload", offload, Offload)):
        if value not in get_args(known):
            message = f"{name}={value}: it is one of {', '.join(filter(None, get_args(known)))}"
            raise ImgEditError(message)
    return Runtime(dtype=dtype, offload=offload)  # type: ignore[arg-type] # just looked at


def _made(kind: str, **values: Any) -> Editor:  # noqa: ANN401 - of the editor's fields
    place = _KNOWN.get(kind, _ANY)
    if place == _ANY:
        values["kind"] = kind
    elif "image_guidance" in values:
        message = f"{kind} takes no image_guidance: leave it out"
        raise ImgEditError(message)
    module, _, made = place.partition(":")
    editor: Editor = getattr(import_module(module), made)(**values)
    return editor


def _class_of(checkpoints: Checkpoints, weights: Weights) -> str:
    """The pipeline's class, of a repository without downloading the rest of it."""
    index = Path(weights.source) / "model_index.json"
    if not Path(weights.source).exists():
        joined = "/" if ":" in weights.source else ":"
        index = checkpoints.find(f"{weights.source}{joined}model_index.json").path
    try:
        return str(parse_json(read_regular(index))["_class_name"])
    except (FaultError, ValueError, KeyError, TypeError) as error:
        msg = f"{weights.source} is no diffusers pipeline: model_index.json: {error}"
        raise CheckpointError(msg) from None
