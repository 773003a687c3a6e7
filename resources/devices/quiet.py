"""Keeps model libraries from writing among the progress of a run."""

import logging
import os
import warnings
from pathlib import Path

from models.detect.ultralytics_import import ENVIRONMENT

_SETTINGS = {
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "DIFFUSERS_VERBOSITY": "error",
    "TOKENIZERS_PARALLELISM": "false",
    "YOLO_VERBOSE": "false",
}


def hush(home: Path) -> None:
    """Ask for errors alone, unless the user says otherwise; before anything is imported.

    Args:
        home: Where ultralytics may keep its settings.
    """
    settings = {**_SETTINGS, **ENVIRONMENT, "YOLO_CONFIG_DIR": str(home / "ultralytics")}
    for name, value in settings.items():
        os.environ.setdefault(name, value)
    for library in ("diffusers", "transformers", "torchao", "open_clip", "timm", "hydra"):
        warnings.filterwarnings("ignore", module=rf"{library}(\.|$)")
    # Torch's own notes to the authors of torchao.
    logging.getLogger("torch.utils._pytree").setLevel(logging.ERROR)
