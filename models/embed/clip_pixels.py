"""Images as a CLIP takes them: resized, cropped and normalised as its configuration says."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.geometry import Rgb
from models.loading.clip_spec import CONFIG, read_config
from models.weights import CheckpointError

Pixels = NDArray[np.float32]
"""3 x height x width, normalised."""


@lru_cache(maxsize=16)
def preprocessing(folder: Path) -> Callable[[Rgb], Pixels]:
    """open_clip's own steps for one image, on the processor.

    Args:
        folder: The checkpoint.

    Raises:
        CheckpointError: The configuration asks for something that open_clip does not know.
    """
    from open_clip.transform import PreprocessCfg, image_transform_v2, merge_preprocess_dict

    config = read_config(folder)
    # As open_clip does: the tower's own size holds, whatever `preprocess_cfg` says.
    size = {"size": config["model_cfg"]["vision_cfg"].get("image_size", 224)}
    settings = merge_preprocess_dict(PreprocessCfg(), config.get("preprocess_cfg", {}))
    try:
        steps = image_transform_v2(PreprocessCfg(**(settings | size)), is_train=False)
    except (AssertionError, TypeError, ValueError) as error:
        msg = f"{folder}/{CONFIG}: preprocess_cfg is not understood: {error!r}; download it again"
        raise CheckpointError(msg) from error

    def preprocess(image: Rgb) -> Pixels:
        from PIL import Image

        pixels: Pixels = steps(Image.fromarray(image)).numpy()
        return pixels

    return preprocess
