"""One network, loaded so that every one of its tensors comes from the checkpoint."""

import importlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.batches import is_out_of_memory
from models.loading.tensors import check_report
from models.runtime import Runtime, torch_dtype
from models.weights import CheckpointError, parameter_count


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A component with weights."""

    slot: str
    class_name: str
    """With its library: "transformers.CLIPTextModel"."""
    folder: Path

    @property
    def has_weights(self) -> bool:
        """Whether it is a network; tokenizers and schedulers are not."""
        import torch

        kind = self._kind()
        return isinstance(kind, type) and issubclass(kind, torch.nn.Module)

    def load(self, runtime: Runtime) -> Any:  # noqa: ANN401 - any network
        """The network in host memory.

        Raises:
            CheckpointError: It names the component and the tensors at fault.
        """
        named = f"{self.slot} ({self.class_name}) of {self.folder}"
        files = tensor_files(self.folder)
        for file in files:
            parameter_count(file)
        _hide_progress()
        dtype = "torch_dtype" if _is_of_diffusers(self._kind()) else "dtype"
        with loading_errors(named):
            network, report = self._kind().from_pretrained(
                self.folder,
                output_loading_info=True,
                use_safetensors=True,
                local_files_only=True,
                variant=_variant(files),
                **{dtype: torch_dtype(runtime)},
            )
        check_report(named, report, more_is_wrong=True)
        return network

    def _kind(self) -> Any:  # noqa: ANN401 - a class of diffusers or transformers
        library, _, name = self.class_name.rpartition(".")
        try:
            return getattr(importlib.import_module(library), name)
        except (ImportError, AttributeError, ValueError) as error:
            msg = f"{self.slot}: the installed libraries have no {self.class_name}: {error}"
            raise CheckpointError(msg) from error


def _is_of_diffusers(kind: Any) -> bool:  # noqa: ANN401 - a class
    import diffusers

    return issubclass(kind, diffusers.ModelMixin)


def tensor_files(folder: Path) -> list[Path]:
    """A network's safetensors: those at full precision, or else those of the fp16 variant.

    Raises:
        CheckpointError: There are none. Pickled weights can run code, and are not read.
    """
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        msg = f"there are no safetensors in {folder}; download the checkpoint again"
        raise CheckpointError(msg)
    return [file for file in files if ".fp16" not in file.name] or files


def _hide_progress() -> None:
    """A bar for each of a pipeline's networks would fill a run's log."""
    import diffusers
    import transformers

    diffusers.utils.logging.disable_progress_bar()
    transformers.utils.logging.disable_progress_bar()


def _variant(files: Iterable[Path]) -> str | None:
    return "fp16" if all(".fp16" in file.name for file in files) else None


@contextmanager
def loading_errors(named: str) -> Iterator[None]:
    """Turn whatever a library raises on a checkpoint that it cannot follow into one error.

    A full device is no fault of the checkpoint: its error passes.

    Raises:
        CheckpointError: Something was raised.
    """
    from safetensors import SafetensorError

    # What diffusers and transformers were seen to raise on damaged configurations and tensors.
    told = (OSError, ValueError, RuntimeError, KeyError, TypeError, AttributeError, ImportError)
    try:
        yield
    except (*told, SafetensorError) as error:
        if is_out_of_memory(error):
            raise
        msg = f"cannot load {named}: {type(error).__name__}: {error}"
        raise CheckpointError(msg) from error
