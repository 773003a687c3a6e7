"""Keeps libraries from asking hosts, from writing outside the home and among a run's progress."""

import logging
import os
import warnings
from pathlib import Path

from models.detect.ultralytics_import import ENVIRONMENT

_SETTINGS = {
    # Asks its vendor's host, and leaves an id of the device in the user's cache, when imported.
    "ORT_DISABLE_TELEMETRY": "1",
    # The hub's client tells the hub which libraries load what; downloads work without.
    "HF_HUB_DISABLE_TELEMETRY": "1",
    # What other libraries agreed on (donottrack.sh).
    "DO_NOT_TRACK": "1",
    # Progress bars and notes that would stand among ours.
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "DIFFUSERS_VERBOSITY": "error",
    "YOLO_VERBOSE": "false",
    # Else it warns of every fork.
    "TOKENIZERS_PARALLELISM": "false",
    # Torch's threads wait by spinning: beside other work on as many cores that took six times the
    # time and eight times the processor of a training step (measured on two cores under load).
    "OMP_WAIT_POLICY": "PASSIVE",
    **ENVIRONMENT,
}

_FOLDERS = {
    # The list of fonts, and a folder of settings; by default in ~/.cache and ~/.config.
    "MPLCONFIGDIR": "matplotlib",
    # Its settings file; by default in ~/.config.
    "YOLO_CONFIG_DIR": "ultralytics",
    # Compiled kernels; by default in the temporary folder, where they stay, and in ~/.triton,
    # ~/.cache/torch and ~/.nv.
    "TORCHINDUCTOR_CACHE_DIR": "torch_inductor",
    "TRITON_HOME": "triton",
    "PYTORCH_KERNEL_CACHE_PATH": "torch_kernels",
    "CUDA_CACHE_PATH": "cuda",
}
"""Where libraries keep what they make for themselves. The hub's cache of checkpoints is not among
them: it holds what a profile asked for, and the user's other tools share it (`HF_HOME`)."""


def hush(home: Path) -> None:
    """Set what libraries read when they are first imported, so before any of them is.

    What the user has set already stays as it is.

    Args:
        home: Libraries may keep things of their own in its folder `cache`.
    """
    folders = {name: str(home / "cache" / folder) for name, folder in _FOLDERS.items()}
    for name, value in {**_SETTINGS, **folders}.items():
        os.environ.setdefault(name, value)
    for library in ("diffusers", "transformers", "torchao", "open_clip", "timm", "hydra"):
        warnings.filterwarnings("ignore", module=rf"{library}(\.|$)")
    # Torch's own notes to the authors of torchao.
    logging.getLogger("torch.utils._pytree").setLevel(logging.ERROR)
