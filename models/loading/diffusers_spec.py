"""Diffusers pipelines as specs of a host, loaded so that no weight is ever a random one.

Diffusers and transformers initialise a tensor that a checkpoint lacks, with a mere warning. Here
every network is loaded by itself and its loading report is read first.
"""

import importlib
import json
import runpy
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from models.loading.image_prompts import ImagePrompt, add_image_prompt
from models.loading.networks import Network, loading_errors, tensor_files
from models.runtime import Runtime, ready_pipeline
from models.weights import BYTES_OF, CheckpointError, Weights, parameter_count

_NEVER = ("safety_checker",)
"""Left out of every checkpoint: the safety filter is a role of its own, before any painting."""

_NUMBERS_PER_PIXEL = 1500
"""Activations of one image in the VAE's last block at full resolution, where memory peaks: its
input of 256 channels and skip, norm and convolutions of 128, with the convolutions' workspace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extra:
    """A network that a pipeline takes besides its own checkpoint: a ControlNet."""

    slot: str
    """The pipeline's name of it: "controlnet"."""
    class_name: str
    """With its library: "diffusers.ControlNetModel"."""
    weights: Weights
    subfolder: str = ""

    @classmethod
    def controlnet(cls, class_name: str, weights: Weights) -> Self:
        """A ControlNet."""
        return cls(slot="controlnet", class_name=f"diffusers.{class_name}", weights=weights)


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffusersSpec:
    """A pipeline of diffusers."""

    pipeline: str
    """Its class: "StableDiffusionXLInpaintPipeline", or "file.py:Class" of one's own."""
    weights: Weights
    """A folder with `model_index.json`."""
    runtime: Runtime = field(default_factory=Runtime)
    extras: tuple[Extra, ...] = ()
    image_prompt: ImagePrompt | None = None
    without: tuple[str, ...] = ()
    """Components of the checkpoint that are not needed."""
    working_bytes: int = field(default=0, compare=False)
    """What one batch needs besides the weights; specs that differ in it alone share a pipeline."""

    @property
    def name(self) -> str:
        """The pipeline and its checkpoint."""
        return f"{self.pipeline} of {self.weights.source}"

    def size_bytes(self) -> int:
        """Weights of all networks, and a batch's activations.

        Raises:
            CheckpointError: The checkpoint is missing or cut off.
        """
        files = [file for network in self._networks() for file in tensor_files(network.folder)]
        if self.image_prompt:
            files += [self.image_prompt.adapter.path]
            files += tensor_files(self.image_prompt.encoder.path)
        numbers = sum(map(parameter_count, files))
        weights = numbers * BYTES_OF[self.runtime.dtype]
        return self.runtime.held_bytes(weights, networks=len(files)) + self.working_bytes

    def load(self, device: str) -> Any:  # noqa: ANN401 - any of diffusers' pipelines
        """The pipeline, ready to be called.

        Raises:
            CheckpointError: A component is missing, incomplete or of another architecture; the text
                names it and its tensors.
        """
        self._check_complete()
        networks = {n.slot: n.load(self.runtime) for n in self._networks()}
        networks |= dict.fromkeys(self._left_out(), None)
        with loading_errors(self.name):
            pipeline = pipeline_class(self.pipeline).from_pretrained(
                self.weights.path, local_files_only=True, **networks
            )
        _keep_vae_dtype(pipeline, self.runtime)
        _unmark(pipeline)
        if self.image_prompt:
            add_image_prompt(pipeline, self.image_prompt, self.runtime)
        return ready_pipeline(pipeline, self.runtime, device)

    def _networks(self) -> list[Network]:
        """The networks of the checkpoint and the extra ones."""
        own = [
            Network(slot=slot, class_name=f"{library}.{kind}", folder=self.weights.path / slot)
            for slot, (library, kind) in self._components().items()
            if slot not in self._left_out() and slot not in {e.slot for e in self.extras}
        ]
        added = [
            Network(slot=e.slot, class_name=e.class_name, folder=e.weights.path / e.subfolder)
            for e in self.extras
        ]
        return [network for network in own if network.has_weights] + added

    def _components(self) -> Mapping[str, tuple[str, str]]:
        """Slot to library and class, as `model_index.json` has them."""
        found = _index(self.weights.path).items()
        return {s: (v[0], v[1]) for s, v in found if isinstance(v, list) and v[0] and v[1]}

    def _left_out(self) -> tuple[str, ...]:
        named = _index(self.weights.path)
        return (*self.without, *(slot for slot in _NEVER if slot in named))

    def _check_complete(self) -> None:
        """Tell another family's checkpoint before anything of it is read."""
        kind = pipeline_class(self.pipeline)
        needed, _ = kind._get_signature_keys(kind)
        given = {*self._components(), *self._left_out(), *(e.slot for e in self.extras)}
        if lacking := sorted(set(needed) - given - set(kind._optional_components)):
            made_for = _index(self.weights.path).get("_class_name")
            msg = (
                f"{self.weights.source} has no {', '.join(lacking)}, which {self.pipeline} needs; "
                f"it is a checkpoint of {made_for}"
            )
            raise CheckpointError(msg)


