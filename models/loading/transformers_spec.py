"""Networks and processors of transformers, from a folder alone, with no tensor left to chance."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from models.loading.tensors import check_report
from models.runtime import Runtime, ready_module, torch_dtype, transformers_options
from models.weights import CheckpointError, Weights, kind_of

_one_lane = threading.RLock()
"""Transformers imports its modules, loads networks (tying weights by global switches) and sets up
tokenizers for one thread alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformersSpec:
    """A network of transformers whose answers are positions: boxes, masks.

    Its weights stay in float32; `computing` has matrix products done in the runtime's dtype.
    Positions in bfloat16 would be rounded to four pixels of a thousand.
    """

    class_name: str
    """A class of transformers."""
    kinds: tuple[str, ...]
    """The `model_type` that its config.json may have."""
    weights: Weights
    """A folder in the hub's layout."""
    runtime: Runtime = field(default_factory=Runtime)
    working_bytes: int = 0
    """Activations of one batch."""

    @property
    def name(self) -> str:
        """The class and the checkpoint."""
        return f"{self.class_name} of {self.weights.source}"

    def size_bytes(self) -> int:
        """The weights, and a batch's activations."""
        return self.weights.size_bytes("float32") + self.working_bytes

    def load(self, device: str) -> Any:  # noqa: ANN401 - any of transformers'
        """The network with every tensor from the checkpoint.

        Raises:
            CheckpointError: The folder is unreadable, of another architecture, or tensors are
                missing or of another shape.
        """
        from safetensors import SafetensorError

        kind_of(self.weights, self.kinds)
        options = {**transformers_options(self.runtime), "dtype": "float32"}
        try:
            with _one_lane:
                network, report = _class(self.class_name).from_pretrained(
                    self.weights.path,
                    local_files_only=True,
                    output_loading_info=True,
                    # Tensors of another shape are then in the report, by their names.
                    ignore_mismatched_sizes=True,
                    **options,
                )
        except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
            raise _unreadable(self.weights, self.class_name, error) from error
        check_report(self.weights.source, report, more_is_wrong=False)
        return ready_module(network, self.runtime.resident(), device)


@contextmanager
def computing(device: Any, runtime: Runtime) -> Iterator[None]:  # noqa: ANN401 - a torch.device
    """Matrix products in the runtime's dtype, weights and positions in their own, no gradients."""
    import torch

    dtype = torch_dtype(runtime)
    lower = dtype is not torch.float32
    with torch.inference_mode(), torch.autocast(device.type, dtype, enabled=lower):
        yield


@lru_cache(maxsize=16)
def processor_of(weights: Weights, class_name: str) -> Any:  # noqa: ANN401 - any of transformers'
    """What turns images and texts into a network's inputs. Small, so one of each is kept.

    Raises:
        CheckpointError: Its files are missing or broken.
    """
    try:
        return _class(class_name).from_pretrained(weights.path, local_files_only=True)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise _unreadable(weights, class_name, error) from error


def tokenised(tokenizer: Any, texts: Sequence[str], length: int) -> Any:  # noqa: ANN401 - transformers'
    """Texts cut or filled up to one length: `input_ids` and `attention_mask`, texts x length.

    The tokenizers' Rust half refuses to be set up anew while it is in use.
    """
    with _one_lane:
        return tokenizer(
            list(texts),
            padding="max_length",
            truncation=True,
            max_length=length,
            return_tensors="pt",
        )


def _class(name: str) -> Any:  # noqa: ANN401 - any of transformers'
    """A class of transformers."""
    with _one_lane:
        import transformers

        return getattr(transformers, name)


def _unreadable(weights: Weights, class_name: str, error: Exception) -> CheckpointError:
    said = " ".join(str(error).split())[:500]
    msg = f"{weights.source} does not load as {class_name}: {said}: download it again"
    return CheckpointError(msg)