def pipeline_class(name: str) -> Any:  # noqa: ANN401 - a class of diffusers
    """A pipeline's class.

    Args:
        name: Of diffusers itself, or `file.py:Class`; the file is run.

    Raises:
        CheckpointError: There is none of that name.
    """
    file, _, kind = name.rpartition(":")
    try:
        if file:
            return runpy.run_path(file)[kind]
        return getattr(importlib.import_module("diffusers"), kind)
    except (OSError, ImportError, KeyError, AttributeError) as error:
        where = file or "the installed diffusers"
        msg = f"{where} has no pipeline {kind}: {type(error).__name__}: {error}"
        raise CheckpointError(msg) from error


def decoding_bytes(dtype: str, *, size_px: int, batch_size: int = 1) -> int:
    """Memory of a batch besides the weights, for the VAE of SDXL or of FLUX."""
    return _NUMBERS_PER_PIXEL * BYTES_OF[dtype] * size_px**2 * batch_size


def _keep_vae_dtype(pipeline: Any, runtime: Runtime) -> None:  # noqa: ANN401 - any pipeline
    """SDXL's VAE overflows in float16 alone; diffusers casts it to float32 for each batch."""
    vae = getattr(pipeline, "vae", None)
    if vae is not None and runtime.dtype != "float16" and vae.config.get("force_upcast"):
        vae.register_to_config(force_upcast=False)


def _unmark(pipeline: Any) -> None:  # noqa: ANN401 - any pipeline
    """SDXL's pipelines put a hidden watermark into each image wherever its library is installed."""
    if hasattr(pipeline, "watermark"):
        pipeline.watermark = None


def _index(folder: Path) -> Mapping[str, Any]:
    """What `model_index.json` says."""
    try:
        index: Mapping[str, Any] = json.loads((folder / "model_index.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        msg = f"{folder} is no diffusers pipeline: model_index.json: {error}"
        raise CheckpointError(msg) from error
    return index


@dataclass(frozen=True, slots=True, kw_only=True)
class EditorSpec(DiffusersSpec):
    """A pipeline that takes its own checkpoints alone.

    Editors of one family have the same components, with other text models and other prompts
    around the instruction: diffusers would load one as another, and the edits would be poor.
    """

    def load(self, device: str) -> Any:  # noqa: ANN401 - diffusers' pipelines are untyped
        """The pipeline, ready to be called.

        Raises:
            CheckpointError: As `DiffusersSpec`, or the checkpoint is another pipeline's.
        """
        try:
            index = json.loads((self.weights.path / "model_index.json").read_text("utf-8"))
            made_for = index["_class_name"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            msg = f"{self.weights.source} is no diffusers pipeline: model_index.json: {error!r}"
            raise CheckpointError(msg) from error
        if made_for != self.pipeline.rpartition(":")[2]:
            msg = (
                f"{self.weights.source} is a checkpoint of {made_for}, not of {self.pipeline}. "
                "Name another checkpoint, or the editor that it was made for"
            )
            raise CheckpointError(msg)
        return DiffusersSpec.load(self, device)
